"""Files made in memory, which tell how they were read."""

from __future__ import annotations

from threading import Lock
from typing import Callable, List, Tuple


class CountingSource:
    """Bytes that keep a record of how they were read; *make* gives any range of them."""

    def __init__(self, size: int, make: Callable[[int, int], bytes]) -> None:
        self.size = size
        self._make = make
        self._lock = Lock()
        self.reads: List[Tuple[int, int]] = []

    @classmethod
    def of(cls, data: bytes) -> CountingSource:
        return cls(len(data), lambda start, end: data[start:end])

    @classmethod
    def repeating(cls, header: bytes, block: bytes, times: int) -> CountingSource:
        """*header* and then *block* over and over, without holding more than is asked for."""

        def make(start: int, end: int) -> bytes:
            if start < len(header):
                return header[start:end] + (make(len(header), end) if end > len(header) else b"")
            first = (start - len(header)) % len(block)
            copies = -(-(first + end - start) // len(block))
            return (block * copies)[first : first + end - start]

        return cls(len(header) + len(block) * times, make)

    def read(self, start: int, end: int) -> bytes:
        assert 0 <= start <= end <= self.size
        with self._lock:
            self.reads.append((start, end))
        return self._make(start, end)

    @property
    def bytes_read(self) -> int:
        return sum(end - start for start, end in self.reads)
