"""The whole records at the beginning of some bytes: arithmetic, or descriptor by descriptor.

Where a record begins depends on all before it, so a chain of descriptors is followed one by one. Doubling
jumps over an array was measured and is slower: it must look at every byte, not at every record (docs/adr/0004).
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass

import numpy as np

from runtime.core.errors import FileRejected, RecordChainBroken, RecordLengthMismatch, TruncatedRecord
from runtime.formats.copybook.blocks import Integers, RecordBlock
from runtime.formats.copybook.record_form import DESCRIPTOR_BYTES, LONGEST_RECORD, RecordForm

_LENGTH = struct.Struct(">H").unpack_from
_WORD = struct.Struct(">I").unpack_from


@dataclass(frozen=True)
class Chain:
    """``starts`` and ``lengths`` of records' contents; ``end`` is the first byte that is in none of them.

    ``broken`` says that no record can begin at ``end``; else one does whose end was not among the bytes, or none.
    """

    starts: Integers
    lengths: Integers
    end: int
    broken: bool

    @property
    def ends(self) -> Integers:
        return self.starts + self.lengths

    def block(self, data: bytes, offset: int) -> RecordBlock:
        """The records as a block of *data*, which they were found in and which begins at *offset*."""
        return RecordBlock(data[: self.end], offset, self.starts, self.lengths)


def whole_records(data: bytes, form: RecordForm, most: int = sys.maxsize) -> Chain:
    """Up to *most* records of *data*, which begins with one."""
    if not form.variable:
        count = min(len(data) // form.maximum, most)
        starts = np.arange(count, dtype=np.int64) * form.maximum
        return Chain(starts, np.full(count, form.maximum, np.int64), count * form.maximum, broken=False)
    begins = np.array(_follow(data, form.shortest, most), np.int64)
    words = np.frombuffer(data, np.uint8)[begins[:, np.newaxis] + np.arange(DESCRIPTOR_BYTES)].view(">u4").ravel()
    lengths = (words >> 16).astype(np.int64)
    possible = ((words & 0xFFFF) == 0) & (lengths >= form.shortest) & (lengths <= form.longest)
    whole = possible & (begins + lengths <= len(data))
    count = len(whole) if whole.all() else int(whole.argmin())
    end = int(begins[count - 1] + lengths[count - 1]) if count else 0
    broken = count < len(whole) and not possible[count]
    return Chain(begins[:count] + DESCRIPTOR_BYTES, lengths[:count] - DESCRIPTOR_BYTES, end, broken)


def _follow(data: bytes, shortest: int, most: int) -> list[int]:
    """Where up to *most* descriptors stand, if all of them are what their first two bytes say: checked for all at once later."""
    positions: list[int] = []
    position, visible = 0, len(data) - DESCRIPTOR_BYTES
    for _ in range(most):
        if position > visible:
            break
        positions.append(position)
        (length,) = _LENGTH(data, position)
        if length < shortest:
            break
        position += length
    return positions


def failure(rest: bytes, offset: int, form: RecordForm) -> FileRejected:
    """Why *rest*, the file's bytes from *offset* where a record is due, has none: up to its end, or enough to see."""
    if not form.variable:
        return RecordLengthMismatch(offset + len(rest), form.maximum)
    if len(rest) < DESCRIPTOR_BYTES:
        return TruncatedRecord(offset, DESCRIPTOR_BYTES, len(rest))
    (word,) = _WORD(rest)
    if not word & 0xFFFF and form.shortest <= word >> 16 <= form.longest:
        return TruncatedRecord(offset, word >> 16, len(rest))
    expected = f"a length of {form.shortest:,} to {form.longest:,} in two bytes, then two zero bytes"
    if _begins_with_a_block(rest, form):
        expected += "; this one is of a block: send records with their own descriptors only"
    return RecordChainBroken(offset, rest[:DESCRIPTOR_BYTES].hex(" ").upper(), expected)


def _begins_with_a_block(data: bytes, form: RecordForm) -> bool:
    """True when a block descriptor stands first and the records after it end where it says."""
    (word,) = _WORD(data)
    if word & 0xFFFF or not word >> 16 <= min(LONGEST_RECORD, len(data)):
        return False
    inside = whole_records(data[DESCRIPTOR_BYTES : word >> 16], form)
    return len(inside.starts) > 0 and DESCRIPTOR_BYTES + inside.end == word >> 16
