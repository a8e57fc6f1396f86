"""One block of records: which are accepted, which are rejected, and why. The verdict depends on the block alone."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runtime.columns.check import schema_of
from runtime.columns.column import Column, arrow_type
from runtime.columns.string_column import Mask, boolean_array, fixed_array
from runtime.contracts.model import Contract, Field
from runtime.formats.copybook.blocks import RecordBlock
from runtime.formats.copybook.decoding import DecodingRules, ItemDecoder
from runtime.formats.copybook.faults import Fault, explain
from runtime.formats.copybook.items import ElementaryItem
from runtime.formats.copybook.layout import RecordLayout, contracted_record
from runtime.formats.copybook.record_form import DESCRIPTOR_BYTES, VARIABLE
from runtime.formats.copybook.shapes import Rows, spread
from runtime.formats.judged import Judged, Reason, Rejected, reason


class Judge:
    """A contract and a file's layout, compiled for its blocks. Threads may share it."""

    def __init__(self, contract: Contract, layout: RecordLayout) -> None:
        self._record = contracted_record(contract)
        self._variable = layout.record_format in VARIABLE
        self._rules = DecodingRules.of(contract, layout.encoding)
        self._schema = schema_of(contract)
        self._decoders = [ItemDecoder(self._record.item(field.name), field, self._rules) for field in contract.fields]

    def judge(self, block: RecordBlock) -> Judged:
        """Accept or reject every record of *block*."""
        rows = spread(block, self._record, self._rules, variable=self._variable)
        faults: dict[int, Sequence[Reason]] = {record: [_reason(fault)] for record, fault in rows.faults.items()}
        accepted, ordinals = None, rows.kept[:0]
        if len(rows.kept):
            good, typed, faulty = self._columns(rows)
            accepted, ordinals = pa.Table.from_arrays(typed, schema=self._schema), rows.kept[good]
            faults.update((int(rows.kept[row]), reasons) for row, reasons in self._reasons(rows, good, faulty).items())
        descriptor_bytes = DESCRIPTOR_BYTES if self._variable else 0
        rejected = []
        for record in sorted(faults):
            begin, end = int(block.starts[record]) - descriptor_bytes, int(block.ends[record])
            rejected.append(Rejected(record, begin, block.data[begin:end], faults[record]))
        return Judged(len(block), 0, accepted, ordinals.astype(np.int64), rejected)

    def _columns(self, rows: Rows) -> tuple[Mask, list[pa.Array[Any]], list[tuple[ItemDecoder, Column]]]:
        """Which rows are good, the contract's columns of these, and the columns of all rows that have faults."""
        good = np.ones(len(rows.kept), np.bool_)
        typed: list[pa.Array[Any]] = []
        faulty: list[tuple[ItemDecoder, Column]] = []
        for decoder in self._decoders:
            column = _column(rows, decoder)
            typed.append(column.array)
            if column.bad.any():
                faulty.append((decoder, column))
                good &= ~column.bad
        if faulty:
            keep = boolean_array(good)
            typed = [array.filter(keep) for array in typed]
        return good, typed, faulty

    def _reasons(self, rows: Rows, good: Mask, faulty: Sequence[tuple[ItemDecoder, Column]]) -> dict[int, list[Reason]]:
        """Every fault of each row that has any, in the order of the columns."""
        reasons: dict[int, list[Reason]] = {row: [] for row in np.flatnonzero(~good).tolist()}
        for decoder, column in faulty:
            item = decoder.item
            absent = rows.absent(item)
            wrong = np.flatnonzero(column.bad)
            having = wrong[~absent[wrong]]
            raw_items = dict(zip(having.tolist(), zip(_raws(rows, item, having), rows.offsets(item, having).tolist())))
            known: dict[tuple[bytes | None, int], Reason] = {}
            for row in wrong.tolist():
                raw, offset = key = raw_items.get(row, (None, 0))
                if key not in known:
                    known[key] = self._explained(item, decoder.field, raw, offset, fits=column.fits(row))
                reasons[row].append(known[key])
        return reasons

    def _explained(self, item: ElementaryItem, field: Field, raw: bytes | None, offset: int, *, fits: bool) -> Reason:
        """Why an item was refused. Whether it *fits* the field's pattern was decided by RE2 and is not tested again.

        Raises RuntimeError when the decoding of a column and the definition of a value disagree.
        """
        fault = explain(item, field, raw, offset, self._rules, lambda _pattern, _text: fits)
        if fault is None:
            raise RuntimeError(f"column {item.name!r}: a value was refused without a reason; nothing of the chunk is used")
        return _reason(fault)


def _column(rows: Rows, decoder: ItemDecoder) -> Column:
    item, field = decoder.item, decoder.field
    absent = rows.absent(item)
    if rows.in_head(item):
        return decoder.column(rows.head, absent)
    having = np.flatnonzero(~absent)
    if not len(having):
        nothing = pa.nulls(len(absent), arrow_type(field))  # type: ignore[call-overload]  # the stubs know each type alone
        return Column(nothing, absent & field.required)
    column = decoder.column_alone(rows.items(item, having))
    return column if len(having) == len(absent) else _among_all(column, having, absent, field)


def _among_all(column: Column, having: npt.NDArray[np.intp], absent: Mask, field: Field) -> Column:
    """The column of the rows *having* the item as one of all rows, null where it is *absent*."""
    positions = np.zeros(len(absent), np.int64)
    positions[having] = np.arange(len(having))
    bad = absent & field.required
    bad[having] = column.bad
    unmatched = None
    if column.unmatched is not None:
        unmatched = np.zeros(len(absent), np.bool_)
        unmatched[having] = column.unmatched
    return Column(column.array.take(fixed_array(pa.int64(), positions, absent)), bad, unmatched)


def _raws(rows: Rows, item: ElementaryItem, having: npt.NDArray[np.intp]) -> list[bytes]:
    data, length = rows.items(item, having).tobytes(), item.length
    return [data[start : start + length] for start in range(0, len(data), length)]


def _reason(fault: Fault) -> Reason:
    return reason(fault.code, fault.column, fault.message)
