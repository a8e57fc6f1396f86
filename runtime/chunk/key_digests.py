"""Primary keys over a whole file in bounded memory: each chunk leaves sorted digests, and these are merged."""

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
#: What the merge holds for each byte of entries: the entries, their columns and the order.
_OVERHEAD = 4
#: How many pairs of rows a report shows.
SAMPLE = 10
#: Bytes of one read: repeats are folded after each, so a key that fills a file takes no more memory than any other.
_PIECE_BYTES = ENTRY.itemsize * 400_000
#: Concurrent reads: a merge of 2,001 chunks waits for round trips, not for bytes.
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

    Each of the sample is (earlier place, repeating place), in order of the latter. A place is
    (index of the source, row in the chunk). The earlier one is the first of the same chunk where
    the key repeats inside a chunk, otherwise the first of the file.
    """

    count: int
    sample: list[tuple[Any, Any]]


class KeyDigester:
    """Collects the digests of a chunk's accepted rows."""

    def __init__(self, contract: Contract, seed: bytes) -> None:
        self._columns, self._seed = contract.primary_key, seed
        # Columns apart, so that sorting needs no second copy of everything: a chunk may hold 25 million tiny rows.
        self._high: list[npt.NDArray[np.uint64]] = []
        self._low: list[npt.NDArray[np.uint64]] = []
        self._rows: list[npt.NDArray[np.uint32]] = []

    def add(self, accepted: pa.Table, rows: npt.NDArray[np.int64]) -> None:
        """Take accepted rows and their ordinals in the chunk."""
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
    """The order in which they ascend, equal ones as they come.

    Of 16 bits numpy makes a radix sort. Digests are uniform, so few are equal in the upper 32, and what these leave is nearly sorted.
    """
    order = np.argsort((digests >> np.uint64(32)).astype(np.uint16), kind="stable")
    order = order[np.argsort((digests >> np.uint64(48)).astype(np.uint16)[order], kind="stable")]
    return order[np.argsort(digests[order], kind="stable")]


def _emptied(parts: list[npt.NDArray[Number]]) -> npt.NDArray[Number]:
    """The *parts* as one; the list gives up its own."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


def duplicates(chunks: Sequence[DigestSource], memory_bytes: int) -> Duplicates:
    """Count the rows that repeat a key, over all *chunks* in file order.

    The digests are uniform, so equal ranges of them hold about equally many; as many ranges are
    merged one after the other as it takes to stay within *memory_bytes*. Raises ValueError for a
    source whose bytes are not whole entries.
    """
    total = sum(chunk.size for chunk in chunks)
    ranges = max(1, -(-total * _OVERHEAD // memory_bytes))
    found = _Found()
    cursors = [_Cursor(index, chunk, ranges) for index, chunk in enumerate(chunks)]
    with ThreadPoolExecutor(_READERS) as readers:
        for number in range(1, ranges + 1):
            limit = 2**64 * number // ranges
            slices = list(readers.map(lambda cursor: cursor.take(limit), cursors))  # noqa: B023  # read before the next limit
            for part in slices:
                found.merge(part.repeats)
            _match(slices, found)
    return Duplicates(found.count, found.sample())


class _Found:
    """A count, and the smallest places that repeat a key."""

    def __init__(self) -> None:
        self.count = 0
        self._pairs: list[tuple[tuple[int, int], tuple[int, int]]] = []

    def add(self, sources: Any, rows: Any, first_sources: Any, first_rows: Any) -> None:
        """Arrays of equally many repeats, each with the place of what it repeats."""
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
    """One source's part of a range: the first entry of each digest, and what repeated it inside the source."""

    source: int
    firsts: Entries
    repeats: _Found


class _Cursor:
    """Reads one source from front to end, range after range."""

    def __init__(self, index: int, source: DigestSource, ranges: int) -> None:
        if source.size % ENTRY.itemsize:
            raise ValueError(f"key digests of chunk {index} are {source.size} bytes, not whole entries of {ENTRY.itemsize}")
        self._index, self._source, self._position = index, source, 0
        # What a range is expected to hold, and six standard deviations more: a second read is rare.
        expected = source.size / ENTRY.itemsize / ranges
        self._step = min(int(expected + 6 * expected**0.5 + 64) * ENTRY.itemsize, _PIECE_BYTES)

    def take(self, limit: int) -> _Slice:
        """All entries below *limit* that were not taken yet."""
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
    """The first of each run of equal digests; the others are noted in *repeats*."""
    same = np.zeros(len(entries), np.bool_)
    same[1:] = (entries["high"][1:] == entries["high"][:-1]) & (entries["low"][1:] == entries["low"][:-1])
    if same.any():
        first = np.maximum.accumulate(np.where(same, 0, np.arange(len(entries))))[same]
        places = np.full(len(first), source)
        repeats.add(places, entries["row"][same], places, entries["row"][first])
    return entries[~same]


def _match(slices: Sequence[_Slice], found: _Found) -> None:
    """Note digests that several sources have. Entries of one source are distinct by now."""
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
    found.add(sources[again], entries["row"][again], sources[first], entries["row"][first])
