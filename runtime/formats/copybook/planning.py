"""Byte ranges that begin and end on record boundaries: by arithmetic, or with few bytes read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Sequence

import numpy as np

from runtime.core.errors import FileRejected, RecordLengthMismatch, RecordTooLong
from runtime.core.limits import check_chunk_bytes
from runtime.formats.copybook.boundaries import last_boundary
from runtime.formats.copybook.chains import failure, whole_records
from runtime.formats.copybook.record_form import RecordForm
from runtime.formats.ranges import CONCURRENT_READS, between, evenly, pieces
from runtime.formats.source import ByteSource


def plan(
    source: ByteSource,
    form: RecordForm,
    chunk_bytes: int,
    *,
    first: int = 0,
    exact_from: int | None = None,
    keep: Sequence[tuple[int, int]] = (),
) -> list[tuple[int, int]]:
    """Contiguous ranges of at most *chunk_bytes* over everything from *first*, where the first record begins.

    Nothing is read of fixed records. Boundaries between others are found from windows
    (``runtime.formats.copybook.boundaries``), and where a window does not tell, exactly from the last one. With
    *exact_from*, a proved boundary, everything from there on is read, and *keep*, the ranges before it, stays.

    Raises RecordTooLong for a record longer than a chunk, and what ``runtime.formats.copybook.chains.failure`` makes of a
    file that does not end with a record or whose chain is broken, where that was seen.
    """
    check_chunk_bytes(chunk_bytes)
    begin = first if exact_from is None else exact_from
    if not form.variable:
        return [*keep, *_cut_evenly(begin, source.size, form.maximum, chunk_bytes)]
    if exact_from is not None:
        return [*keep, *_cut_exactly(source, form, chunk_bytes, begin, source.size)]
    try:
        return _cut_by_windows(source, form, chunk_bytes, begin)
    except FileRejected:
        # The chain is broken somewhere, and what was seen of it may have come after that.
        return _cut_exactly(source, form, chunk_bytes, begin, source.size)


def _cut_evenly(begin: int, size: int, record_bytes: int, chunk_bytes: int) -> list[tuple[int, int]]:
    records, rest = divmod(size - begin, record_bytes)
    if rest:
        raise RecordLengthMismatch(size - begin, record_bytes)
    if chunk_bytes < record_bytes:
        raise RecordTooLong(begin, chunk_bytes)
    cuts = [0, *evenly(0, records, chunk_bytes // record_bytes), records]
    return between(begin + cut * record_bytes for cut in cuts)


def _cut_by_windows(source: ByteSource, form: RecordForm, chunk_bytes: int, begin: int) -> list[tuple[int, int]]:
    if source.size - begin <= chunk_bytes:
        return between([begin, source.size])
    # A boundary lies up to a record before its nominal cut, so chunks are planned a little short.
    nominal = evenly(begin, source.size, chunk_bytes - min(form.longest, chunk_bytes // 8))
    with ThreadPoolExecutor(CONCURRENT_READS) as pool:
        found = pool.map(lambda cut: last_boundary(source, form, begin, cut), nominal)
        cuts = [begin, source.size, *(cut for cut in found if cut is not None)]
    ranges: list[tuple[int, int]] = []
    for start, end in between(cuts):
        ranges += [(start, end)] if end - start <= chunk_bytes else _cut_exactly(source, form, chunk_bytes, start, end)
    return ranges


def _cut_exactly(source: ByteSource, form: RecordForm, chunk_bytes: int, start: int, end: int) -> list[tuple[int, int]]:
    """Cut ``[start, end)`` into ranges as long as allowed, reading all of it; both are boundaries."""
    cuts = ExactCuts(form, chunk_bytes, start)
    for piece in pieces(source, start, end):
        cuts.feed(piece)
    return cuts.finish()


class ExactCuts:
    """Cuts records into ranges as long as allowed while they go by; *start* is the offset of the first."""

    def __init__(self, form: RecordForm, chunk_bytes: int, start: int) -> None:
        self._form, self._chunk_bytes, self._start = form, chunk_bytes, start
        self._ranges: list[tuple[int, int]] = []
        #: The last boundary so far, and what came after it.
        self._boundary, self._rest = start, b""

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; raise RecordTooLong or RecordChainBroken."""
        data = self._rest + piece
        chain = whole_records(data, self._form)
        self._cut(np.concatenate(([self._boundary], self._boundary + chain.ends)))
        self._boundary, self._rest = self._boundary + chain.end, data[chain.end :]
        if chain.broken:
            raise failure(self._rest, self._boundary, self._form)

    def _cut(self, boundaries: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        while boundaries[-1] > self._start + self._chunk_bytes:
            cut = int(boundaries[np.searchsorted(boundaries, self._start + self._chunk_bytes, "right") - 1])
            if cut == self._start:
                raise RecordTooLong(cut, self._chunk_bytes)
            self._ranges.append((self._start, cut))
            self._start = cut

    def finish(self) -> list[tuple[int, int]]:
        """The ranges, the last of which ends with the last record; raise TruncatedRecord or RecordLengthMismatch after a part of one."""
        if self._rest:
            raise failure(self._rest, self._boundary, self._form)
        return [*self._ranges, (self._start, self._boundary)] if self._start < self._boundary else self._ranges
