"""Byte ranges of a file, and reading them in order: what the planning of every format shares."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Iterable, Iterator

from runtime.formats.source import ByteSource

#: Boundaries sought at once: all of a file of 2 GB, so that it is planned in one round trip like the smallest; 100 GB take 42.
CONCURRENT_READS = 48
#: One read of an exact scan, and how many are under way ahead of it.
PIECE_BYTES = 8 * 1024 * 1024
READ_AHEAD = 3


def evenly(start: int, end: int, most: int) -> list[int]:
    """Cuts that divide ``[start, end)`` into equal parts of *most* bytes or fewer."""
    parts = -(-(end - start) // max(most, 1))
    return [start + (end - start) * part // parts for part in range(1, parts)]


def between(cuts: Iterable[int]) -> list[tuple[int, int]]:
    ordered = sorted(set(cuts))
    return list(zip(ordered, ordered[1:]))


def pieces(source: ByteSource, start: int, end: int) -> Iterator[bytes]:
    """The bytes ``[start, end)`` in order, read ahead of the caller."""
    offsets = iter(range(start, end, PIECE_BYTES))
    waiting: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(READ_AHEAD) as pool:

        def read_next() -> None:
            offset = next(offsets, None)
            if offset is not None:
                waiting.append(pool.submit(source.read, offset, min(offset + PIECE_BYTES, end)))

        for _ in range(READ_AHEAD):
            read_next()
        while waiting:
            piece = waiting.popleft().result()
            read_next()
            yield piece
