"""Duplicate primary keys of a whole file, found in bounded memory: each chunk writes sorted digests, which are merged."""

from __future__ import annotations

import heapq
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, Sequence, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runtime.chunk import key_hashes as digests
from runtime.contracts.model import Contract

#: Big-endian, so that the bytes sort as the numbers do. ``row`` is the row's ordinal in its chunk.
ENTRY = np.dtype([("high", ">u8"), ("low", ">u8"), ("row", "<u4")])
#: Bytes of memory that the merge needs for each byte of entries: the entries, their columns and the sort order.
_OVERHEAD = 4
#: Pairs of rows that a report shows.
SAMPLE = 10
#: Bytes of one read. Repeats are folded after each read, so a key that fills a file needs no more memory than others.
_PIECE_BYTES = ENTRY.itemsize * 400_000
#: Concurrent reads: the round trips, not the bytes, take the time in a merge of 2,001 chunks.
_READERS = 32

Entries = npt.NDArray[np.void]
Number = TypeVar("Number", bound=np.generic)


class DigestSource(Protocol):
    """One chunk's digests: ``size`` in bytes, and ranged reads that threads may share."""

    @property
    def size(self) -> int: ...

    def read(self, start: int, end: int) -> bytes: ...


@dataclass(frozen=True)
class Duplicates:
    """``count`` rows repeat the key of an earlier row; ``sample`` shows the first few.

    Each element of the sample is (earlier place, repeating place), sorted by the latter. A place is
    (index of the source, row in the chunk). The earlier place is the key's first row in the same chunk if
    the key repeats inside a chunk, otherwise its first row in the file.
    """

    count: int
    sample: list[tuple[Any, Any]]


class KeyDigester:
    """Collects the digests of a chunk's accepted rows."""

    def __init__(self, contract: Contract, seed: bytes) -> None:
        self._columns, self._seed = contract.primary_key, seed
        # Separate arrays, so that sorting needs no second copy of all entries: a chunk may have 25 million tiny rows.
        self._high: list[npt.NDArray[np.uint64]] = []
        self._low: list[npt.NDArray[np.uint64]] = []
        self._rows: list[npt.NDArray[np.uint32]] = []

    def add(self, accepted: pa.Table, rows: npt.NDArray[np.int64]) -> None:
        """Add accepted rows and their ordinals in the chunk."""
        sums = digests.initial(accepted.num_rows)
        for place, name in enumerate(self._columns):
            digests.add_column(sums, accepted.column(name).chunks[0], self._seed, place)
        high, low = digests.final(sums)
        self._high.append(high)
        self._low.append(low)
        self._rows.append(rows.astype(np.uint32))

    def to_bytes(self) -> bytes:
        """All entries, sorted by digest, then row; the digester is empty afterwards."""
        if not self._rows:
            return b""
        high, low, rows = _emptied(self._high), _emptied(self._low), _emptied(self._rows)
        order = _ascending(high)
        if (np.diff(high[order]) == 0).any():
            order = np.lexsort((rows, low, high))
        entries = np.empty(len(rows), ENTRY)
        entries["high"], entries["low"], entries["row"] = high[order], low[order], rows[order]
        del high, low, rows, order
        return entries.tobytes()


def _ascending(digests: npt.NDArray[np.uint64]) -> npt.NDArray[np.intp]:
    """A stable sort order of *digests*.

    numpy sorts 16-bit integers by radix. Two such passes sort by the upper 32 bits; since digests are uniform, few are equal
    there, and the last pass gets nearly sorted input.
    """
    order = np.argsort((digests >> np.uint64(32)).astype(np.uint16), kind="stable")
    order = order[np.argsort((digests >> np.uint64(48)).astype(np.uint16)[order], kind="stable")]
    return order[np.argsort(digests[order], kind="stable")]


def _emptied(parts: list[npt.NDArray[Number]]) -> npt.NDArray[Number]:
    """Concatenate *parts* and clear the list, to free them."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


def duplicates(chunks: Sequence[DigestSource], memory_bytes: int) -> Duplicates:
    """Count the rows that repeat a key, over all *chunks* in file order.

    The digests are uniform, so equal ranges of values contain about equally many. The ranges are merged one after the
    other; their number keeps each within *memory_bytes*. Raises ValueError for a source whose bytes are not whole entries.
    """
    total = sum(chunk.size for chunk in chunks)
    ranges = max(1, -(-total * _OVERHEAD // memory_bytes))
    repeats = _Found()
    cursors = [_Cursor(index, chunk, ranges) for index, chunk in enumerate(chunks)]
    with ThreadPoolExecutor(_READERS) as readers:
        for number in range(1, ranges + 1):
            limit = 2**64 * number // ranges
            slices = list(readers.map(lambda cursor: cursor.take(limit), cursors))  # noqa: B023  # read before the next limit
            for part in slices:
                repeats.merge(part.repeats)
            _match(slices, repeats)
    return Duplicates(repeats.count, repeats.sample())


class _Found:
    """A count, and the smallest places that repeat a key."""

    def __init__(self) -> None:
        self.count = 0
        self._pairs: list[tuple[tuple[int, int], tuple[int, int]]] = []

    def add(self, sources: Any, rows: Any, first_sources: Any, first_rows: Any) -> None:
        """Add repeats, each with the place of the row that it repeats: arrays of equal length."""
        self.count += len(rows)
        smallest = np.lexsort((rows, sources))[:SAMPLE]
        pairs = ((int(sources[at]), int(rows[at]), int(first_sources[at]), int(first_rows[at])) for at in smallest)
        self._keep([((source, row), (first_source, first_row)) for source, row, first_source, first_row in pairs])

    def merge(self, other: _Found) -> None:
        self.count += other.count
        self._keep(other._pairs)

    def sample(self) -> list[tuple[Any, Any]]:
        return [(first, again) for again, first in self._pairs]

    def _keep(self, pairs: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
        self._pairs = heapq.nsmallest(SAMPLE, self._pairs + pairs)


@dataclass(frozen=True)
class _Slice:
    """One source's part of a range: the first entry of each digest, and its repeats inside the source."""

    source: int
    firsts: Entries
    repeats: _Found


class _Cursor:
    """Reads one source from front to end, range after range."""

    def __init__(self, index: int, source: DigestSource, ranges: int) -> None:
        if source.size % ENTRY.itemsize:
            raise ValueError(f"key digests of chunk {index} are {source.size} bytes, not whole entries of {ENTRY.itemsize}")
        self._index, self._source, self._position = index, source, 0
        # The expected number of entries in a range plus six standard deviations: a second read is rare.
        expected = source.size / ENTRY.itemsize / ranges
        self._step = min(int(expected + 6 * expected**0.5 + 64) * ENTRY.itemsize, _PIECE_BYTES)

    def take(self, limit: int) -> _Slice:
        """The entries below *limit* that were not taken yet."""
        firsts: list[Entries] = []
        repeats = _Found()
        ended = False
        while not ended and self._position < self._source.size:
            end = min(self._position + self._step, self._source.size)
            piece = np.frombuffer(self._source.read(self._position, end), ENTRY)
            if limit < 2**64:
                below = int(np.searchsorted(piece["high"].astype(np.uint64), np.uint64(limit)))
                ended, piece = below < len(piece), piece[:below]
            self._position += len(piece) * ENTRY.itemsize
            carried = [firsts[-1][-1:]] if firsts else []
            joined = np.concatenate([*carried, piece])
            folded = _fold(joined, self._index, repeats)
            firsts.append(folded[len(carried) :])
            firsts = [part for part in firsts if len(part)]
        return _Slice(self._index, np.concatenate([np.empty(0, ENTRY), *firsts]), repeats)


def _fold(entries: Entries, source: int, repeats: _Found) -> Entries:
    """The first of each run of equal digests; adds the others to *repeats*."""
    same = np.zeros(len(entries), np.bool_)
    same[1:] = (entries["high"][1:] == entries["high"][:-1]) & (entries["low"][1:] == entries["low"][:-1])
    if same.any():
        first = np.maximum.accumulate(np.where(same, 0, np.arange(len(entries))))[same]
        places = np.full(len(first), source)
        repeats.add(places, entries["row"][same], places, entries["row"][first])
    return entries[~same]


def _match(slices: Sequence[_Slice], repeats: _Found) -> None:
    """Add digests that occur in several sources to *repeats*. The entries of one source are distinct."""
    entries = np.concatenate([np.empty(0, ENTRY), *(part.firsts for part in slices)])
    sources = np.repeat([part.source for part in slices], [len(part.firsts) for part in slices]).astype(np.int64)
    high = entries["high"].astype(np.uint64)
    order = np.argsort(high, kind="stable")
    equal = np.flatnonzero(np.diff(high[order]) == 0)
    if not len(equal):
        return
    tied = order[np.unique(np.concatenate((equal, equal + 1)))]
    low = entries["low"][tied].astype(np.uint64)
    tied = tied[np.lexsort((sources[tied], low, high[tied]))]
    same = np.zeros(len(tied), np.bool_)
    same[1:] = (entries["high"][tied][1:] == entries["high"][tied][:-1]) & (entries["low"][tied][1:] == entries["low"][tied][:-1])
    first = tied[np.maximum.accumulate(np.where(same, 0, np.arange(len(tied))))[same]]
    again = tied[same]
    repeats.add(sources[again], entries["row"][again], sources[first], entries["row"][first])
