"""DISPLAY numbers: a digit in each byte, its zone checked, the sign over a digit or in a byte of its own.

z/Architecture Principles of Operation, "Zoned format": the preferred signs are C and D, unsigned digits
have F. In ASCII, what a translation makes of the overpunched EBCDIC characters: ``{A-I`` and ``}J-R``.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from runtime.columns.string_column import Bytes, Mask
from runtime.formats.copybook.bit_words import WORD_BYTES, Decoded, Piece, Words, eight_digits, every_byte, number, words
from runtime.formats.copybook.items import ElementaryItem

EBCDIC_ZONE, ASCII_ZONE = 0xF0, 0x30
_NEGATIVE, _NO_DIGIT, _DIGIT = 0x80, 0x40, 0x0F
_ASCII_POSITIVE, _ASCII_NEGATIVE = b"{ABCDEFGHI", b"}JKLMNOPQR"
_EBCDIC_SIGNS, _ASCII_SIGNS = (0x4E, 0x60), (ord("+"), ord("-"))


def overpunched(digit: int, negative: bool, *, ebcdic: bool) -> int:
    """The byte of a *digit* that carries the sign, as it is preferred."""
    if ebcdic:
        return (0xD0 if negative else 0xC0) | digit
    return (_ASCII_NEGATIVE if negative else _ASCII_POSITIVE)[digit]


def sign_bytes(*, ebcdic: bool) -> tuple[int, int]:
    """Plus and minus of a sign in a byte of its own."""
    return _EBCDIC_SIGNS if ebcdic else _ASCII_SIGNS


@lru_cache(maxsize=2)
def signed_digits(*, ebcdic: bool) -> Bytes:
    """For each byte its digit, with 0x80 for negative ones and 0x40 where it is no digit that may carry a sign."""
    table = np.full(256, _NO_DIGIT, np.uint8)
    for digit in range(10):
        table[(EBCDIC_ZONE if ebcdic else ASCII_ZONE) | digit] = digit
        for negative in (False, True):
            table[overpunched(digit, negative, ebcdic=ebcdic)] = digit | (_NEGATIVE if negative else 0)
    return table


def is_signed_digit(byte: int, *, ebcdic: bool) -> bool:
    """True for a digit, with its sign over it or without."""
    return not signed_digits(ebcdic=ebcdic)[byte] & _NO_DIGIT


def decode(matrix: Bytes, item: ElementaryItem, *, ebcdic: bool) -> Decoded:
    start, end = item.offset, item.offset + item.length
    negative: Mask | None = None
    flags = np.zeros(len(matrix), np.uint64)
    sign_at = None
    if item.signed and item.sign.separate:
        at = start if item.sign.first else end - 1
        plus, minus = sign_bytes(ebcdic=ebcdic)
        negative = matrix[:, at] == minus
        flags |= (matrix[:, at] != plus) & ~negative
        start, end = (start + 1, end) if item.sign.first else (start, end - 1)
    elif item.signed:
        sign_at = start if item.sign.first else end - 1
    zone = EBCDIC_ZONE if ebcdic else ASCII_ZONE
    pieces: list[Piece] = []
    for stop in range(end, start, -WORD_BYTES):
        begin = max(stop - WORD_BYTES, start)
        found = words(matrix, begin, stop) ^ every_byte(zone, stop - begin)
        if sign_at is not None and begin <= sign_at < stop:
            entry = signed_digits(ebcdic=ebcdic)[matrix[:, sign_at]]
            negative = entry >= _NEGATIVE
            found = _with_digit(found, entry, 8 * (stop - 1 - sign_at))
            flags |= entry & _NO_DIGIT
        # A byte above 9 reaches the top bit with 0x76 added, or has it already.
        flags |= ((found + every_byte(0x76)) | found) & every_byte(0x80)
        pieces.insert(0, Piece(eight_digits(found, stop - begin), stop - begin))
    return number(pieces, negative, flags != 0, item.power)


def _with_digit(found: Words, entry: Bytes, shift: int) -> Words:
    """The plain digit in the item of the one with the sign."""
    others = found & np.uint64((2**64 - 1) ^ (0xFF << shift))
    plain: Words = others | ((entry & np.uint8(_DIGIT)).astype(np.uint64) << np.uint64(shift))
    return plain
