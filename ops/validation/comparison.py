"""Expected against found: one message for everything that differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from ops.reject_lines import RejectedRow
from ops.validation.observation import Observation
from runtime.core.keys import PROCESSED
from runtime.steps.probe import COLUMNS, ExpectedReject, Probe, Reason

_SHOWN = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def differences(probe: Probe, found: Observation) -> list[str]:
    """Everything in which *found* is not exactly what *probe* demands; empty when the stage is right."""
    return [
        *found.problems,
        *probe.count_differences(found.file),
        *_totals(probe, found.accepted),
        *_rejects(probe.rejected, found.rejected),
        *_surroundings(probe, found),
    ]


def _totals(probe: Probe, accepted: Sequence[dict[str, Any]]) -> list[str]:
    """Names, totals, and then the values themselves: equal totals may still hide two swapped rows."""
    if len(accepted) != len(probe.accepted):
        return [f"accepted rows in the Parquet: expected {len(probe.accepted)}, found {len(accepted)}"]
    if accepted and tuple(accepted[0]) != COLUMNS:
        return [f"columns of the Parquet: expected {', '.join(COLUMNS)}, found {', '.join(accepted[0])}"]
    problems = []
    for name in COLUMNS:
        pairs = [(good[name], row[name]) for good, row in zip(probe.accepted, accepted, strict=True)]
        wrong = [index for index, (expected, actual) in enumerate(pairs) if _differ(expected, actual)]
        if wrong:
            expected_total, found_total = (total([pair[side] for pair in pairs]) for side in (0, 1))
            expected, actual = pairs[wrong[0]]
            problems.append(
                f"column {name}: expected total {expected_total}, found {found_total}; {len(wrong)} values differ, "
                f"first in accepted row {wrong[0] + 1}: expected {expected!r}, found {actual!r}"
            )
    return problems


def _differ(expected: object, actual: object) -> bool:
    # The type counts: True == 1, and a decimal that became a float has lost its exactness.
    return type(expected) is not type(actual) or expected != actual


def total(values: Sequence[Any]) -> Decimal:
    """One exact number for a column: sums of numbers, of days, of seconds, of lengths; nulls add nothing."""
    return sum((_weight(value) for value in values), Decimal(0))


def _weight(value: Any) -> Decimal:
    if value is None:
        return Decimal(0)
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return Decimal((moment - _EPOCH) // timedelta(microseconds=1)) / 1_000_000
    if isinstance(value, date):
        return Decimal(value.toordinal())
    if isinstance(value, str):
        return Decimal(len(value))
    return Decimal(value)


def _rejects(expected: Sequence[ExpectedReject], found: Sequence[RejectedRow]) -> list[str]:
    wanted = {(reject.row, reject.offset, reject.reasons) for reject in expected}
    got = {(row.row, row.offset, tuple((reason.column, reason.code) for reason in row.reasons)) for row in found}
    problems = [f"reject expected and not found: {_row_text(entry)}" for entry in sorted(wanted - got, key=_position)[:_SHOWN]]
    problems += [f"reject found and not expected: {_row_text(entry)}" for entry in sorted(got - wanted, key=_position)[:_SHOWN]]
    if len(found) != len(expected):
        problems.append(f"lines in the rejects: expected {len(expected)}, found {len(found)}")
    return problems


def _position(entry: tuple[int | None, int, tuple[Reason, ...]]) -> int:
    return entry[1]


def _row_text(entry: tuple[int | None, int, tuple[Reason, ...]]) -> str:
    row, offset, why = entry
    return f"row {row} at byte {offset} for " + ", ".join(f"{code} in {column or 'the whole row'}" for column, code in why)


def _surroundings(probe: Probe, found: Observation) -> list[str]:
    problems = []
    key = found.file["location"]["key"]
    if not key.startswith(PROCESSED):
        problems.append(f"original: expected it under {PROCESSED}, found it at {key}")
    if found.original != probe.content:
        problems.append(f"original: expected the {len(probe.content)} bytes that were sent, found {len(found.original)} others")
    if found.file.get("published_at"):
        problems.append(
            f"results queue: expected nothing about validation data, but the outcome was published at {found.file['published_at']}"
        )
    return problems
