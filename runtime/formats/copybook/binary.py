"""COMP and COMP-5: big-endian two's complement of 2, 4 or 8 bytes, as z/OS has it.

COMP keeps within its picture's digits (TRUNC(STD)); COMP-5 has all the bits.
"""

from __future__ import annotations

import numpy as np

from runtime.columns.string_column import Bytes
from runtime.formats.copybook.bit_words import INT64_DIGITS, Decoded, Piece, number, words
from runtime.formats.copybook.descriptions import NATIVE
from runtime.formats.copybook.items import ElementaryItem


def decode(matrix: Bytes, item: ElementaryItem) -> Decoded:
    found = words(matrix, item.offset, item.offset + item.length)
    if item.signed:
        # The sign bit to the top and back.
        shift = 64 - 8 * item.length
        values = (found << np.uint64(shift)).view(np.int64) >> shift
        magnitude = np.abs(values).view(np.uint64)
        negative = values < 0
    else:
        magnitude, negative = found, None
    if item.usage != NATIVE:
        return number([Piece(magnitude, item.digits)], negative, magnitude >= np.uint64(10**item.digits), item.power)
    good = np.zeros(len(matrix), np.bool_)
    if item.digits + item.power <= INT64_DIGITS or (item.whole and item.signed):
        return Decoded((values if item.signed else found.view(np.int64)) * 10**item.power, None, good)
    by = np.uint64(10**16)
    return number([Piece(magnitude // by, 4), Piece(magnitude % by, 16)], negative, good, item.power)
