"""Days and times that the calendar does not have, or has only once in four years."""

from __future__ import annotations

from datetime import date, datetime, timezone

from tests.hostile.cases.values import Column

TITLE = "Dates and times"

_DAY = Column("days", "a date", ("2026-11-20", date(2026, 11, 20)), type="date")
_GERMAN_DAY = Column("german-days", "a date `%d.%m.%Y`", ("20.11.2026", date(2026, 11, 20)), type="date", format="%d.%m.%Y")
_MOMENT = Column("moments", "a datetime", ("2026-11-20T09:30:00Z", datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)), type="datetime")


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]


CASES = (
    _DAY.accepts("2024-02-29", date(2024, 2, 29)),
    _DAY.accepts("2000-02-29", date(2000, 2, 29)),
    _DAY.accepts("0001-01-01", date(1, 1, 1)),
    _DAY.accepts("9999-12-31", date(9999, 12, 31)),
    _DAY.accepts("1582-10-10", date(1582, 10, 10)),
    _DAY.refuses("2023-02-29"),
    _DAY.refuses("1900-02-29"),
    _DAY.refuses("2026-02-30"),
    _DAY.refuses("2026-04-31"),
    _DAY.refuses("2026-13-01"),
    _DAY.refuses("2026-00-10"),
    _DAY.refuses("2026-10-00"),
    _DAY.refuses("0000-01-01"),
    _DAY.refuses("0000-00-00"),
    _DAY.refuses("10000-01-01"),
    _DAY.refuses("-2026-01-01"),
    _DAY.refuses("2026-1-5"),
    _DAY.refuses("26-01-05"),
    _DAY.refuses("20260105"),
    _DAY.refuses("2026/01/05"),
    _DAY.refuses("2026-01-05T00:00:00Z"),
    _DAY.refuses("45234"),
    _DAY.refuses("２０２６-01-05"),
    _DAY.refuses(" 2026-01-05", shown="a blank and `2026-01-05`"),
    _GERMAN_DAY.accepts("05.03.2024", date(2024, 3, 5)),
    _GERMAN_DAY.refuses("5.3.2024"),
    _GERMAN_DAY.refuses("03/05/2024"),
    _GERMAN_DAY.refuses("31.09.2024"),
    _MOMENT.accepts("2024-02-29T23:59:59.999Z", _utc(2024, 2, 29, 23, 59, 59, 999_000)),
    _MOMENT.accepts("0001-01-01T00:00:00Z", _utc(1, 1, 1)),
    _MOMENT.accepts("9999-12-31T23:59:59.999Z", _utc(9999, 12, 31, 23, 59, 59, 999_000)),
    _MOMENT.refuses("2016-12-31T23:59:60Z", shown="the leap second `2016-12-31T23:59:60Z`"),
    _MOMENT.refuses("2026-11-20T24:00:00Z"),
    _MOMENT.refuses("2026-11-20T12:60:00Z"),
    _MOMENT.refuses("2023-02-29T00:00:00Z"),
    _MOMENT.refuses("2026-11-20T09:30:00"),
    _MOMENT.refuses("2026-11-20 09:30:00Z"),
    _MOMENT.refuses("2026-11-20T09:30:00+01:00"),
    _MOMENT.refuses("2026-11-20T09:30Z"),
    _MOMENT.refuses("2026-11-20T09:30:00.12Z"),
    _MOMENT.refuses("2026-11-20T09:30:00.123456Z"),
    _MOMENT.refuses("2026-11-20t09:30:00z"),
    _MOMENT.refuses("1700000000"),
)
