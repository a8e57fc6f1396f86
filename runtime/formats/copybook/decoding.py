"""Items of a record to typed columns, under a contract: one column of all records of a block at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

import numpy as np
import pyarrow as pa

from runtime.columns.bounds import DecimalBounds, float_bounds, integer_bounds
from runtime.columns.check import check_of
from runtime.columns.column import Column, arrow_type
from runtime.columns.string_column import Bytes, Mask, StringColumn, fixed_array
from runtime.contracts.code_pages import is_ebcdic
from runtime.contracts.model import Contract, Field
from runtime.formats.copybook import binary, floats, packed, text, zoned
from runtime.formats.copybook.bit_words import Decoded
from runtime.formats.copybook.items import BINARY_NUMBER, FLOAT, TEXT, ZONED, ElementaryItem
from runtime.formats.copybook.terms import dialect_of

NULL = "null"


@dataclass(frozen=True)
class DecodingRules:
    """How a contract's bytes are decoded. ``padding`` are the bytes that make a number null where it holds only them."""

    page: str
    padding: tuple[int, ...]
    missing_values: tuple[str, ...]

    @classmethod
    def of(cls, contract: Contract, page: str) -> DecodingRules:
        dialect = dialect_of(contract)
        padding = [(0, dialect.low_values), (blank(page), dialect.spaces)]
        return cls(page, tuple(byte for byte, means in padding if means == NULL), contract.missing_values)


def blank(page: str) -> int:
    return 0x40 if is_ebcdic(page) else 0x20


class ItemDecoder:
    """One elementary item and the contract's field of its name, compiled: the item's bytes in many records become a typed column."""

    def __init__(self, item: ElementaryItem, field: Field, rules: DecodingRules) -> None:
        self.item, self.field = item, field
        self._alone = replace(item, offset=0)
        self._rules, self._required = rules, field.required
        self._arrow_type = arrow_type(field)
        self._decode = self._kind()

    def column(self, matrix: Bytes, absent: Mask) -> Column:
        """The column of the records in *matrix*; *absent* are records without the item, for which it is null."""
        return self._decode(matrix, self.item, absent)

    def column_alone(self, matrix: Bytes) -> Column:
        """The column of a *matrix* that holds only the item's bytes."""
        return self._decode(matrix, self._alone, np.zeros(len(matrix), np.bool_))

    def _kind(self) -> Callable[[Bytes, ElementaryItem, Mask], Column]:
        """Which of the decodings below the item's kind and the field's type ask for."""
        field = self.field
        if self.item.kind == FLOAT:
            self._float_bounds = float_bounds(field)
            return self._float
        if self.item.kind == TEXT or field.type not in ("integer", "number"):
            self._check_texts = check_of(field)
            return self._text if self.item.kind == TEXT else self._digits
        if field.type == "integer":
            self._integer_bounds = integer_bounds(field)
            return self._integer
        self._decimal_bounds = DecimalBounds(field)
        return self._decimal

    def _text(self, matrix: Bytes, item: ElementaryItem, absent: Mask) -> Column:
        texts, refused = text.decode(matrix, item.offset, item.length, text.code_page(self._rules.page))
        return self._checked(texts, absent, refused & ~absent)

    def _digits(self, matrix: Bytes, item: ElementaryItem, absent: Mask) -> Column:
        """Of a number's digits, zeros in front, as text."""
        decoded, null, bad = self._number(matrix, item, absent)
        assert decoded.small is not None
        return self._checked(text.digit_texts(decoded.small, item.digits), null, bad)

    def _float(self, matrix: Bytes, item: ElementaryItem, absent: Mask) -> Column:
        values = floats.decode(matrix, item)
        bad = self._float_bounds.broken_by(values) & ~absent
        return Column(fixed_array(pa.float64(), values, absent), bad | (absent if self._required else bad))

    def _integer(self, matrix: Bytes, item: ElementaryItem, absent: Mask) -> Column:
        decoded, null, bad = self._number(matrix, item, absent)
        assert decoded.small is not None
        bad = bad | (self._integer_bounds.broken_by(decoded.small) & ~null)
        return Column(fixed_array(pa.int64(), decoded.small, null), bad | null if self._required else bad)

    def _decimal(self, matrix: Bytes, item: ElementaryItem, absent: Mask) -> Column:
        decoded, null, bad = self._number(matrix, item, absent)
        bad = bad | (self._decimal_bounds.broken_by(decoded.as_wide) & ~null)
        return Column(fixed_array(self._arrow_type, decoded.as_wide, null), bad | null if self._required else bad)

    def _number(self, matrix: Bytes, item: ElementaryItem, absent: Mask) -> tuple[Decoded, Mask, Mask]:
        """The numbers, which of them are null, and which are bad."""
        decoded = number(matrix, item, self._rules.page)
        null = absent | _padded(matrix, item, decoded.bad, self._rules)
        return decoded, null, decoded.bad & ~null

    def _checked(self, texts: StringColumn, null: Mask, bad: Mask) -> Column:
        missing = (null | texts.among(self._rules.missing_values)) & ~bad
        checked = self._check_texts(texts, missing)
        bad = bad | checked.bad
        return replace(checked, bad=bad | missing if self._required else bad)


def number(matrix: Bytes, item: ElementaryItem, page: str) -> Decoded:
    """The whole number that a numeric item spells, by its picture alone."""
    if item.kind == ZONED:
        return zoned.decode(matrix, item, ebcdic=is_ebcdic(page))
    return binary.decode(matrix, item) if item.kind == BINARY_NUMBER else packed.decode(matrix, item)


def _padded(matrix: Bytes, item: ElementaryItem, bad: Mask, rules: DecodingRules) -> Mask:
    """Which of the *bad* values hold only a padding that the contract takes for null."""
    null = np.zeros(len(bad), np.bool_)
    if rules.padding and bad.any():
        rows = np.flatnonzero(bad)
        raw = matrix[rows, item.offset : item.offset + item.length]
        for byte in rules.padding:
            null[rows] |= (raw == byte).all(axis=1)
    return null
