"""Minimum, maximum and enumeration of numbers, however they were read."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from runtime.columns.string_column import Mask, Numbers
from runtime.contracts.model import Field
from runtime.contracts.values import read

Words = npt.NDArray[np.uint64]

_WORD = 2**64


def integers_out(values: Numbers, field: Field) -> Mask:
    """Which values the field's constraints do not allow."""
    out = np.zeros(len(values), np.bool_)
    if isinstance(field.minimum, int):
        out |= values < field.minimum
    if isinstance(field.maximum, int):
        out |= values > field.maximum
    if field.enum is not None:
        out |= ~np.isin(values, np.array([read(field, text) for text in field.enum], np.int64))
    return out


def decimals_out(words: Words, field: Field) -> Mask:
    """The same for decimals of the field's scale as 128-bit numbers, shape (n, 2), low word first."""
    assert field.scale is not None
    out = np.zeros(len(words), np.bool_)
    if field.minimum is not None:
        out |= _less(words, math.ceil(Fraction(field.minimum) * 10**field.scale))
    if field.maximum is not None:
        out |= ~_less(words, math.floor(Fraction(field.maximum) * 10**field.scale) + 1)
    if field.enum is not None:
        allowed = [int(Fraction(read(field, text)) * 10**field.scale) for text in field.enum]  # type: ignore[arg-type]  # a Decimal
        out |= ~np.logical_or.reduce([_same(words, value) for value in allowed])
    return out


def floats_out(values: npt.NDArray[np.float64], field: Field) -> Mask:
    """The same for floating point numbers, compared with the exact bounds."""
    out = np.zeros(len(values), np.bool_)
    if isinstance(field.minimum, (int, Decimal)):
        out |= values < _nearest(field.minimum, math.inf)
    if isinstance(field.maximum, (int, Decimal)):
        out |= values > _nearest(field.maximum, -math.inf)
    if field.enum is not None:
        out |= ~np.isin(values, np.array(floats_of(field)))
    return out


def floats_of(field: Field) -> list[float]:
    """The enumerated numbers, each the nearest floating point number."""
    return [float(text.replace(field.decimal_char, ".")) for text in field.enum or ()]


def _nearest(bound: int | Decimal, direction: float) -> float:
    """The float at *bound*, or the next one in *direction*: nothing of that type lies between."""
    found = float(bound)
    short = found < bound if direction > 0 else found > bound
    return math.nextafter(found, direction) if short else found


def _less(words: Words, bound: int) -> Mask:
    """Which 128-bit numbers (low word, high word) are below *bound*."""
    bound = max(min(bound, 2**127 - 1), -(2**127))
    high, low = words[:, 1].view(np.int64), words[:, 0]
    bound_high, bound_low = bound // _WORD, bound % _WORD
    less: Mask = (high < bound_high) | ((high == bound_high) & (low < np.uint64(bound_low)))
    return less


def _same(words: Words, value: int) -> Mask:
    same: Mask = (words[:, 1].view(np.int64) == value // _WORD) & (words[:, 0] == np.uint64(value % _WORD))
    return same
