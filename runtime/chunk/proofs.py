"""From the chunks' proofs to the file's: every boundary was a real one, or where to plan again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence


@dataclass(frozen=True)
class ChunkProof:
    """What the processor of ``[start, end)`` saw.

    ``aligned`` says: if the chunk began on a record boundary, it ended on one. ``broken_at`` is the
    file offset after which no record ends within the chunk (a quote that is never closed, say), on the same condition.
    """

    start: int
    end: int
    aligned: bool
    broken_at: int | None = None


@dataclass(frozen=True)
class Verdict:
    """``replan_from`` is a proved boundary after which the plan does not hold.

    ``never_ends`` is where the file's last record begins to have no end, wherever it is cut. Both are None when all holds.
    """

    replan_from: int | None = None
    never_ends: int | None = None


def fold(chunks: Sequence[ChunkProof], first_start: int, size: int) -> Verdict:
    """Fold the proofs of all chunks of a file, in order, from the end of the header to the end of the file.

    The first chunk begins on a boundary, and an aligned chunk hands one to its successor. So the
    first chunk that is not aligned began on a boundary and its end was guessed wrong; what later
    chunks say about themselves means nothing.

    Where that chunk ends with the file no other cut could mend it. Raises ValueError when the ranges are not
    contiguous from *first_start* to *size*, or when a last chunk is not aligned and does not say where that began.
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
