from __future__ import annotations

import random

import pytest

from local.testing.sources import CountingSource
from runtime.core.errors import InvalidInput, RecordChainBroken, RecordLengthMismatch, RecordTooLong, TruncatedRecord
from runtime.formats.copybook.boundaries import WINDOW_BYTES, last_boundary
from runtime.formats.copybook.planning import plan
from runtime.formats.copybook.record_form import RecordForm
from tests.support.mainframe import boundaries_of, described

F = RecordForm("FB", 300, 300)
V = RecordForm("V", 40, 160)


def varied(records: int, seed: int = 1) -> list:
    rng = random.Random(seed)
    return [rng.randbytes(rng.randint(40, 160)) for _ in range(records)]


def test_fixed_records_are_split_without_reading_a_byte() -> None:  # F1, E2
    source = CountingSource(300 * 1_000_003, lambda start, end: b"")
    ranges = plan(source, F, 50_000_000)
    assert source.reads == []
    assert ranges[0][0] == 0
    assert ranges[-1][1] == source.size
    assert [end for _, end in ranges[:-1]] == [start for start, _ in ranges[1:]]
    assert all(end % 300 == 0 and end - start <= 50_000_000 for start, end in ranges)
    assert len(ranges) == 7


def test_a_rest_is_refused_with_its_arithmetic() -> None:
    with pytest.raises(RecordLengthMismatch, match="15,050 bytes are 50 records of 300 bytes and 50 bytes more"):
        plan(CountingSource.of(b"x" * 15_050), F, 50_000_000)


@pytest.mark.parametrize(("form", "data"), [(F, b"x" * 600), (V, described([b"x" * 160] * 2))])
def test_a_record_longer_than_a_chunk_is_refused(form: RecordForm, data: bytes) -> None:
    with pytest.raises(RecordTooLong):
        plan(CountingSource.of(data), form, 100)
    with pytest.raises(InvalidInput):
        plan(CountingSource.of(data), form, 0)


@pytest.mark.parametrize("form", [F, V])
def test_no_bytes_need_no_chunks(form: RecordForm) -> None:
    assert plan(CountingSource.of(b""), form, 1000) == []


def test_described_records_are_split_by_one_window_for_each_boundary() -> None:
    contents = varied(60_000)
    source = CountingSource.of(described(contents))
    ranges = plan(source, V, -(-source.size // 15))
    assert len(source.reads) == len(ranges) - 1
    assert source.bytes_read == WINDOW_BYTES * (len(ranges) - 1)
    assert {end for _, end in ranges} <= set(boundaries_of(contents, 4))


def test_what_two_chains_fit_is_found_exactly() -> None:
    """Every record begins with what could be its descriptor, four bytes on: no window can tell which chain is the records'."""
    content = b"\0\x68\0\0" + b"x" * 96
    contents = [b"y" * 50, *[content] * 50_000]
    source = CountingSource.of(described(contents))
    assert last_boundary(source, V, 0, source.size) is None
    ranges = plan(source, V, 3_000_000)
    assert {end for _, end in ranges} <= set(boundaries_of(contents, 4))
    assert source.bytes_read > source.size


def test_a_boundary_may_be_the_limit_itself_or_the_floor() -> None:
    contents = varied(3_000)
    source, boundaries = CountingSource.of(described(contents)), boundaries_of(contents, 4)
    for boundary in boundaries[2_000:2_020]:
        assert last_boundary(source, V, 0, boundary) == boundary
        assert last_boundary(source, V, 0, boundary - 1) < boundary
        assert last_boundary(source, V, boundary, boundary + 3) == boundary


def test_a_chain_broken_in_a_chunk_is_found_at_its_byte_by_the_exact_plan() -> None:  # F1
    contents = varied(30_000)
    data, boundaries = bytearray(described(contents)), boundaries_of(contents, 4)
    broken = boundaries[15_000]
    data[broken + 2] = 1
    start = boundaries[14_000]
    with pytest.raises(RecordChainBroken) as raised:
        plan(CountingSource.of(bytes(data)), V, 400_000, exact_from=start, keep=[(0, start)])
    assert raised.value.offset == broken


def test_a_break_after_another_is_not_the_one_that_is_told() -> None:
    """Where planning itself meets a break, it may have set out from a boundary that another one made wrong."""
    contents = varied(30_000)
    data, boundaries = bytearray(described(contents)), boundaries_of(contents, 4)
    for record in (8_000, 20_000):  # no window before a cut has the first
        data[boundaries[record] + 2] = 1
    # Whatever follows the second break is no chain, so its ranges are cut exactly.
    data[boundaries[20_000] + 4 :] = bytes(len(data) - boundaries[20_000] - 4)
    with pytest.raises(RecordChainBroken) as raised:
        plan(CountingSource.of(bytes(data)), V, 200_000)
    assert raised.value.offset == boundaries[8_000]


def test_a_last_record_that_does_not_end_is_told_by_the_exact_plan() -> None:
    data = described([b"x" * 50, b"y" * 60])
    with pytest.raises(TruncatedRecord) as raised:
        plan(CountingSource.of(data[:-7]), V, 1000, exact_from=0)
    assert (raised.value.offset, raised.value.expected, raised.value.found) == (54, 64, 57)


def test_ranges_before_the_exact_ones_stay() -> None:
    contents = [b"x" * 96] * 100
    assert plan(CountingSource.of(described(contents)), V, 5_000, exact_from=2_000, keep=[(0, 2_000)])[:2] == [(0, 2_000), (2_000, 7_000)]
    assert plan(CountingSource.of(b"x" * 30_000), F, 9_000, exact_from=3_000, keep=[(0, 3_000)]) == [
        (0, 3_000),
        (3_000, 12_000),
        (12_000, 21_000),
        (21_000, 30_000),
    ]
