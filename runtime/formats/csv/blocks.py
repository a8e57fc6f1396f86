"""Consecutive bytes, cut anywhere, to blocks of whole records.

A block is cut from where the last one ended, at a size that does not depend on how the bytes
arrive: so the same chunk always gives the same blocks, and the same Parquet bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, Iterator

import numpy as np

from runtime.core.limits import BLOCK_BYTES, BLOCK_RECORDS, MAX_RECORD_BYTES
from runtime.formats.csv.scanner import Scan, scan

#: In so many bytes the end of a record is found, or it is too long.
_MOST_BYTES = MAX_RECORD_BYTES + 1


@dataclass(frozen=True)
class Block:
    """Whole records: ``data`` begins at the chunk's byte ``offset``; ``scan`` says where each ends."""

    data: bytes
    offset: int
    scan: Scan


@dataclass
class CsvBlockReader:
    """Iterate to get the blocks; afterwards the rest says how the chunk ended.

    ``bytes_read`` counts all bytes, ``left_over`` those of a last record that did not end, and
    ``broken_at`` is the chunk's byte where the quote opened that was never closed, or where a record begins that is longer than
    MAX_RECORD_BYTES; nothing after such a record is read.
    """

    parts: Iterable[bytes]
    delimiter: str
    quote: str
    last: bool
    block_bytes: int = BLOCK_BYTES
    block_records: int = BLOCK_RECORDS
    bytes_read: int = 0
    left_over: int = 0
    broken_at: int | None = None
    _buffer: bytes = field(default=b"", init=False)

    def _blocks(self, window: memoryview, offset: int, found: Scan) -> Iterator[Block]:
        """What was *found* in *window* as blocks of at most as many records."""
        for first in range(0, len(found.ends), self.block_records):
            ends = found.ends[first : first + self.block_records]
            begin, end = int(found.ends[first - 1]) if first else 0, int(ends[-1])
            low, high = np.searchsorted(found.malformed, (first, first + len(ends)))
            part = Scan(ends - begin, found.malformed[low:high] - first, None, end - begin)
            yield Block(bytes(window[begin:end]), offset + begin, part)

    def __iter__(self) -> Iterator[Block]:
        """Blocks in order. A record longer than a block doubles the size until it fits, up to what a record may have."""
        parts = iter(self.parts)
        ended = False
        wanted = min(self.block_bytes, _MOST_BYTES)
        position = 0
        while True:
            while not ended and len(self._buffer) - position < wanted:
                part = next(parts, None)
                ended = part is None
                if part is not None:
                    self.bytes_read += len(part)
                    self._buffer, position = self._buffer[position:] + bytes(part), 0
                    del part  # it is in the buffer, and need not be held twice
            window = memoryview(self._buffer)[position : position + wanted]
            at_end = ended and position + len(window) == len(self._buffer)
            found = scan(window, ord(self.delimiter), ord(self.quote), final=at_end and self.last)
            offset = self.bytes_read - len(self._buffer) + position
            if (int(found.ends[0]) if len(found.ends) else len(window)) > MAX_RECORD_BYTES:
                self.left_over, self.broken_at = len(self._buffer) - position, offset
                return
            if len(found.ends):
                yield from self._blocks(window, offset, found)
                position += found.tail
                wanted = min(self.block_bytes, _MOST_BYTES)
            elif not at_end:
                wanted = min(2 * wanted, _MOST_BYTES)
            if at_end:
                self.left_over = len(window) - found.tail
                self.broken_at = None if found.open_quote is None else offset + found.open_quote
                return
