"""Dates and datetimes: digits by position, the calendar from a table of month lengths."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from runtime.columns.column import Column, arrow_type
from runtime.columns.string_column import Bytes, Mask, Numbers, StringColumn, fixed_array
from runtime.contracts.model import Field
from runtime.contracts.time_formats import Shape, time_format
from runtime.contracts.values import Value, bound, read

Parts = npt.NDArray[np.int32]

_PER_SECOND = {"ms": 1_000, "us": 1_000_000}
_LIMITS = {"H": 23, "M": 59, "S": 59}


class MomentCheck:
    """Checks a column of dates (days since 1970) or datetimes (milliseconds or microseconds since 1970)."""

    def __init__(self, field: Field) -> None:
        form = time_format(field.type, field.format)
        self._per_second = _PER_SECOND[form.unit]
        self._shapes = tuple(form.shapes.values())
        self._is_date, self._arrow_type = field.type == "date", arrow_type(field)
        self._low, self._high = (self._stored(bound(field, limit)) for limit in (field.minimum, field.maximum))
        self._enum = None if field.enum is None else np.array([self._stored(read(field, text)) for text in field.enum], np.int64)

    def __call__(self, texts: StringColumn, missing: Mask) -> Column:
        bad = np.ones(len(texts), np.bool_)
        values = np.zeros(len(texts), np.int64)
        for shape in self._shapes:
            where, matrix = texts.of_length(shape.length)
            if len(where):
                good, days, seconds, microseconds = _read(matrix, shape)
                bad[where] = ~good
                moments = (days * 86_400 + seconds) * self._per_second + microseconds // (1_000_000 // self._per_second)
                values[where] = days if self._is_date else moments
        if self._low is not None:
            bad |= values < self._low
        if self._high is not None:
            bad |= values > self._high
        if self._enum is not None:
            bad |= ~np.isin(values, self._enum)
        bad &= ~missing
        stored = values.astype(np.int32) if self._is_date else values
        return Column(fixed_array(self._arrow_type, stored, missing | bad), bad)

    def _stored(self, value: Value | None) -> int | None:
        """A moment as the column stores it: days, or units since 1970."""
        if isinstance(value, datetime):
            unit = timedelta(microseconds=1_000_000 // self._per_second)
            return (value.replace(tzinfo=timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)) // unit
        if isinstance(value, date):
            return value.toordinal() - date(1970, 1, 1).toordinal()
        return None


def _read(matrix: Bytes, shape: Shape) -> tuple[Mask, Numbers, Parts, Parts]:
    """Which rows are real moments, and their days since 1970, seconds of the day and microseconds."""
    good = np.ones(len(matrix), np.bool_)
    characters = np.ascontiguousarray(matrix.T)
    for at, character in shape.literals:
        good &= characters[at] == ord(character)
    parts = {letter: _digits(characters[start : start + width], good) for letter, (start, width) in shape.numbers.items()}
    for letter, limit in _LIMITS.items():
        if letter in parts:
            good &= parts[letter] <= limit
    first_days, lengths = _months()
    good &= (parts["Y"] >= 1) & (parts["m"] >= 1) & (parts["m"] <= 12) & (parts["d"] >= 1)
    month = np.where(good, parts["Y"] * 12 + parts["m"] - 1, 0)
    good &= parts["d"] <= lengths[month]
    days = first_days[month] + parts["d"] - 1
    zeros = np.zeros(len(matrix), np.int32)
    seconds = (parts.get("H", zeros) * 60 + parts.get("M", zeros)) * 60 + parts.get("S", zeros)
    fraction = parts.get("f", zeros)
    if "f" in shape.numbers:
        fraction = fraction * 10 ** (6 - shape.numbers["f"][1])
    return good, days, seconds, fraction


def _digits(characters: Bytes, good: Mask) -> Parts:
    """The number that each column spells, of at most nine characters; clears *good* where a character is not an ASCII digit."""
    number = np.zeros(characters.shape[1], np.int32)
    for digit in characters - np.uint8(ord("0")):
        good &= digit <= 9
        number *= 10
        number += digit
    return number


@lru_cache(maxsize=1)
def _months() -> tuple[Numbers, Numbers]:
    """First day since 1970, and length, of each month of the years 0000 to 9999."""
    months: npt.NDArray[np.datetime64] = np.arange(-1970 * 12, (10_000 - 1970) * 12 + 1).astype("datetime64[M]")
    first_days = months.astype("datetime64[D]").astype(np.int64)
    return first_days[:-1], np.diff(first_days)
