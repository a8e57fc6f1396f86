"""Integers and exact decimals: checked by the positions of the characters that are not digits, then cast as a whole column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from runtime.columns.bounds import DecimalBounds, integer_bounds
from runtime.columns.column import Column, arrow_type
from runtime.columns.string_column import Mask, StringColumn, numbers_of
from runtime.contracts.model import Field
from runtime.contracts.values import INT64_MAX, INT64_MIN, INTEGER_DIGITS, whole_digits

_ZERO, _MINUS = ord("0"), ord("-")


class IntegerCheck:
    def __init__(self, field: Field) -> None:
        self._field, self._bounds = field, integer_bounds(field)

    def __call__(self, texts: StringColumn, missing: Mask) -> Column:
        field = self._field
        bad = _malformed(texts, field, INTEGER_DIGITS, 0)
        long = np.flatnonzero((texts.lengths >= INTEGER_DIGITS) & ~bad & ~missing)
        numbers = [int(text.replace(field.group_char or "", "")) for text in texts.values(long)]
        bad[long] = [not INT64_MIN <= number <= INT64_MAX for number in numbers]
        array = _plain(texts, field, bad | missing).cast(pa.int64())
        bad |= self._bounds.broken_by(numbers_of(array, np.int64))
        bad &= ~missing
        return Column(array, bad)


class DecimalCheck:
    def __init__(self, field: Field) -> None:
        self._field, self._bounds = field, DecimalBounds(field)
        self._arrow_type, self._whole_digits = arrow_type(field), whole_digits(field)

    def __call__(self, texts: StringColumn, missing: Mask) -> Column:
        field = self._field
        assert field.scale is not None
        bad = _malformed(texts, field, self._whole_digits, field.scale)
        if field.precision == field.scale:
            bad |= _whole_part_not_zero(texts)
        array = _plain(texts, field, bad | missing).cast(self._arrow_type)
        bad |= self._bounds.broken_by(numbers_of(array, np.uint64).reshape(-1, 2))
        bad &= ~missing
        return Column(array, bad)


def _malformed(texts: StringColumn, field: Field, max_whole_digits: int, scale: int) -> Mask:
    """Which texts are not ``-``, digits (grouped by thousands, if the field has a group mark), and at most *scale* decimals.

    Nearly all have the same form, with all their decimals and no group mark, and that is cheap to see:
    each of these has its mark at its place; when no byte of theirs but the marks and a leading minus is no digit, they fit.
    """
    if not len(texts.data):
        return np.ones(len(texts), np.bool_)
    negative = texts.data[np.minimum(texts.starts, len(texts.data) - 1)] == _MINUS
    whole = texts.lengths - negative - (scale + 1 if scale else 0)
    usual = (whole >= 1) & (whole <= max_whole_digits)
    if scale:
        usual &= texts.data[np.maximum(texts.starts + texts.lengths - scale - 1, 0)] == ord(field.decimal_char)
    others = texts.where(~usual)
    signs = np.count_nonzero(negative & usual) + (np.count_nonzero(usual) if scale else 0)
    if _not_digits(texts) - _not_digits(others) != signs:
        return _malformed_of_any_form(texts, field, max_whole_digits, scale)
    bad = np.zeros(len(texts), np.bool_)
    bad[~usual] = _malformed_of_any_form(others, field, max_whole_digits, scale)
    return bad


def _not_digits(texts: StringColumn) -> int:
    return int(np.count_nonzero(texts.data - np.uint8(_ZERO) > 9))


def _malformed_of_any_form(texts: StringColumn, field: Field, max_whole_digits: int, scale: int) -> Mask:
    """By the bytes that are no digits, each by its distance from the ends of its text."""
    lengths = texts.lengths
    bad: Mask = lengths == 0
    others = np.flatnonzero(texts.data - np.uint8(_ZERO) > 9)
    rows = texts.rows_of(others)
    characters = texts.data[others]
    at = others - texts.starts[rows]
    minus = (characters == _MINUS) & (at == 0)
    bad[rows[minus & (lengths[rows] == 1)]] = True
    negative = np.zeros(len(texts), np.int32)
    negative[rows[minus]] = 1
    whole_end = lengths.copy()
    mark = np.zeros(len(others), np.bool_)
    if scale:
        mark = characters == ord(field.decimal_char)
        decimals = lengths[rows] - at - 1
        bad[rows[mark & ((decimals < 1) | (decimals > scale))]] = True
        # Of two marks the later one is the end of the whole part, so that the earlier is found inside it.
        whole_end[rows[mark]] = at[mark]
        mark &= at == whole_end[rows]
    whole = whole_end - negative
    group = np.zeros(len(others), np.bool_)
    if field.group_char is not None:
        group = (characters == ord(field.group_char)) & (at < whole_end[rows])
        groups = np.bincount(rows[group], minlength=len(texts)).astype(np.int32)
        bad[rows[group & (((whole_end[rows] - at) % 4 != 0) | (at <= negative[rows]))]] = True
        bad |= (groups > 0) & (groups != whole // 4)
        whole = whole - groups
    bad[rows[~(minus | mark | group)]] = True
    bad |= (whole < 1) | (whole > max_whole_digits)
    return bad


def _whole_part_not_zero(texts: StringColumn) -> Mask:
    """For decimals that are all fraction; the lexical form allows one digit before the mark."""
    padded = np.append(texts.data, np.zeros(2, np.uint8))
    first = padded[texts.starts]
    first = np.where(first == _MINUS, padded[texts.starts + 1], first)
    other: Mask = first != _ZERO
    return other


def _plain(texts: StringColumn, field: Field, null: Mask) -> pa.Array[Any]:
    """What Arrow casts: group marks removed, a point for the decimal mark, null where the text is not a number."""
    array = texts.nulled(null)
    if field.group_char is not None:
        array = pc.replace_substring(array, pattern=field.group_char, replacement="")
    if field.type == "number" and field.decimal_char != ".":
        array = pc.replace_substring(array, pattern=field.decimal_char, replacement=".")
    return array
