"""Dates and times that do not exist, or are written in another form."""

from __future__ import annotations

from datetime import date, datetime, timezone

from tests.hostile.cases.values import accepts, column, refuses

TITLE = "Dates and times"
PROMISE = "A date or time is accepted if it exists and is written as agreed. Otherwise its row is rejected."


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]


CASES = (
    column(
        "days",
        "a date",
        (
            accepts("2024-02-29", date(2024, 2, 29)),
            accepts("2000-02-29", date(2000, 2, 29)),
            accepts("0001-01-01", date(1, 1, 1)),
            accepts("9999-12-31", date(9999, 12, 31)),
            accepts("1582-10-10", date(1582, 10, 10)),
            refuses("2023-02-29"),
            refuses("1900-02-29"),
            refuses("2026-02-30"),
            refuses("2026-04-31"),
            refuses("2026-13-01"),
            refuses("2026-00-10"),
            refuses("2026-10-00"),
            refuses("0000-01-01"),
            refuses("0000-00-00"),
            refuses("10000-01-01"),
            refuses("-2026-01-01"),
            refuses("2026-1-5"),
            refuses("26-01-05"),
            refuses("20260105"),
            refuses("2026/01/05"),
            refuses("2026-01-05T00:00:00Z"),
            refuses("45234"),
            refuses("２０２６-01-05"),
            refuses(" 2026-01-05", shown="a blank and `2026-01-05`"),
        ),
        type="date",
    ),
    column(
        "german-days",
        "a date `%d.%m.%Y`",
        (
            accepts("05.03.2024", date(2024, 3, 5)),
            refuses("5.3.2024"),
            refuses("03/05/2024"),
            refuses("31.09.2024"),
        ),
        type="date",
        format="%d.%m.%Y",
    ),
    column(
        "moments",
        "a datetime",
        (
            accepts("2024-02-29T23:59:59.999Z", _utc(2024, 2, 29, 23, 59, 59, 999_000)),
            accepts("0001-01-01T00:00:00Z", _utc(1, 1, 1)),
            accepts("9999-12-31T23:59:59.999Z", _utc(9999, 12, 31, 23, 59, 59, 999_000)),
            refuses("2016-12-31T23:59:60Z", shown="the leap second `2016-12-31T23:59:60Z`"),
            refuses("2026-11-20T24:00:00Z"),
            refuses("2026-11-20T12:60:00Z"),
            refuses("2023-02-29T00:00:00Z"),
            refuses("2026-11-20T09:30:00"),
            refuses("2026-11-20 09:30:00Z"),
            refuses("2026-11-20T09:30:00+01:00"),
            refuses("2026-11-20T09:30Z"),
            refuses("2026-11-20T09:30:00.12Z"),
            refuses("2026-11-20T09:30:00.123456Z"),
            refuses("2026-11-20t09:30:00z"),
            refuses("1700000000"),
        ),
        type="datetime",
    ),
)
