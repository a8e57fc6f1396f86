"""Byte ranges that begin and end on record boundaries, found without reading the file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Iterable, Sequence

from runtime.core.errors import RecordTooLong
from runtime.core.limits import MAX_RECORD_BYTES, check_chunk_bytes
from runtime.formats.csv.boundaries import WINDOW_BYTES, last_boundary
from runtime.formats.csv.fields import RecordCheck
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.ranges import CONCURRENT_READS, between, evenly, pieces
from runtime.formats.source import ByteSource

#: What is scanned at once: a file may be all quotes, of which each takes some sixty bytes. No more than a record may have.
SCAN_BYTES = 2 * 1024 * 1024


def plan(
    source: ByteSource,
    check: RecordCheck,
    chunk_bytes: int,
    *,
    exact_from: int | None = None,
    keep: Sequence[tuple[int, int]] = (),
) -> list[tuple[int, int]]:
    """Contiguous ranges of at most *chunk_bytes* over everything after the header; none for no rows.

    Boundaries are guessed (``runtime.formats.csv.boundaries``), and where no guess is possible found
    exactly from the last one. With *exact_from*, a proved boundary, everything from there on is
    read and cut exactly, and *keep*, the ranges before it, stays.

    Raises RecordTooLong when a record is longer than MAX_RECORD_BYTES or than a chunk.
    """
    check_chunk_bytes(chunk_bytes)
    if exact_from is not None:
        return [*keep, *_cut_exactly(source, check.layout, chunk_bytes, exact_from, source.size)]
    try:
        return _cut_by_guesses(source, check, chunk_bytes)
    except RecordTooLong:
        # An exact scan that set out from a wrong guess may see such a record where there is none.
        return _cut_exactly(source, check.layout, chunk_bytes, check.layout.header_end, source.size)


def _cut_by_guesses(source: ByteSource, check: RecordCheck, chunk_bytes: int) -> list[tuple[int, int]]:
    # A boundary lies a little before its nominal cut, so chunks are planned a little short.
    slack = min(WINDOW_BYTES // 4, chunk_bytes // 8)
    first, size = check.layout.header_end, source.size
    if size - first <= chunk_bytes:
        return between([first, size])
    with ThreadPoolExecutor(CONCURRENT_READS) as pool:

        def guess(nominal_cuts: Iterable[int]) -> list[int]:
            boundaries = pool.map(lambda cut: last_boundary(source, first, cut, check), nominal_cuts)
            return [boundary for boundary in boundaries if boundary is not None]

        cuts = [first, size, *guess(evenly(first, size, chunk_bytes - slack))]
        # Long records, or one cut that stayed open, leave a range somewhat too long: other
        # places in it may do. Where several cuts in a row stayed open, more guesses would be waste.
        retry = [(s, e) for s, e in between(cuts) if chunk_bytes < e - s <= 2 * chunk_bytes]
        cuts += guess(cut for start, end in retry for cut in evenly(start, end, chunk_bytes * 3 // 4))
    ranges: list[tuple[int, int]] = []
    for start, end in between(cuts):
        ranges += [(start, end)] if end - start <= chunk_bytes else _cut_exactly(source, check.layout, chunk_bytes, start, end)
    return ranges


def _cut_exactly(source: ByteSource, layout: CsvLayout, chunk_bytes: int, start: int, end: int) -> list[tuple[int, int]]:
    """Cut ``[start, end)`` into ranges as long as allowed, reading all of it; both are boundaries."""
    cuts = ExactCuts(layout, chunk_bytes, start)
    for piece in pieces(source, start, end):
        cuts.feed(piece)
    return cuts.finish()


class ExactCuts:
    """Cuts text into ranges as long as allowed while it goes by; *start* is the offset of its first record."""

    def __init__(self, layout: CsvLayout, chunk_bytes: int, start: int) -> None:
        from runtime.formats.csv.scanner import BoundaryScanner  # noqa: PLC0415 - numpy, 300 ms, which a plan of guesses starts without

        self._scanner = BoundaryScanner(ord(layout.delimiter), ord(layout.quote), start)
        self._chunk_bytes = chunk_bytes
        # Where the next range begins, and the record that has not ended yet.
        self._start = self._record = start
        self._ranges: list[tuple[int, int]] = []

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; raise RecordTooLong."""
        for start in range(0, len(piece), SCAN_BYTES):
            self._scanner.feed(memoryview(piece)[start : start + SCAN_BYTES])
            self._hold_records()
            self._cut()

    def finish(self) -> list[tuple[int, int]]:
        """The ranges, the last of which ends with the text; raise RecordTooLong."""
        end = self._scanner.position
        if end - self._start > self._chunk_bytes:
            raise RecordTooLong(self._start, self._chunk_bytes)
        return [*self._ranges, (self._start, end)] if self._start < end else self._ranges

    def _hold_records(self) -> None:
        """Of the records in the piece that was scanned only the one that began before it can be too long."""
        scanner = self._scanner
        end = scanner.first_boundary()
        if (scanner.position if end is None else end) - self._record > MAX_RECORD_BYTES:
            raise RecordTooLong(self._record, MAX_RECORD_BYTES)
        if end is not None:
            self._record = scanner.boundary_at_or_before(scanner.position)

    def _cut(self) -> None:
        while self._scanner.position > self._start + self._chunk_bytes:
            cut = self._scanner.boundary_at_or_before(self._start + self._chunk_bytes)
            if self._record == self._start:
                # A record that does not fit a chunk may turn out to be too long for any.
                return
            if cut == self._start:
                raise RecordTooLong(cut, self._chunk_bytes)
            self._ranges.append((self._start, cut))
            self._start = cut
