"""One block of records: which are accepted, which are not, and why. It depends on nothing but the block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runtime.contracts.model import Contract, Field
from runtime.contracts.places import Place
from runtime.mainframe.blocks import RecordBlock
from runtime.mainframe.decoding import Reading, column
from runtime.mainframe.faults import Fault, explain
from runtime.mainframe.forms import DESCRIPTOR_BYTES, VARIABLE
from runtime.mainframe.layout import RecordLayout, contracted_record
from runtime.mainframe.shapes import Rows, spread
from runtime.rows.checking import schema
from runtime.rows.checks.column import Column, arrow_type
from runtime.rows.judged import Judged
from runtime.rows.rejects import Reason, Rejected, reason
from runtime.rows.texts import Mask, boolean_array, fixed_array


def judge(block: RecordBlock, contract: Contract, layout: RecordLayout) -> Judged:
    """Accept or reject every record of *block*."""
    variable = contract.fixed_length.record_format in VARIABLE
    reading = Reading.of(contract, layout.encoding)
    rows = spread(block, contracted_record(contract), reading, variable=variable)
    faults: dict[int, Sequence[Reason]] = {record: [_reason(fault)] for record, fault in rows.faults.items()}
    accepted, ordinals = None, rows.kept[:0]
    if len(rows.kept):
        good, typed, bad = _columns(rows, contract, reading)
        accepted, ordinals = pa.Table.from_arrays(typed, schema=schema(contract)), rows.kept[good]
        faults.update((int(rows.kept[row]), reasons) for row, reasons in _reasons(rows, good, bad, reading).items())
    descriptor_bytes = DESCRIPTOR_BYTES if variable else 0
    rejected = []
    for record in sorted(faults):
        begin, end = int(block.starts[record]) - descriptor_bytes, int(block.ends[record])
        rejected.append(Rejected(record, begin, block.data[begin:end], faults[record]))
    return Judged(len(block), 0, accepted, ordinals.astype(np.int64), rejected)


def _columns(rows: Rows, contract: Contract, reading: Reading) -> tuple[Mask, list[pa.Array[Any]], list[tuple[Place, Field, Mask]]]:
    """Which rows are good, the contract's columns of these, and the faults of each column that has any."""
    places = {place.name: place for place in rows.record.places}
    good = np.ones(len(rows.kept), np.bool_)
    typed: list[pa.Array[Any]] = []
    bad: list[tuple[Place, Field, Mask]] = []
    for field in contract.fields:
        place = places[field.name]
        found = _column(rows, place, field, reading)
        typed.append(found.array)
        if found.bad.any():
            bad.append((place, field, found.bad))
            good &= ~found.bad
    if bad:
        keep = boolean_array(good)
        typed = [array.filter(keep) for array in typed]
    return good, typed, bad


def _column(rows: Rows, place: Place, field: Field, reading: Reading) -> Column:
    absent = rows.absent(place)
    if rows.in_head(place):
        return column(rows.head, place, field, absent, reading)
    having = np.flatnonzero(~absent)
    if not len(having):
        nothing = pa.nulls(len(absent), arrow_type(field))  # type: ignore[call-overload]  # the stubs know each type alone
        return Column(nothing, absent & field.required)
    found = column(rows.items(place, having), replace(place, offset=0), field, np.zeros(len(having), np.bool_), reading)
    return found if len(having) == len(absent) else _among_all(found, having, absent, field)


def _among_all(found: Column, having: npt.NDArray[np.intp], absent: Mask, field: Field) -> Column:
    """The column of the rows *having* the item as one of all rows, null where it is *absent*."""
    positions = np.zeros(len(absent), np.int64)
    positions[having] = np.arange(len(having))
    bad = absent & field.required
    bad[having] = found.bad
    return Column(found.array.take(fixed_array(pa.int64(), positions, absent)), bad)


def _reasons(rows: Rows, good: Mask, bad: Sequence[tuple[Place, Field, Mask]], reading: Reading) -> dict[int, list[Reason]]:
    """Every fault of each row that has any, in the order of the columns."""
    reasons: dict[int, list[Reason]] = {row: [] for row in np.flatnonzero(~good).tolist()}
    for place, field, mask in bad:
        absent = rows.absent(place)
        wrong = np.flatnonzero(mask)
        having = wrong[~absent[wrong]]
        found = dict(zip(having.tolist(), zip(_raws(rows, place, having), rows.offsets(place, having).tolist())))
        known: dict[tuple[bytes | None, int], Reason] = {}
        for row in wrong.tolist():
            raw, offset = key = found.get(row, (None, 0))
            if key not in known:
                known[key] = _explained(place, field, raw, offset, reading)
            reasons[row].append(known[key])
    return reasons


def _raws(rows: Rows, place: Place, having: npt.NDArray[np.intp]) -> list[bytes]:
    data, length = rows.items(place, having).tobytes(), place.length
    return [data[start : start + length] for start in range(0, len(data), length)]


def _explained(place: Place, field: Field, raw: bytes | None, offset: int, reading: Reading) -> Reason:
    """Raises RuntimeError when the decoding of a column and the definition of a value disagree."""
    found = explain(place, field, raw, offset, reading)
    if found is None:
        raise RuntimeError(f"column {place.name!r}: a value was refused without a reason; nothing of the chunk is used")
    return _reason(found)


def _reason(fault: Fault) -> Reason:
    return reason(fault.code, fault.column, fault.message)
