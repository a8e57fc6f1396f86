"""COMP-3: a digit in each half of a byte, the sign in the last half (z/Architecture Principles of Operation, "Packed format")."""

from __future__ import annotations

import numpy as np

from runtime.columns.string_column import Bytes
from runtime.formats.copybook.bit_words import WORD_BYTES, Decoded, Piece, Words, number, words
from runtime.formats.copybook.items import ElementaryItem

POSITIVE, NEGATIVE, UNSIGNED = 0xC, 0xD, 0xF
_ODD = np.uint64(0x0F0F0F0F0F0F0F0F)


def decode(matrix: Bytes, item: ElementaryItem) -> Decoded:
    """Every half byte is looked at: those of the digits, the sign's, and the first, which is zero where the digits are even."""
    start, end = item.offset, item.offset + item.length
    sign = matrix[:, end - 1] & np.uint8(0xF)
    negative = sign == NEGATIVE if item.signed else None
    bad = sign != UNSIGNED
    if negative is not None:
        bad &= (sign != POSITIVE) & ~negative
    flags = np.zeros(len(matrix), np.uint64)
    pieces: list[Piece] = []
    for stop in range(end, start, -WORD_BYTES):
        begin = max(stop - WORD_BYTES, start)
        found = words(matrix, begin, stop)
        digits = 2 * (stop - begin)
        if stop == end:
            found >>= np.uint64(4)
            digits -= 1
        if begin == start and item.digits % 2 == 0:
            flags |= found >> np.uint64(4 * (digits - 1))
            digits -= 1
        low, high = found & _ODD, (found >> np.uint64(4)) & _ODD
        # A half above 9 reaches the half above it with 6 added.
        flags |= ((low + np.uint64(0x0606060606060606)) | (high + np.uint64(0x0606060606060606))) & ~_ODD
        pieces.insert(0, Piece(_sixteen_digits(low + high * np.uint64(10)), digits))
    return number(pieces, negative, bad | (flags != 0), item.power)


def _sixteen_digits(pairs: Words) -> Words:
    """The number that eight bytes spell, each of 0 to 99."""
    fours = (pairs & np.uint64(0x00FF00FF00FF00FF)) + ((pairs >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(100)
    eights = (fours & np.uint64(0x0000FFFF0000FFFF)) + ((fours >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(10_000)
    sixteen: Words = (eights & np.uint64(2**32 - 1)) + (eights >> np.uint64(32)) * np.uint64(10**8)
    return sixteen
