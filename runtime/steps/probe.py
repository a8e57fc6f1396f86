"""The probe: a file with every type and every kind of bad row, and the expected result of each row.

The check inside a deployment and the validation after it send the probe. The expected results are constants beside the
rows, not computed by the code under test. The columns are those of ``runtime/contracts/_validation.json``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Mapping, Optional, Tuple, Union

from runtime.contracts.model import RESERVED_DATASETS
from runtime.core.keys import INCOMING
from runtime.core.reason_codes import WHOLE_ROW

(DATASET,) = RESERVED_DATASETS
#: The name of the test file after a deployment.
FILE_NAME = "probe.csv"
COLUMNS = ("id", "name", "kind", "amount", "active", "day", "at", "note")
GOOD_ROWS = 240

_BLANK_AFTER = (50, 100)
_REPEATED = 7

#: Column (None for a whole record) and code.
Reason = Tuple[Optional[str], str]
Value = Union[int, str, Decimal, bool, date, datetime, None]


@dataclass(frozen=True)
class ExpectedReject:
    """``row`` is counted from 1, ``offset`` in bytes; ``reasons`` are in column order."""

    row: int
    offset: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Probe:
    """The bytes to send, and the expected results."""

    content: bytes
    accepted: tuple[dict[str, Value], ...]
    rejected: tuple[ExpectedReject, ...]
    blank_lines: int
    duplicate_keys: int

    @property
    def rows_read(self) -> int:
        return len(self.accepted) + len(self.rejected)

    @property
    def reasons(self) -> Counter[Reason]:
        return Counter(reason for reject in self.rejected for reason in reject.reasons)

    def count_differences(self, file: Mapping[str, Any]) -> list[str]:
        """One message for each count of a ``#file`` item that differs from the expected one."""
        expected = {
            "rows_read": self.rows_read,
            "rows_accepted": len(self.accepted),
            "rows_rejected": len(self.rejected),
            "blank_lines": self.blank_lines,
            "duplicate_keys": self.duplicate_keys,
        }
        problems = [f"{name}: expected {count}, found {file.get(name)}" for name, count in expected.items() if file.get(name) != count]
        counted = _reasons(file)
        keys = sorted({*counted, *self.reasons}, key=lambda reason: (reason[0] or "", reason[1]))
        return problems + [
            f"rows rejected for {code} in {column or 'the whole row'}: expected {self.reasons[column, code]}, found {counted[column, code]}"
            for column, code in keys
            if self.reasons[column, code] != counted[column, code]
        ]


def _reasons(file: Mapping[str, Any]) -> Counter[Reason]:
    """The counts of the item's reasons, which it stores as ``column:code``."""
    named = ((name.rpartition(":"), int(count)) for name, count in (file.get("reasons") or {}).items())
    return Counter({(None if column == WHOLE_ROW else column, code): count for (column, _, code), count in named})


class _Writer:
    """Collects records and their expected results."""

    def __init__(self) -> None:
        self.content = ",".join(COLUMNS).encode() + b"\n"
        self.accepted: list[dict[str, Value]] = []
        self.rejected: list[ExpectedReject] = []
        self.blank_lines = 0

    def good(self, record: str, values: tuple[Value, ...]) -> None:
        self.accepted.append(dict(zip(COLUMNS, values)))
        self.content += record.encode()

    def bad(self, record: bytes, reasons: tuple[Reason, ...]) -> None:
        row = len(self.accepted) + len(self.rejected) + 1
        self.rejected.append(ExpectedReject(row, len(self.content), reasons))
        self.content += record

    def blank(self) -> None:
        self.blank_lines += 1
        self.content += b"\n"


# A record; the usual values make it a good one.
_TEMPLATE = "{id},{name},{kind},{amount},{active},{day},{at},{note}\n"
_USUAL = {
    "id": "9001", "name": "Probe", "kind": "probe", "amount": "1.00", "active": "true",
    "day": "2026-01-31", "at": "2026-01-31T12:00:00Z", "note": "",
}  # fmt: skip

_BAD_VALUES: tuple[tuple[dict[str, str], tuple[Reason, ...]], ...] = (
    ({"id": "x1"}, (("id", "type-error"),)),
    ({"id": "9223372036854775808"}, (("id", "type-error"),)),
    ({"id": ""}, (("id", "required"),)),
    ({"id": "0"}, (("id", "minimum"),)),
    ({"name": ""}, (("name", "required"),)),
    ({"name": "A"}, (("name", "min-length"),)),
    ({"name": "A" * 41}, (("name", "max-length"),)),
    ({"name": "Probe 7"}, (("name", "pattern"),)),
    ({"kind": "PROBE"}, (("kind", "enum"),)),
    ({"amount": "1.005"}, (("amount", "type-error"),)),
    ({"amount": "1e3"}, (("amount", "type-error"),)),
    ({"amount": "+1.00"}, (("amount", "type-error"),)),
    ({"amount": "-0.01"}, (("amount", "minimum"),)),
    ({"amount": "1000000.01"}, (("amount", "maximum"),)),
    ({"active": "yes"}, (("active", "type-error"),)),
    ({"day": "2026-02-30"}, (("day", "type-error"),)),
    ({"at": "2026-01-31 12:00:00"}, (("at", "type-error"),)),
    ({"kind": "other", "day": "31.01.2026"}, (("kind", "enum"), ("day", "type-error"))),
)

_BAD_RECORDS: tuple[tuple[bytes, str], ...] = (
    (b"9001,Probe,probe,1.00,true,2026-01-31\n", "field-count"),
    (b"9001,Probe,probe,1.00,true,2026-01-31,2026-01-31T12:00:00Z,,more\n", "field-count"),
    (b'9001,Probe,probe,1.00,true,2026-01-31,2026-01-31T12:00:00Z,a "quoted" word\n', "quote-error"),
    (b"9001,Probe,probe,1.00,true,2026-01-31,2026-01-31T12:00:00Z,caf\xe9\n", "encoding-error"),
    (b"9001,Probe,probe,1.00,true,2026-01-31,2026-01-31T12:00:00Z,nul\x00\n", "control-character"),
)

# Values of ``note``: (as written, as read).
_NOTES: tuple[tuple[str, str | None], ...] = (
    ("", None),
    ("plain", "plain"),
    ('"two\nlines, ""quoted"""', 'two\nlines, "quoted"'),
    ("Zürich / 東京", "Zürich / 東京"),
    ('"crlf\r\nwithin"', "crlf\r\nwithin"),
)
_DAY_ZERO = date(2024, 2, 20)
_TIME_ZERO = datetime(2024, 2, 28, 23, 59, 30, 250_000, tzinfo=timezone.utc)


def probe_key(run_id: str) -> str:
    """The key under which a run uploads the probe."""
    return f"{INCOMING}{DATASET}/{run_id}/{FILE_NAME}"


def build_probe() -> Probe:
    """GOOD_ROWS good rows, with bad rows and two blank lines among them, and a row with a repeated key at the end."""
    writer = _Writer()
    bad = [(_TEMPLATE.format(**{**_USUAL, **changed}).encode(), reasons) for changed, reasons in _BAD_VALUES]
    bad += [(record, ((None, code),)) for record, code in _BAD_RECORDS]
    every = GOOD_ROWS // len(bad)
    for number in range(1, GOOD_ROWS + 1):
        writer.good(*_good_row(number))
        if number % every == 0 and bad:
            writer.bad(*bad.pop(0))
        if number in _BLANK_AFTER:
            writer.blank()
    writer.good(*_good_row(_REPEATED))
    return Probe(writer.content, tuple(writer.accepted), tuple(writer.rejected), writer.blank_lines, duplicate_keys=1)


def _good_row(number: int) -> tuple[str, tuple[Value, ...]]:
    """A record as written, and its values."""
    name = "Probe " + "abcdefghij"[number % 10] * (1 + number % 30)
    kind = ("probe", "check")[number % 2]
    amount = Decimal(number * 4_159 % 100_000_000) / 100
    active = number % 3 == 0
    day = _DAY_ZERO + timedelta(days=number)
    at = _TIME_ZERO + timedelta(hours=number)
    written, note = _NOTES[number % len(_NOTES)]
    record = f"{number},{name},{kind},{amount:.2f},{str(active).lower()},{day.isoformat()},{at:%Y-%m-%dT%H:%M:%S}.250Z,{written}\n"
    return record, (number, name, kind, amount, active, day, at, note)
