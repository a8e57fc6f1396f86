"""Dates and datetimes: digits by position, the calendar from a table of month lengths."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from runtime.columns.column import Column, arrow_type
from runtime.columns.string_column import Bytes, Mask, Numbers, Texts, fixed_array
from runtime.contracts.model import Field
from runtime.contracts.time_formats import Shape, time_format
from runtime.contracts.values import Value, bound, read

Parts = npt.NDArray[np.int32]

_PER_SECOND = {"ms": 1_000, "us": 1_000_000}
_LIMITS = {"H": 23, "M": 59, "S": 59}


def check(texts: Texts, field: Field, missing: Mask) -> Column:
    form = time_format(field.type, field.format)
    per_second = _PER_SECOND[form.unit]
    bad = np.ones(len(texts), np.bool_)
    values = np.zeros(len(texts), np.int64)
    for shape in form.shapes.values():
        where, matrix = texts.of_length(shape.length)
        if len(where):
            good, days, seconds, microseconds = _read(matrix, shape)
            bad[where] = ~good
            moments = (days * 86_400 + seconds) * per_second + microseconds // (1_000_000 // per_second)
            values[where] = days if field.type == "date" else moments
    low, high = (_number(found, per_second) for found in (bound(field, field.minimum), bound(field, field.maximum)))
    if low is not None:
        bad |= values < low
    if high is not None:
        bad |= values > high
    if field.enum is not None:
        allowed = [_number(read(field, text), per_second) for text in field.enum]
        bad |= ~np.isin(values, np.array(allowed, np.int64))
    bad &= ~missing
    stored = values.astype(np.int32) if field.type == "date" else values
    return Column(fixed_array(arrow_type(field), stored, missing | bad), bad)


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
    none = np.zeros(len(matrix), np.int32)
    seconds = (parts.get("H", none) * 60 + parts.get("M", none)) * 60 + parts.get("S", none)
    fraction = parts.get("f", none)
    if "f" in shape.numbers:
        fraction = fraction * 10 ** (6 - shape.numbers["f"][1])
    return good, days, seconds, fraction


def _digits(characters: Bytes, good: Mask) -> Parts:
    """The number that each column spells, of at most nine characters; clears *good* where one is no ASCII digit."""
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


def _number(value: Value | None, per_second: int) -> int | None:
    """A moment as the column stores it: days, or units since 1970."""
    if isinstance(value, datetime):
        return (value.replace(tzinfo=timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(
            microseconds=1_000_000 // per_second
        )
    if isinstance(value, date):
        return value.toordinal() - date(1970, 1, 1).toordinal()
    return None
