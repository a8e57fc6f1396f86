"""Items of a record to typed columns, under a contract: one column of all records of a block at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from runtime.columns import bounds
from runtime.columns.check import CHECKS
from runtime.columns.column import Column, arrow_type
from runtime.columns.string_column import Bytes, Mask, Texts, fixed_array
from runtime.contracts.code_pages import is_ebcdic
from runtime.contracts.model import Contract, Field
from runtime.formats.copybook import binary, floats, packed, text, zoned
from runtime.formats.copybook.bit_words import Decoded
from runtime.formats.copybook.items import BINARY_NUMBER, FLOAT, TEXT, ZONED, Place

NULL = "null"


@dataclass(frozen=True)
class Reading:
    """How a contract's bytes are read. ``padding`` are the bytes that make a number null where it holds nothing else."""

    page: str
    padding: tuple[int, ...]
    missing_values: tuple[str, ...]

    @classmethod
    def of(cls, contract: Contract, page: str) -> Reading:
        dialect = contract.fixed_length
        padding = [(0, dialect.low_values), (blank(page), dialect.spaces)]
        return cls(page, tuple(byte for byte, means in padding if means == NULL), contract.missing_values)


def blank(page: str) -> int:
    return 0x40 if is_ebcdic(page) else 0x20


def column(matrix: Bytes, place: Place, field: Field, absent: Mask, reading: Reading) -> Column:
    """The item at *place* of every record; *absent* are records without it, for which it is null."""
    if place.kind == TEXT:
        texts, refused = text.decode(matrix, place.offset, place.length, text.code_page(reading.page))
        return _of_texts(texts, field, absent, refused & ~absent, reading)
    if place.kind == FLOAT:
        values = floats.decode(matrix, place)
        bad = bounds.floats_out(values, field) & ~absent
        return Column(fixed_array(pa.float64(), values, absent), bad | (absent if field.required else bad))
    found = number(matrix, place, reading.page)
    null = absent | _padded(matrix, place, found.bad, reading)
    bad = found.bad & ~null
    if field.type not in ("integer", "number"):
        assert found.small is not None
        return _of_texts(text.digit_texts(found.small, place.digits), field, null, bad, reading)
    return _of_numbers(found, field, null, bad)


def number(matrix: Bytes, place: Place, page: str) -> Decoded:
    """The whole number that a numeric item spells, by its picture alone."""
    if place.kind == ZONED:
        return zoned.decode(matrix, place, ebcdic=is_ebcdic(page))
    return binary.decode(matrix, place) if place.kind == BINARY_NUMBER else packed.decode(matrix, place)


def _padded(matrix: Bytes, place: Place, bad: Mask, reading: Reading) -> Mask:
    """Which of the *bad* values are nothing but a padding that the contract takes for null."""
    null = np.zeros(len(bad), np.bool_)
    if reading.padding and bad.any():
        rows = np.flatnonzero(bad)
        raw = matrix[rows, place.offset : place.offset + place.length]
        for byte in reading.padding:
            null[rows] |= (raw == byte).all(axis=1)
    return null


def _of_texts(texts: Texts, field: Field, null: Mask, bad: Mask, reading: Reading) -> Column:
    missing = (null | texts.among(reading.missing_values)) & ~bad
    checked = CHECKS[field.type](texts, field, missing)
    bad = bad | checked.bad
    return replace(checked, bad=bad | missing if field.required else bad)


def _of_numbers(found: Decoded, field: Field, null: Mask, bad: Mask) -> Column:
    if field.type == "integer":
        assert found.small is not None
        array, out = fixed_array(pa.int64(), found.small, null), bounds.integers_out(found.small, field)
    else:
        words = found.as_wide
        array, out = fixed_array(arrow_type(field), words, null), bounds.decimals_out(words, field)
    bad = bad | (out & ~null)
    return Column(array, bad | null if field.required else bad)
