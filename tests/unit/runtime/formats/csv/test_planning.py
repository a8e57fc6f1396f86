"""Chunks: their size, their number, and what it costs to find them (E2)."""

from __future__ import annotations

import contextlib
import itertools
from threading import Barrier
from typing import List, Tuple

import pytest

from local.testing.sources import CountingSource
from runtime.core.errors import InvalidInput, RecordTooLong
from runtime.core.limits import MAX_CHUNK_BYTES, MAX_RECORD_BYTES
from runtime.formats.csv.planning import ExactCuts
from runtime.formats.ranges import CONCURRENT_READS
from tests.support.records import HEADER, make_contract, make_layout, plan, true_boundaries

CONTRACT = make_contract()
LAYOUT = make_layout(CONTRACT)
PLAIN = b"".join(b"%d,2024-01-31,%d.50,some note about it\n" % (i, i) for i in range(1000))
QUOTED = b"".join(b'%d,2024-01-31,%d.50,"a, note\nof two ""lines"""\n' % (i, i) for i in range(1000))
MEGABYTE = 1_000_000


def check_ranges(ranges: List[Tuple[int, int]], size: int, chunk_bytes: int, first: int = len(HEADER)) -> None:
    assert [start for start, _ in ranges] == [first, *(end for _, end in ranges[:-1])]
    assert ranges[-1][1] == size
    assert all(0 < end - start <= chunk_bytes for start, end in ranges)


@pytest.mark.parametrize("data", [PLAIN * 200, QUOTED * 200, PLAIN * 100 + QUOTED * 100], ids=["plain", "quoted", "both"])
def test_normal_files_are_cut_on_boundaries_with_one_window_for_each(data: bytes) -> None:
    source = CountingSource.of(HEADER + data)
    ranges = plan(source, CONTRACT, LAYOUT, MEGABYTE)
    check_ranges(ranges, source.size, MEGABYTE)
    assert {start for start, _ in ranges} <= set(true_boundaries(HEADER + data, len(HEADER)))
    assert len(source.reads) == len(ranges) - 1
    assert source.bytes_read <= 64 * 1024 * (len(ranges) - 1)


def test_hundred_gigabytes_are_planned_with_one_read_for_each_boundary() -> None:
    source = CountingSource.repeating(HEADER, PLAIN + QUOTED, 100_000_000_000 // len(PLAIN + QUOTED))
    ranges = plan(source, CONTRACT, LAYOUT, MAX_CHUNK_BYTES)
    check_ranges(ranges, source.size, MAX_CHUNK_BYTES)
    assert len(ranges) in range(2000, 2003)
    assert len(source.reads) <= 2100


def test_boundaries_are_read_at_once_not_one_after_another() -> None:
    """Each read waits until as many others are under way as there may be; one at a time, they would wait for ever."""
    together = Barrier(CONCURRENT_READS)
    data = HEADER + PLAIN * 500

    def read(start: int, end: int) -> bytes:
        together.wait(timeout=60)
        return data[start:end]

    chunk_bytes = -(-(len(data) - len(HEADER)) // (CONCURRENT_READS + 1)) + 20_000
    ranges = plan(CountingSource(len(data), read), CONTRACT, LAYOUT, chunk_bytes)
    assert len(ranges) == CONCURRENT_READS + 1


def test_file_without_rows_has_no_chunk() -> None:
    assert plan(CountingSource.of(HEADER), CONTRACT, LAYOUT, MEGABYTE) == []
    assert plan(CountingSource.of(HEADER), CONTRACT, LAYOUT, MEGABYTE, exact_from=len(HEADER)) == []


def test_small_file_is_one_chunk_and_is_not_read() -> None:
    source = CountingSource.of(HEADER + PLAIN)
    assert plan(source, CONTRACT, LAYOUT, MEGABYTE) == [(len(HEADER), source.size)]
    assert not source.reads


def test_exact_plan_keeps_what_was_proved_and_cuts_the_rest_as_long_as_allowed() -> None:
    data = HEADER + QUOTED * 300
    boundaries = true_boundaries(data, len(HEADER))
    kept = [(len(HEADER), boundaries[10]), (boundaries[10], boundaries[5000])]
    ranges = plan(CountingSource.of(data), CONTRACT, LAYOUT, MEGABYTE, exact_from=boundaries[5000], keep=kept)
    assert ranges[:2] == kept
    check_ranges(ranges, len(data), MEGABYTE)
    for start, end in ranges[2:-1]:
        assert end == max(b for b in boundaries if b <= start + MEGABYTE)


def test_exact_scan_reads_every_byte_once_and_little_ahead() -> None:
    source = CountingSource.repeating(HEADER, QUOTED, 2000)
    check_ranges(plan(source, CONTRACT, LAYOUT, MAX_CHUNK_BYTES, exact_from=len(HEADER)), source.size, MAX_CHUNK_BYTES)
    assert source.bytes_read == source.size - len(HEADER)


def test_prose_in_which_no_record_ends_is_scanned_exactly() -> None:
    prose = b'1,2024-01-31,1.00,"' + b"a line of prose, with commas, and no quote\n" * 30_000 + b'"\n'
    data = HEADER + prose * 12
    source = CountingSource.of(data)
    ranges = plan(source, CONTRACT, LAYOUT, 2 * MEGABYTE)
    check_ranges(ranges, len(data), 2 * MEGABYTE)
    assert {start for start, _ in ranges} <= set(true_boundaries(data, len(HEADER)))
    # Every cut was tried once, and only once, with windows of 64 KiB, 256 KiB and 1 MiB.
    assert source.bytes_read <= len(data) + (len(data) // (2 * MEGABYTE) + 1) * 1344 * 1024


def test_long_records_do_not_make_long_chunks_and_are_not_read_through() -> None:
    record = b"1,2024-01-31,1.00," + b"x" * 40_000 + b"\n"
    source = CountingSource.of(HEADER + record * 491)
    ranges = plan(source, CONTRACT, LAYOUT, MEGABYTE)
    check_ranges(ranges, source.size, MEGABYTE)
    assert source.bytes_read < source.size / 4


def test_record_longer_than_a_chunk_is_named_by_its_offset() -> None:
    data = HEADER + PLAIN + b'1,2024-01-31,1.00,"' + b"x\n" * MEGABYTE + PLAIN
    for exact_from in (None, len(HEADER)):
        with pytest.raises(RecordTooLong) as caught:
            plan(CountingSource.of(data), CONTRACT, LAYOUT, MEGABYTE, exact_from=exact_from)
        assert (caught.value.offset, caught.value.limit_bytes) == (len(HEADER + PLAIN), MEGABYTE)


def test_quote_that_is_never_closed_is_found_out_before_gigabytes_are_read() -> None:
    source = CountingSource.repeating(HEADER + PLAIN + b'1,2024-01-31,1.00,"never closed\n', PLAIN, 3000)
    with pytest.raises(RecordTooLong) as caught:
        plan(source, CONTRACT, LAYOUT, MAX_CHUNK_BYTES, exact_from=len(HEADER))
    assert (caught.value.offset, caught.value.limit_bytes) == (len(HEADER + PLAIN), 8 * 1024 * 1024)
    assert source.bytes_read <= 48 * 1024 * 1024


@pytest.mark.parametrize("pieces", [[MAX_CHUNK_BYTES], [3 * MEGABYTE, 5], [8 * 1024 * 1024]], ids=["whole", "uneven", "as read"])
@pytest.mark.parametrize("end", [b"\n", b""], ids=["ended", "at the end of the file"])
def test_a_record_may_have_so_many_bytes_and_not_one_more(pieces: List[int], end: bytes) -> None:
    for length, allowed in ((MAX_RECORD_BYTES, True), (MAX_RECORD_BYTES + 1, False)):
        record = b'1,2024-01-31,1.00,"' + b"x\n" * (MAX_RECORD_BYTES // 2 - 20)
        text = PLAIN + record.ljust(length - len(end) - 1, b"y") + b'"' + end
        cuts, at, step = ExactCuts(LAYOUT, MAX_CHUNK_BYTES, 0), 0, itertools.cycle(pieces)
        with contextlib.nullcontext() if allowed else pytest.raises(RecordTooLong, match=f"8,388,608 bytes after byte {len(PLAIN)}"):
            while at < len(text):
                piece = text[at : at + next(step)]
                cuts.feed(piece)
                at += len(piece)
            assert cuts.finish() == [(0, len(text))]


def test_what_is_too_long_for_any_file_is_not_called_too_long_for_a_chunk() -> None:
    """Who reads that a record does not fit a chunk is told to make chunks larger, and that would be in vain."""
    data = HEADER + PLAIN + b'1,2024-01-31,1.00,"' + b"x\n" * (5 * MEGABYTE) + b'"\n' + PLAIN
    with pytest.raises(RecordTooLong) as caught:
        plan(CountingSource.of(data), CONTRACT, LAYOUT, MEGABYTE)
    assert (caught.value.offset, caught.value.limit_bytes) == (len(HEADER + PLAIN), MAX_RECORD_BYTES)


@pytest.mark.parametrize("chunk_bytes", [0, -1, MAX_CHUNK_BYTES + 1])
def test_chunks_beyond_the_limit_are_refused(chunk_bytes: int) -> None:
    with pytest.raises(InvalidInput, match="chunk_bytes"):
        plan(CountingSource.of(HEADER), CONTRACT, LAYOUT, chunk_bytes)
