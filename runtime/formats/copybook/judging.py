"""One block of records: which are accepted, which are not, and why. It depends on nothing but the block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runtime.chunk.rejects import Reason, Rejected, reason
from runtime.columns.check import schema
from runtime.columns.column import Column, arrow_type
from runtime.columns.string_column import Mask, boolean_array, fixed_array
from runtime.contracts.model import Contract, Field
from runtime.formats.copybook.blocks import RecordBlock
from runtime.formats.copybook.decoding import Reading, column
from runtime.formats.copybook.faults import Fault, explain
from runtime.formats.copybook.items import Place
from runtime.formats.copybook.layout import RecordLayout, contracted_record
from runtime.formats.copybook.record_form import DESCRIPTOR_BYTES, VARIABLE
from runtime.formats.copybook.shapes import Rows, spread
from runtime.formats.judged import Judged


def judge(block: RecordBlock, contract: Contract, layout: RecordLayout) -> Judged:
    """Accept or reject every record of *block*."""
    variable = contract.fixed_length.record_format in VARIABLE
    reading = Reading.of(contract, layout.encoding)
    rows = spread(block, contracted_record(contract), reading, variable=variable)
    faults: dict[int, Sequence[Reason]] = {record: [_reason(fault)] for record, fault in rows.faults.items()}
    accepted, ordinals = None, rows.kept[:0]
    if len(rows.kept):
        good, typed, faulty = _columns(rows, contract, reading)
        accepted, ordinals = pa.Table.from_arrays(typed, schema=schema(contract)), rows.kept[good]
        faults.update((int(rows.kept[row]), reasons) for row, reasons in _reasons(rows, good, faulty, reading).items())
    descriptor_bytes = DESCRIPTOR_BYTES if variable else 0
    rejected = []
    for record in sorted(faults):
        begin, end = int(block.starts[record]) - descriptor_bytes, int(block.ends[record])
        rejected.append(Rejected(record, begin, block.data[begin:end], faults[record]))
    return Judged(len(block), 0, accepted, ordinals.astype(np.int64), rejected)


def _columns(rows: Rows, contract: Contract, reading: Reading) -> tuple[Mask, list[pa.Array[Any]], list[tuple[Place, Field, Column]]]:
    """Which rows are good, the contract's columns of these, and the columns of all rows that have faults."""
    places = {place.name: place for place in rows.record.places}
    good = np.ones(len(rows.kept), np.bool_)
    typed: list[pa.Array[Any]] = []
    faulty: list[tuple[Place, Field, Column]] = []
    for field in contract.fields:
        place = places[field.name]
        found = _column(rows, place, field, reading)
        typed.append(found.array)
        if found.bad.any():
            faulty.append((place, field, found))
            good &= ~found.bad
    if faulty:
        keep = boolean_array(good)
        typed = [array.filter(keep) for array in typed]
    return good, typed, faulty


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
    unmatched = None
    if found.unmatched is not None:
        unmatched = np.zeros(len(absent), np.bool_)
        unmatched[having] = found.unmatched
    return Column(found.array.take(fixed_array(pa.int64(), positions, absent)), bad, unmatched)


def _reasons(rows: Rows, good: Mask, faulty: Sequence[tuple[Place, Field, Column]], reading: Reading) -> dict[int, list[Reason]]:
    """Every fault of each row that has any, in the order of the columns."""
    reasons: dict[int, list[Reason]] = {row: [] for row in np.flatnonzero(~good).tolist()}
    for place, field, found in faulty:
        absent = rows.absent(place)
        wrong = np.flatnonzero(found.bad)
        having = wrong[~absent[wrong]]
        items = dict(zip(having.tolist(), zip(_raws(rows, place, having), rows.offsets(place, having).tolist())))
        known: dict[tuple[bytes | None, int], Reason] = {}
        for row in wrong.tolist():
            raw, offset = key = items.get(row, (None, 0))
            if key not in known:
                known[key] = _explained(place, field, raw, offset, reading, fits=found.fits(row))
            reasons[row].append(known[key])
    return reasons


def _raws(rows: Rows, place: Place, having: npt.NDArray[np.intp]) -> list[bytes]:
    data, length = rows.items(place, having).tobytes(), place.length
    return [data[start : start + length] for start in range(0, len(data), length)]


def _explained(place: Place, field: Field, raw: bytes | None, offset: int, reading: Reading, *, fits: bool) -> Reason:
    """Why an item was refused; whether it *fits* the field's pattern was found by RE2, and is not asked again.

    Raises RuntimeError when the decoding of a column and the definition of a value disagree.
    """
    found = explain(place, field, raw, offset, reading, lambda _pattern, _text: fits)
    if found is None:
        raise RuntimeError(f"column {place.name!r}: a value was refused without a reason; nothing of the chunk is used")
    return _reason(found)


def _reason(fault: Fault) -> Reason:
    return reason(fault.code, fault.column, fault.message)
