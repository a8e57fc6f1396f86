"""COMP-1 and COMP-2: hexadecimal floating point (z/Architecture Principles of Operation, "Hexadecimal-floating-point").

A sign bit, an exponent of 16 in excess of 64, then a fraction of 6 or 14 hexadecimal digits. Every
pattern of bits is a number. The fractions of COMP-2 have up to 56 bits and are rounded to the 53 of a float64.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from runtime.columns.string_column import Bytes
from runtime.formats.copybook.bit_words import words
from runtime.formats.copybook.items import ElementaryItem

Floats = npt.NDArray[np.float64]

_EXCESS = 64


def decode(matrix: Bytes, item: ElementaryItem) -> Floats:
    found = words(matrix, item.offset, item.offset + item.length)
    fraction_bits = 8 * item.length - 8
    fraction = (found & np.uint64(2**fraction_bits - 1)).astype(np.float64)
    head = (found >> np.uint64(fraction_bits)).astype(np.int32)
    values = np.ldexp(fraction, 4 * ((head & 0x7F) - _EXCESS) - fraction_bits)
    # Minus zero is zero.
    signed: Floats = np.where(head >= 0x80, -values, values) + 0.0
    return signed


def encode(values: Floats, length: int) -> Bytes:
    """*values* as normalized numbers of *length* bytes, rounded to nearest; raise ValueError for what is out of reach."""
    fraction_bits = 8 * length - 8
    if not np.isfinite(values).all():
        raise ValueError("a number is not finite")
    mantissa, exponent = np.frexp(np.abs(values))
    sixteenth = -(-exponent // 4)
    fraction = np.rint(np.ldexp(mantissa, fraction_bits - (4 * sixteenth - exponent))).astype(np.uint64)
    carried = fraction == np.uint64(2**fraction_bits)
    fraction = np.where(carried, fraction >> np.uint64(4), fraction)
    characteristic = np.where(fraction == 0, 0, sixteenth + carried + _EXCESS).astype(np.int64)
    if (characteristic > 0x7F).any() or (characteristic < 0).any():
        raise ValueError("a number is beyond 16 to the power of 63, or nearer to zero than of -65")
    head = characteristic.astype(np.uint64) | ((values < 0).astype(np.uint64) << np.uint64(7))
    whole = (head << np.uint64(fraction_bits)) | fraction
    encoded: Bytes = whole.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - length :]
    return encoded
