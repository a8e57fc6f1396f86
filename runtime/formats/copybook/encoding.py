"""Typed columns to records, as a copybook lays them out: the inverse of decoding, for what goes back to a mainframe."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from runtime.columns.string_column import Bytes, Mask, StringColumn, memory, numbers_of
from runtime.contracts.code_pages import codes, is_ebcdic
from runtime.formats.copybook import floats, packed, zoned
from runtime.formats.copybook.bit_words import Words
from runtime.formats.copybook.decoding import blank
from runtime.formats.copybook.descriptions import NATIVE
from runtime.formats.copybook.items import FLOAT, PACKED_DECIMAL, TEXT, ZONED, ElementaryItem
from runtime.formats.copybook.record import Record

_LOW_32 = np.uint64(2**32 - 1)


def encode(columns: pa.Table, record: Record, page: str) -> bytes:
    """One record of ``record.maximum`` bytes for each row, blanks where the copybook has FILLER.

    Text is padded with blanks, null text is all blanks; numbers have the preferred signs, null
    ones are low-values where these are no number. Raises ValueError that names the column for a
    value that its item cannot hold, and for copybooks whose records are of several shapes.
    """
    if record.varies:
        raise ValueError("the copybook's records are of several shapes; an output has one")
    if not len(columns):
        return b""
    matrix = np.full((len(columns), record.maximum), blank(page), np.uint8)
    for item in record.items:
        if item.name not in columns.column_names:
            raise ValueError(f"column {item.name!r} of the copybook is not among the columns {', '.join(columns.column_names)}")
        # A copy, which begins with its buffers also where the table is a slice.
        array = columns.column(item.name).combine_chunks()
        try:
            matrix[:, item.offset : item.offset + item.length] = _item(array, item, page)
        except (ValueError, pa.ArrowException) as error:
            raise ValueError(f"column {item.name!r}, {item.description}: {error}") from error
    return matrix.tobytes()


def _item(array: pa.Array[Any], item: ElementaryItem, page: str) -> Bytes:
    null = _nulls(array)
    if item.kind == TEXT:
        return _text(array, null, item.length, page)
    if item.kind == FLOAT:
        _refuse(null, "a floating point number is never null")
        return floats.encode(numbers_of(array.cast(pa.float64()), np.float64), item.length)
    negative, high, low = _magnitudes(array, item, null)
    if not item.signed:
        _refuse(negative, "a number without a sign is not negative")
    if item.kind not in (ZONED, PACKED_DECIMAL):
        _refuse(null, "a binary number is never null")
        return _binary(negative, high, low, item)
    digits = _digits(high, low, item.digits)
    encoded = _zoned(digits, negative, item, page) if item.kind == ZONED else _packed(digits, negative, item)
    encoded[null] = 0
    return encoded


def _refuse(wrong: Mask, rule: str) -> None:
    if wrong.any():
        raise ValueError(f"{rule}; row {int(np.flatnonzero(wrong)[0])} is")


def _nulls(array: pa.Array[Any]) -> Mask:
    if not array.null_count:
        return np.zeros(len(array), np.bool_)
    bits = memory(array.buffers()[0], np.uint8)
    return ~np.unpackbits(bits, count=len(array), bitorder="little").view(np.bool_)


def _magnitudes(array: pa.Array[Any], item: ElementaryItem, null: Mask) -> tuple[Mask, Words, Words]:
    """Which numbers are negative, and all without their signs in the unit of the item's last digit: 128 bits, high and low word."""
    if pa.types.is_integer(array.type):
        array = array.cast(pa.int64()).cast(pa.decimal128(19, 0))
    decimals = array.cast(pa.decimal128(38, item.scale))
    words = numbers_of(decimals, np.uint64).reshape(-1, 2)
    low, high = (np.where(null, np.uint64(0), words[:, at]) for at in (0, 1))
    negative = high.view(np.int64) < 0
    low = np.where(negative, ~low + np.uint64(1), low)
    high = np.where(negative, ~high + (low == 0), high)
    for done in range(0, item.power, 8):
        high, low, rest = _divided(high, low, 10 ** min(item.power - done, 8))
        _refuse(rest != 0, f"a number is no multiple of {10**item.power}")
    return negative, high, low


def _divided(high: Words, low: Words, by: int) -> tuple[Words, Words, Words]:
    """Quotients, high and low word, and remainders of 128-bit numbers; *by* fits 32 bits."""
    divisor, shift = np.uint64(by), np.uint64(32)
    if not high.any():
        return high, low // divisor, low % divisor
    rest = np.zeros_like(high)
    quotients: list[Words] = []
    for limb in (high >> shift, high & _LOW_32, low >> shift, low & _LOW_32):
        part = (rest << shift) | limb
        quotients.append(part // divisor)
        rest = part % divisor
    return (quotients[0] << shift) | quotients[1], (quotients[2] << shift) | quotients[3], rest


def _digits(high: Words, low: Words, count: int) -> Bytes:
    """The decimal digits, shape (n, *count*); raise ValueError where there are more."""
    digits = np.empty((len(low), count), np.uint8)
    for end in range(count, 0, -8):
        begin = max(end - 8, 0)
        high, low, chunk = _divided(high, low, 10 ** (end - begin))
        for column in range(end - 1, begin - 1, -1):
            chunk, digits[:, column] = np.divmod(chunk, np.uint64(10))
    _refuse((high != 0) | (low != 0), f"a number has more than {count} digits")
    return digits


def _zoned(digits: Bytes, negative: Mask, item: ElementaryItem, page: str) -> Bytes:
    ebcdic = is_ebcdic(page)
    encoded: Bytes = digits | np.uint8(zoned.EBCDIC_ZONE if ebcdic else zoned.ASCII_ZONE)
    if not item.signed:
        return encoded
    if item.sign.separate:
        plus, minus = zoned.sign_bytes(ebcdic=ebcdic)
        signs = np.where(negative, np.uint8(minus), np.uint8(plus))[:, np.newaxis]
        return np.concatenate((signs, encoded) if item.sign.first else (encoded, signs), axis=1)
    at = 0 if item.sign.first else -1
    signed = np.array([[zoned.overpunched(digit, sign, ebcdic=ebcdic) for digit in range(10)] for sign in (False, True)], np.uint8)
    encoded[:, at] = signed[negative.astype(np.int64), digits[:, at]]
    return encoded


def _packed(digits: Bytes, negative: Mask, item: ElementaryItem) -> Bytes:
    halves = np.zeros((len(digits), 2 * item.length), np.uint8)
    halves[:, -1 - digits.shape[1] : -1] = digits
    halves[:, -1] = np.where(negative, packed.NEGATIVE, packed.POSITIVE) if item.signed else packed.UNSIGNED
    encoded: Bytes = (halves[:, ::2] << np.uint8(4)) | halves[:, 1::2]
    return encoded


def _binary(negative: Mask, high: Words, low: Words, item: ElementaryItem) -> Bytes:
    """Two's complement, within the picture's digits, or the bits of COMP-5."""
    if item.usage == NATIVE:
        largest = 2 ** (8 * item.length - item.signed) - 1
        wrong = (high != 0) | (low > np.where(negative, np.uint64(largest + 1 if item.signed else 0), np.uint64(largest)))
    else:
        wrong = (high != 0) | (low >= np.uint64(10**item.digits))
    _refuse(wrong, f"a number is out of the range of {item.length} bytes")
    complement = np.where(negative, ~low + np.uint64(1), low)
    encoded: Bytes = complement.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - item.length :]
    return encoded


def _text(array: pa.Array[Any], null: Mask, length: int, page: str) -> Bytes:
    if not pa.types.is_string(array.type):
        array = array.cast(pa.string())
    texts = StringColumn.of(array)
    if not texts.ascii:
        return np.array([list(_padded(value or "", length, page)) for value in array.to_pylist()], np.uint8).reshape(-1, length)
    lengths = np.where(null, 0, texts.lengths)
    # Arrow may keep bytes of what is null.
    data = texts.data[np.repeat(~null, texts.lengths)] if null.any() else texts.data
    codes = np.frombuffer(_ascii(page), np.uint8)[data]
    _refuse(lengths > length, f"a text is longer than {length} characters")
    _check_characters(codes, data)
    encoded = np.full((len(array), length), blank(page), np.uint8)
    encoded[np.arange(length) < lengths[:, np.newaxis]] = codes
    return encoded


def _check_characters(codes: Bytes, data: Bytes) -> None:
    refused = data[codes == 0]
    if len(refused):
        raise ValueError(f"{chr(refused[0])!r} is a character that no record has")


@lru_cache(maxsize=16)
def _ascii(page: str) -> bytes:
    """The code of each ASCII character, zero for those that no record has."""
    return bytes(codes(page).get(chr(code), 0) for code in range(128))


def _padded(value: str, length: int, page: str) -> bytes:
    known = codes(page)
    unknown = next((character for character in value if character not in known), None)
    if unknown is not None:
        raise ValueError(f"{unknown!r} is a character that {page} does not have")
    if len(value) > length:
        raise ValueError(f"a text is longer than {length} characters")
    return bytes(known[character] for character in value).ljust(length, bytes([known[" "]]))
