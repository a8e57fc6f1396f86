"""From the chunks' proofs to the file's: every boundary was a real one, or where to plan again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

from runtime.errors import UnterminatedQuote


@dataclass(frozen=True)
class ChunkProof:
    """What the processor of ``[start, end)`` saw.

    ``aligned`` says: if the chunk began on a record boundary, it ended on one. ``open_quote`` is the
    file offset of a quote that is never closed within the chunk, on the same condition.
    """

    start: int
    end: int
    aligned: bool
    open_quote: int | None = None


@dataclass(frozen=True)
class Verdict:
    """``replan_from`` is a proved boundary after which the plan does not hold, or None when all of it does."""

    replan_from: int | None

    @property
    def proved(self) -> bool:
        return self.replan_from is None


def fold(chunks: Sequence[ChunkProof], first_start: int, size: int) -> Verdict:
    """Fold the proofs of all chunks of a file, in order, from the end of the header to the end of the file.

    The first chunk begins on a boundary, and an aligned chunk hands one to its successor. So the
    first chunk that is not aligned began on a boundary and its end was guessed wrong; what later
    chunks say about themselves means nothing.

    Raises UnterminatedQuote when that chunk ends with the file: no other cut could close the quote.
    Raises ValueError when the ranges are not contiguous from *first_start* to *size*, or when a
    last chunk is not aligned although it has no open quote.
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
        return Verdict(None)
    if broken.end < size:
        return Verdict(broken.start)
    if broken.open_quote is None:
        raise ValueError(f"the last chunk, from byte {broken.start}, is not aligned and has no open quote")
    raise UnterminatedQuote(broken.open_quote)
