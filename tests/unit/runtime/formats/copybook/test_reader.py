from __future__ import annotations

import pytest

from runtime.formats.copybook.reader import RecordReader
from runtime.formats.copybook.record_form import RecordForm
from tests.support.mainframe import described

V = RecordForm("V", 1, 20)
F = RecordForm("F", 7, 7)


def read(reader: RecordReader) -> list:
    return [(block.offset, block.data, block.starts.tolist()) for block in reader]


def test_blocks_hold_as_many_whole_records_as_fit() -> None:  # F1
    reader = RecordReader([b"x" * 70], F, block_bytes=20)
    assert [(offset, len(data)) for offset, data, _ in read(reader)] == [(at, 14) for at in range(0, 70, 14)]
    assert (reader.bytes_read, reader.left_over, reader.broken_at) == (70, 0, None)


def test_a_record_longer_than_a_block_is_a_block() -> None:
    assert len(read(RecordReader([described([b"x" * 20] * 3)], V, block_bytes=5))) == 3


def test_blocks_of_tiny_records_are_bounded_by_their_number() -> None:
    blocks = read(RecordReader([described([b"x"] * 10)], V, block_records=4))
    assert [len(starts) for _, _, starts in blocks] == [4, 4, 2]


@pytest.mark.parametrize("form", [V, F])
def test_a_record_that_does_not_end_with_the_chunk_is_left_over(form: RecordForm) -> None:
    data = described([b"abc"] * 3)  # three of either form
    reader = RecordReader([data, b"\0\x08\0\0a"], form)
    assert b"".join(data for _, data, _ in read(reader)) == data
    assert (reader.bytes_read, reader.left_over, reader.broken_at) == (26, 5, 21)


def test_a_broken_chain_ends_the_reading_where_it_is_broken() -> None:
    parts = iter([described([b"abc", b"de"]), b"\xf0" * 50, b"never read"])
    reader = RecordReader(parts, V, block_bytes=20)
    assert [starts for _, _, starts in read(reader)] == [[4, 11]]
    assert (reader.broken_at, reader.left_over > 0) == (13, True)
    assert next(parts) == b"never read"


def test_no_bytes_are_no_records() -> None:
    reader = RecordReader([], V)
    assert read(reader) == []
    assert (reader.bytes_read, reader.left_over, reader.broken_at) == (0, 0, None)
