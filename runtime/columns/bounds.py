"""Minimum, maximum and enumeration of numbers, compiled once for a column."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.columns.string_column import Mask
from runtime.contracts.model import Field
from runtime.contracts.values import read

Words = npt.NDArray[np.uint64]

_WORD = 2**64


@dataclass(frozen=True)
class Bounds:
    """Minimum, maximum and allowed values of a column, each as the column stores its values; None where there is none."""

    minimum: float | None
    maximum: float | None
    enum: npt.NDArray[np.generic] | None

    def broken_by(self, values: npt.NDArray[Any]) -> Mask:
        """Which of *values* the constraints do not allow."""
        broken = np.zeros(len(values), np.bool_)
        if self.minimum is not None:
            broken |= values < self.minimum
        if self.maximum is not None:
            broken |= values > self.maximum
        if self.enum is not None:
            broken |= ~np.isin(values, self.enum)
        return broken


def integer_bounds(field: Field) -> Bounds:
    """The constraints of a column of 64-bit integers."""
    return Bounds(
        minimum=field.minimum if isinstance(field.minimum, int) else None,
        maximum=field.maximum if isinstance(field.maximum, int) else None,
        enum=None if field.enum is None else np.array([read(field, text) for text in field.enum], np.int64),
    )


def float_bounds(field: Field) -> Bounds:
    """The constraints of a column of floating point numbers, which are compared with the exact bounds."""
    return Bounds(
        minimum=_nearest(field.minimum, math.inf) if isinstance(field.minimum, (int, Decimal)) else None,
        maximum=_nearest(field.maximum, -math.inf) if isinstance(field.maximum, (int, Decimal)) else None,
        enum=None if field.enum is None else np.array(floats_of(field)),
    )


class DecimalBounds:
    """The constraints of a column of exact decimals: 128-bit numbers of the field's scale, shape (n, 2), low word first."""

    def __init__(self, field: Field) -> None:
        assert field.scale is not None
        unit = 10**field.scale
        self._minimum = None if field.minimum is None else math.ceil(Fraction(field.minimum) * unit)
        self._maximum = None if field.maximum is None else math.floor(Fraction(field.maximum) * unit)
        self._enum = None
        if field.enum is not None:
            self._enum = [int(Fraction(read(field, text)) * unit) for text in field.enum]  # type: ignore[arg-type]  # a Decimal

    def broken_by(self, words: Words) -> Mask:
        """Which of the numbers *words* the constraints do not allow."""
        broken = np.zeros(len(words), np.bool_)
        if self._minimum is not None:
            broken |= _less(words, self._minimum)
        if self._maximum is not None:
            broken |= ~_less(words, self._maximum + 1)
        if self._enum is not None:
            broken |= ~np.logical_or.reduce([_same(words, value) for value in self._enum])
        return broken


def floats_of(field: Field) -> list[float]:
    """The enumerated numbers, each the nearest floating point number."""
    return [float(text.replace(field.decimal_char, ".")) for text in field.enum or ()]


def _nearest(bound: int | Decimal, direction: float) -> float:
    """The float at *bound*, or the next one in *direction*; no float lies between the two."""
    nearest = float(bound)
    short = nearest < bound if direction > 0 else nearest > bound
    return math.nextafter(nearest, direction) if short else nearest


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
