"""Consecutive bytes, cut anywhere, to blocks of whole records.

A block is cut from where the last one ended, at a size that does not depend on how the bytes
arrive: so the same chunk always gives the same blocks, and the same Parquet bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator

from runtime.core.limits import BLOCK_BYTES, BLOCK_RECORDS
from runtime.formats.copybook.blocks import RecordBlock
from runtime.formats.copybook.chains import whole_records
from runtime.formats.copybook.record_form import RecordForm


@dataclass
class RecordReader:
    """Iterate to get the blocks; afterwards the rest says how the chunk ended.

    ``bytes_read`` counts the bytes taken, ``left_over`` those after the last whole record. ``broken_at`` is
    the chunk's byte of a record that does not end in the chunk, or that cannot be one: then no more is read.
    """

    parts: Iterable[bytes]
    form: RecordForm
    block_bytes: int = BLOCK_BYTES
    block_records: int = BLOCK_RECORDS
    bytes_read: int = 0
    left_over: int = 0
    broken_at: int | None = None

    def __iter__(self) -> Iterator[RecordBlock]:
        waiting = bytearray()
        # A record fits always; bytes that the limit of records would leave out are not copied for nothing.
        wanted = max(self.form.longest, min(self.block_bytes, self.block_records * self.form.longest))
        parts = iter(self.parts)
        while True:
            while len(waiting) < wanted:
                part = next(parts, None)
                if part is None:
                    break
                self.bytes_read += len(part)
                waiting += part
            window = bytes(waiting[:wanted])
            chain = whole_records(window, self.form, self.block_records)
            if not chain.end:
                break
            yield chain.block(window, self.bytes_read - len(waiting))
            del waiting[: chain.end]
        self.left_over = len(waiting)
        self.broken_at = self.bytes_read - len(waiting) if waiting else None
