"""Where each record of a block has each item, whatever its length.

A table whose length varies moves what is behind it, and a redefinition says which items there are. What stands at one
item in every record is the head, a view of the block where records follow each other evenly; any other item is taken
from the records that have it. So a block takes the memory of its bytes, however many elements its tables may have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from runtime.columns.string_column import Bytes, Mask, Numbers
from runtime.core.reason_codes import COUNT, RECORD_LENGTH
from runtime.formats.copybook import text
from runtime.formats.copybook.blocks import RecordBlock, gathered
from runtime.formats.copybook.decoding import DecodingRules, number
from runtime.formats.copybook.faults import Fault, explain
from runtime.formats.copybook.items import TEXT, ElementaryItem
from runtime.formats.copybook.record import Choice, Record, Table


@dataclass(frozen=True)
class Rows:
    """The block's records in ``kept``, a row for each.

    ``head`` are the bytes that stand where the record's items say in all of them, shape (rows, bytes); the other bytes
    are in ``data``, where each row has one of ``starts``. ``counts`` are each table's elements and ``chosen`` each
    choice's alternative, by row; ``faults`` says of the other records why nothing in them can be found.
    """

    record: Record
    kept: npt.NDArray[np.intp]
    head: Bytes
    data: bytes
    starts: Numbers
    counts: tuple[Numbers, ...]
    chosen: tuple[Numbers, ...]
    faults: Mapping[int, Fault]

    def absent(self, item: ElementaryItem) -> Mask:
        """Which rows do not have the item."""
        absent = np.zeros(len(self.kept), np.bool_)
        for choice, alternative in item.when:
            absent |= self.chosen[choice] != alternative
        if item.element:
            table, index = item.element
            absent |= self.counts[table] <= index
        return absent

    def in_head(self, item: ElementaryItem) -> bool:
        return item.offset + item.length <= int(self.head.shape[1])

    def offsets(self, item: ElementaryItem, rows: npt.NDArray[np.intp]) -> Numbers:
        """Where the item really is in the records of *rows*."""
        offsets = np.full(len(rows), item.offset, np.int64)
        for table, counts in zip(self.record.tables, self.counts):
            if table.offset + table.most * table.unit <= item.offset:
                offsets -= (table.most - counts[rows]) * table.unit
        return offsets

    def items(self, item: ElementaryItem, rows: npt.NDArray[np.intp]) -> Bytes:
        """The item's bytes of *rows*, all of which have it, as a matrix of their own."""
        return gathered(self.data, self.starts[rows] + self.offsets(item, rows), item.length)


def spread(block: RecordBlock, record: Record, rules: DecodingRules, *, variable: bool) -> Rows:
    """The records of *block* whose lengths are what their own contents say."""
    fits = (block.lengths >= (record.minimum if variable else record.maximum)) & (block.lengths <= record.maximum)
    faults = dict(_wrong_lengths(block, np.flatnonzero(~fits), _lengths(record, variable=variable)))
    kept = np.flatnonzero(fits)
    if not record.varies:
        return Rows(record, kept, _matrix(block, kept, record.maximum), block.data, block.starts[kept], (), (), faults)
    fixed = min([record.minimum if variable else record.maximum, *(table.offset for table in record.tables)])
    heads = _matrix(block, kept, fixed)
    good = np.ones(len(kept), np.bool_)
    counts: list[Numbers] = []
    for table in record.tables:
        found, wrong = _counts(heads, table, rules)
        for row in np.flatnonzero(wrong & good).tolist():
            faults[int(kept[row])] = _count_fault(heads[row], table, rules)
        good &= ~wrong
        counts.append(found)
    chosen = [_chosen(heads, choice, rules) for choice in record.choices]
    if variable:
        longest = record.maximum - sum(
            ((table.most - found) * table.unit for table, found in zip(record.tables, counts)), np.zeros(len(kept), np.int64)
        )
        shortest = longest - sum(
            (np.array(choice.missing)[found] for choice, found in zip(record.choices, chosen)), np.zeros(len(kept), np.int64)
        )
        wrong = good & ((block.lengths[kept] < shortest) | (block.lengths[kept] > longest))
        for row in np.flatnonzero(wrong).tolist():
            expected = _range(int(shortest[row]), int(longest[row]))
            faults.update(_wrong_lengths(block, kept[row : row + 1], f"{expected}, as its contents say"))
        good &= ~wrong
    if not good.all():
        kept, heads = kept[good], heads[good]
    return Rows(record, kept, heads, block.data, block.starts[kept], _of(counts, good), _of(chosen, good), faults)


def _of(found: Sequence[Numbers], good: Mask) -> tuple[Numbers, ...]:
    return tuple(numbers[good] for numbers in found)


def _matrix(block: RecordBlock, kept: npt.NDArray[np.intp], length: int) -> Bytes:
    """The first *length* bytes of some records, without a copy where they are evenly spaced."""
    lengths = np.full(len(kept), length, np.int64)
    return RecordBlock(block.data, block.offset, block.starts[kept], lengths).matrix.reshape(len(kept), length)


def _counts(heads: Bytes, table: Table, rules: DecodingRules) -> tuple[Numbers, Mask]:
    found = number(heads, table.counter, rules.page)
    assert found.small is not None
    return found.small, found.bad | (found.small < table.least) | (found.small > table.most)


def _chosen(heads: Bytes, choice: Choice, rules: DecodingRules) -> Numbers:
    """The first alternative that has the field's value, else 0."""
    item = choice.field
    chosen = np.zeros(len(heads), np.int64)
    if item.kind == TEXT:
        texts, _ = text.decode(heads, item.offset, item.length, text.code_page(rules.page))
        matching = [texts.among(values) for values in choice.values]
    else:
        found = number(heads, item, rules.page)
        assert found.small is not None
        matching = [np.isin(found.small, np.array([int(value) for value in values], np.int64)) & ~found.bad for values in choice.values]
    for alternative, match in reversed(list(enumerate(matching, 1))):
        chosen[match] = alternative
    return chosen


def _wrong_lengths(block: RecordBlock, records: npt.NDArray[np.intp], expected: str) -> dict[int, Fault]:
    return {
        index: Fault(RECORD_LENGTH, None, f"{length:,} bytes, not {expected}")
        for index, length in zip(records.tolist(), block.lengths[records].tolist())
    }


def _lengths(record: Record, *, variable: bool) -> str:
    return _range(record.minimum if variable else record.maximum, record.maximum)


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _count_fault(head: Bytes, table: Table, rules: DecodingRules) -> Fault:
    item = table.counter
    raw = head[item.offset : item.offset + item.length].tobytes()
    fault = explain(item, None, raw, item.offset, rules)
    return fault or Fault(COUNT, item.name, f"X'{raw.hex().upper()}' elements of {table.item}, which has {_range(table.least, table.most)}")
