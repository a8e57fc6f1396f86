"""What belongs together of two files that are in one order: unit by unit, past those that only one of them has.

A record that the new system rejected, or the old one did, is missing in the middle of one file. All that follows would seem to
differ if it were compared by its number; so where keys differ, the nearest place is sought where they agree again. Units whose keys
the other file does not have are alone, unless they are the same in all but the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from runtime.formats.copybook.blocks import Bytes
from runtime.formats.copybook.items import ElementaryItem

#: Units that are looked at for a key that the other file has: a run of more that are missing reads as changed keys.
LOOK_AHEAD = 1000
#: Units that are compared at once: what is compared beyond a difference is compared again.
_WINDOW = 4096


class Span(NamedTuple):
    """Equally many units of both files from number ``first`` of each (from 0), or units that one has alone: the other's are empty."""

    legacy_first: int
    legacy: Bytes
    ours_first: int
    ours: Bytes


class _Side:
    """One file: the units that are held, and the number of the first of them."""

    def __init__(self, pieces: Iterator[Bytes], unit_bytes: int) -> None:
        self._pieces = pieces
        self.held: Bytes = np.empty((0, unit_bytes), np.uint8)
        self.first = 0

    def fill(self) -> None:
        while len(self.held) < LOOK_AHEAD:
            piece = next(self._pieces, None)
            if piece is None:
                return
            self.held = np.concatenate((self.held, piece)) if len(self.held) else piece

    def take(self, count: int) -> tuple[int, Bytes]:
        first, taken = self.first, self.held[:count]
        self.held, self.first = self.held[count:], first + count
        return first, taken


def aligned(legacy: Iterator[Bytes], ours: Iterator[Bytes], key: ElementaryItem, unit_bytes: int) -> Iterator[Span]:
    one, other = _Side(legacy, unit_bytes), _Side(ours, unit_bytes)
    span = slice(key.offset, key.offset + key.length)
    while True:
        one.fill()
        other.fill()
        both = min(len(one.held), len(other.held), _WINDOW)
        if not both:
            break
        differing = np.flatnonzero((one.held[:both, span] != other.held[:both, span]).any(axis=1))
        alike = int(differing[0]) if len(differing) else both
        if alike:
            yield Span(*one.take(alike), *other.take(alike))
            continue
        ahead = _first(one.held, other.held[0], span), _first(other.held, one.held[0], span)
        skipped, by_ours = min((count or LOOK_AHEAD, by_ours) for by_ours, count in enumerate(ahead))
        if skipped == LOOK_AHEAD:
            if _same_but_for(span, one.held[0], other.held[0]):
                yield Span(*one.take(1), *other.take(1))
            else:
                yield Span(*one.take(1), *other.take(0))
                yield Span(*one.take(0), *other.take(1))
        else:
            yield Span(*one.take(0 if by_ours else skipped), *other.take(skipped if by_ours else 0))
    for side, by_ours in ((one, False), (other, True)):
        while len(side.held):
            count = len(side.held)
            yield Span(*one.take(0 if by_ours else count), *other.take(count if by_ours else 0))
            side.fill()


def _same_but_for(span: slice, one: Bytes, other: Bytes) -> bool:
    equal = one == other
    return bool(equal[: span.start].all() and equal[span.stop :].all())


def _first(held: Bytes, unit: Bytes, span: slice) -> int | None:
    """How many units of *held* come before the first that has the key of *unit*; it is not at the front."""
    found = np.flatnonzero((held[:LOOK_AHEAD, span] == unit[span]).all(axis=1))
    return int(found[0]) if len(found) else None
