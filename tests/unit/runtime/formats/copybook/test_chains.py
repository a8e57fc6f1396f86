from __future__ import annotations

import pytest

from runtime.core.errors import RecordChainBroken, RecordLengthMismatch, TruncatedRecord
from runtime.formats.copybook.chains import failure, whole_records
from runtime.formats.copybook.record_form import RecordForm
from tests.support.mainframe import described

V = RecordForm("V", 2, 10)
F = RecordForm("F", 5, 5)


def test_whole_records_follow_their_descriptors() -> None:  # F1
    chain = whole_records(described([b"ab", b"cdefg", b"hijklmnopq"]), V)
    assert (chain.starts.tolist(), chain.lengths.tolist(), chain.end, chain.broken) == ([4, 10, 19], [2, 5, 10], 29, False)


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_record_that_does_not_end_here_is_left(cut: int) -> None:
    data = described([b"ab", b"cdefg"])
    chain = whole_records(data[:-cut], V)
    assert (chain.end, chain.broken) == (6, False)


@pytest.mark.parametrize(
    "word",
    ["00050000", "000F0000", "00000000", "00060100", "00060001", "80060000"],
    ids=["too short", "too long", "zero", "first segment", "reserved byte", "extended block"],
)
def test_what_cannot_be_a_descriptor_breaks_the_chain(word: str) -> None:
    chain = whole_records(described([b"ab"]) + bytes.fromhex(word) + b"x" * 20, V)
    assert (chain.end, chain.broken) == (6, True)


@pytest.mark.parametrize("format_", ["F", "FB"])
def test_fixed_records_are_counted(format_: str) -> None:
    chain = whole_records(b"x" * 13, RecordForm(format_, 5, 5))
    assert (chain.starts.tolist(), chain.lengths.tolist(), chain.end) == ([0, 5], [5, 5], 10)


def test_no_more_records_are_taken_than_asked_for() -> None:
    assert whole_records(described([b"ab"] * 5), V, 3).end == 18
    assert whole_records(b"x" * 50, F, 3).end == 15


def test_a_broken_chain_is_told_with_its_bytes() -> None:  # F1: "RDW chain broken in the middle"
    error = failure(bytes.fromhex("F0F1F2F3F4"), 1234, V)
    assert isinstance(error, RecordChainBroken)
    assert (error.offset, error.found) == (1234, "F0 F1 F2 F3")
    assert "a length of 6 to 14 in two bytes, then two zero bytes" in str(error)


@pytest.mark.parametrize(("rest", "expected", "found"), [("0009000041", 9, 5), ("0009", 4, 2)])
def test_a_file_that_ends_inside_a_record_is_told_with_the_sizes(rest: str, expected: int, found: int) -> None:
    error = failure(bytes.fromhex(rest), 70, V)
    assert isinstance(error, TruncatedRecord)
    assert (error.offset, error.expected, error.found) == (70, expected, found)


def test_the_rest_of_a_fixed_record_is_told_as_arithmetic() -> None:
    error = failure(b"xxx", 15_000, RecordForm("F", 300, 300))
    assert isinstance(error, RecordLengthMismatch)
    assert "15,003 bytes are 50 records of 300 bytes and 3 bytes more" in str(error)


def test_block_descriptors_are_recognized_where_they_break_the_chain() -> None:
    records = described([b"ab", b"cdefg", b"hijklmnopq"])
    block = (len(records) + 4).to_bytes(2, "big") + b"\0\0" + records
    assert "of a block" in str(failure(block, 0, V))
    assert "of a block" not in str(failure(block[:-1], 0, V))
    assert "of a block" not in str(failure(b"\0\x21\0\0" + b"x" * 40, 0, V))
