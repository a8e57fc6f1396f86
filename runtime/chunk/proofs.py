"""Combines the chunks' proofs: either all boundaries are record boundaries, or the file is planned again from an offset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence


@dataclass(frozen=True)
class ChunkProof:
    """The proof of the chunk ``[start, end)``; both statements hold on condition that ``start`` is a record boundary.

    ``aligned``: ``end`` is a record boundary too. ``broken_at`` is the file offset after which no record ends within
    the chunk, for example because of an unclosed quote.
    """

    start: int
    end: int
    aligned: bool
    broken_at: int | None = None


@dataclass(frozen=True)
class Verdict:
    """``replan_from`` is a proved record boundary after which the plan is wrong.

    ``never_ends`` is the offset after which the file has no end of a record, whatever the plan. Both are None if all proofs hold.
    """

    replan_from: int | None = None
    never_ends: int | None = None


def fold(chunks: Sequence[ChunkProof], first_start: int, size: int) -> Verdict:
    """Fold the proofs of all chunks of a file, in order, from the end of the header to the end of the file.

    The first chunk begins on a boundary, and each aligned chunk ends on one, where its successor begins. So the
    first chunk that is not aligned began on a boundary and its planned end is wrong; the proofs of later
    chunks are meaningless.

    If that chunk is the file's last, no other plan helps. Raises ValueError if the ranges are not contiguous
    from *first_start* to *size*, or if the last chunk is not aligned and has no ``broken_at``.
    """
    position = first_start
    for chunk in chunks:
        if chunk.start != position or chunk.end <= chunk.start:
            raise ValueError(f"a chunk covers [{chunk.start}, {chunk.end}) where one from byte {position} is due")
        position = chunk.end
    if position != size:
        raise ValueError(f"the chunks end at byte {position} of {size}")
    broken = next((chunk for chunk in chunks if not chunk.aligned), None)
    if broken is None:
        return Verdict()
    if broken.end < size:
        return Verdict(replan_from=broken.start)
    if broken.broken_at is None:
        raise ValueError(f"the last chunk, from byte {broken.start}, is not aligned and does not say where its last record begins")
    return Verdict(never_ends=broken.broken_at)
