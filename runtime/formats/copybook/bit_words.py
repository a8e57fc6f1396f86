"""Bytes of every record at once, eight to a 64-bit word, and whole numbers put together from pieces.

A word of a big-endian number holds its first byte on top, so that decimal digits are paired by
shifting: eight of them take a dozen operations on a whole column (SIMD within a register).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np
import numpy.typing as npt

from runtime.columns.string_column import Bytes, Mask, Numbers

Words = npt.NDArray[np.uint64]

WORD_BYTES = 8
#: Decimal digits that always fit a signed 64-bit number.
INT64_DIGITS = 18
_SMALL_DIGITS = 8
_LOW_32 = np.uint64(2**32 - 1)


def every_byte(value: int, count: int = WORD_BYTES) -> np.uint64:
    """A word with *value* in each of its last *count* bytes."""
    word: np.uint64 = np.uint64(int.from_bytes(bytes([value]) * count, "big"))
    return word


def cut(matrix: Bytes, start: int, length: int) -> Bytes:
    """Some columns of *matrix* as a matrix of their own, copied item by item, which is cheaper than byte by byte."""
    items = matrix[:, start : start + length].view(f"V{length}")
    return np.ascontiguousarray(items).view(np.uint8).reshape(len(matrix), length)


def words(matrix: Bytes, start: int, end: int) -> Words:
    """Bytes *start* to *end* (at most 8) of each record as a big-endian number, zeros above."""
    if matrix.shape[1] < WORD_BYTES:
        narrow, matrix = matrix, np.zeros((len(matrix), WORD_BYTES), np.uint8)
        matrix[:, : narrow.shape[1]] = narrow
    first = max(end - WORD_BYTES, 0)
    found: Words = matrix[:, first : first + WORD_BYTES].view(">u8").reshape(len(matrix)).astype(np.uint64)
    after = first + WORD_BYTES - end
    if after:
        found >>= np.uint64(8 * after)
    if end - start < WORD_BYTES:
        found &= every_byte(0xFF, end - start)
    return found


def eight_digits(digits: Words, count: int) -> Words:
    """The numbers that the last *count* bytes spell, each byte one digit of 0 to 9."""
    digits = (digits + (digits >> np.uint64(8)) * np.uint64(10)) & np.uint64(0x00FF00FF00FF00FF)
    if count > 2:
        digits = (digits + (digits >> np.uint64(16)) * np.uint64(100)) & np.uint64(0x0000FFFF0000FFFF)
    if count > 4:
        digits = (digits + (digits >> np.uint64(32)) * np.uint64(10_000)) & _LOW_32
    return digits


@dataclass(frozen=True)
class Piece:
    """The next ``digits`` (at most 18) of a number: less than 10 to that power."""

    values: Words
    digits: int


@dataclass(frozen=True)
class Decoded:
    """Whole numbers of up to 18 digits in ``small``, else in ``wide``: 128 bits each, shape (n, 2), low word first.

    What stands at ``bad`` means nothing: there the bytes are no number of their picture.
    """

    small: Numbers | None
    wide: Words | None
    bad: Mask

    @property
    def as_wide(self) -> Words:
        if self.wide is not None:
            return self.wide
        assert self.small is not None
        return np.stack((self.small.view(np.uint64), (self.small >> 63).view(np.uint64)), axis=1)


def number(pieces: Sequence[Piece], negative: Mask | None, bad: Mask, power: int = 0) -> Decoded:
    """The numbers of *pieces*, most significant first, times ten to *power*."""
    if sum(piece.digits for piece in pieces) + power <= INT64_DIGITS:
        total = pieces[0].values
        for piece in pieces[1:]:
            total = total * np.uint64(10**piece.digits) + piece.values
        small = (total * np.uint64(10**power) if power else total).view(np.int64)
        return Decoded(np.where(negative, -small, small) if negative is not None else small, None, bad)
    high, low = np.zeros_like(pieces[0].values), np.zeros_like(pieces[0].values)
    zeros = [Piece(np.zeros_like(high), min(_SMALL_DIGITS, power - done)) for done in range(0, power, _SMALL_DIGITS)]
    for part in [small for piece in pieces for small in _small(piece)] + zeros:
        high, low = _times_plus(high, low, np.uint64(10**part.digits), part.values)
    if negative is not None:
        low = np.where(negative, ~low + np.uint64(1), low)
        high = np.where(negative, ~high + (low == 0), high)
    return Decoded(None, np.stack((low, high), axis=1), bad)


def _small(piece: Piece) -> list[Piece]:
    """The same digits in pieces that fit 32 bits."""
    if piece.digits <= _SMALL_DIGITS:
        return [piece]
    by = np.uint64(10**_SMALL_DIGITS)
    return [*_small(Piece(piece.values // by, piece.digits - _SMALL_DIGITS)), Piece(piece.values % by, _SMALL_DIGITS)]


def _times_plus(high: Words, low: Words, factor: np.uint64, term: Words) -> tuple[Words, Words]:
    """128-bit numbers times a factor of 32 bits, plus a term of 32 bits."""
    bottom = (low & _LOW_32) * factor + term
    top = (low >> np.uint64(32)) * factor + (bottom >> np.uint64(32))
    return high * factor + (top >> np.uint64(32)), (top << np.uint64(32)) | (bottom & _LOW_32)
