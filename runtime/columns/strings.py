"""Strings: enumerations, patterns, lengths in characters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from runtime.columns.column import Column
from runtime.columns.string_column import Bytes, Mask, StringColumn, memory, numbers_of, string_array
from runtime.contracts import patterns
from runtime.contracts.code_pages import codes
from runtime.contracts.model import Field

#: Rows that a fixed-width pattern is compared with in one stretch of memory, since numpy is slow on short rows.
_ROWS_AT_ONCE = 64
#: The range of a byte that UTF-8 does not have, for a class that allows no character.
_NOTHING = [(0xFF, 0xFF)]


class StringCheck:
    def __init__(self, field: Field) -> None:
        self._field = field
        self._enum = None if field.enum is None else string_array(field.enum)

    def __call__(self, texts: StringColumn, missing: Mask) -> Column:
        field = self._field
        bad = np.zeros(len(texts), np.bool_)
        if self._enum is not None:
            bad |= ~_mask(pc.is_in(texts.array, value_set=self._enum))
        unmatched = None if field.pattern is None else ~_matches(texts, field.pattern)
        if unmatched is not None:
            bad |= unmatched
        if field.min_length is not None or field.max_length is not None:
            lengths = _characters(texts)
            if field.min_length is not None:
                bad |= lengths < field.min_length
            if field.max_length is not None:
                bad |= lengths > field.max_length
        if field.written is not None:
            bad |= ~_writable(texts, field.written.page)
        bad &= ~missing
        return Column(texts.nulled(missing | bad), bad, unmatched)


def matches_alone(pattern: str, text: str) -> bool:
    """Whether *pattern* matches one *text*, by RE2."""
    return bool(_searched(string_array([text]), pattern)[0])


def _characters(texts: StringColumn) -> npt.NDArray[np.int32]:
    return texts.lengths if texts.ascii else numbers_of(pc.utf8_length(cast("pa.StringArray", texts.array)), np.int32)


def _matches(texts: StringColumn, pattern: str) -> Mask:
    """By the ranges of characters at each position where the pattern has a fixed width, by RE2 otherwise."""
    ranges = _ranges(pattern)
    if ranges is None:
        return _searched(texts.array, pattern)
    lows, spans = ranges
    width = lows.shape[1] // _ROWS_AT_ONCE
    where, matrix = texts.of_length(width)
    found = np.zeros(len(texts), np.bool_)
    found[where] = True
    whole = len(where) // _ROWS_AT_ONCE * _ROWS_AT_ONCE
    for first, after, columns in ((0, whole, lows.shape[1]), (whole, len(where), width)):
        if first == after or not width:
            continue
        rows = matrix[first:after].reshape(-1, columns)
        fits = np.zeros(rows.shape, np.bool_)
        for low, span in zip(lows[:, :columns], spans[:, :columns]):
            fits |= rows - low <= span
        if not fits.all():
            found[where[first + np.flatnonzero(~fits) // width]] = False
    return found


def _searched(texts: pa.Array[Any], pattern: str) -> Mask:
    return _mask(pc.match_substring_regex(texts, pattern=patterns.re2(pattern)))


def _writable(texts: StringColumn, page: str) -> Mask:
    """Which texts have no other characters than *page*; all pages have those that ASCII prints."""
    if texts.data.min(initial=0x20) >= 0x20 and texts.data.max(initial=0x20) < 0x7F:
        return np.ones(len(texts), np.bool_)
    return _mask(pc.match_substring_regex(texts.array, pattern=_only(page)))


@lru_cache(maxsize=16)
def _only(page: str) -> str:
    """For RE2, texts of the characters of *page*."""
    marks = "".join(f"\\{character}" if character in r"\]^-[" else character for character in codes(page))
    return rf"\A[{marks}]*\z"


@lru_cache(maxsize=256)
def _ranges(pattern: str) -> tuple[Bytes, Bytes] | None:
    """The lowest byte of each range that a position allows, and how far up it goes, repeated for that many rows.

    Shape (ranges, rows * width). Where a position allows fewer ranges than another, its last one stands again.
    """
    runs = patterns.fixed_width(pattern)
    if runs is None:
        return None
    positions = [_ranges_of(allowed) or _NOTHING for count, allowed in runs for _ in range(count)]
    most = max(map(len, positions), default=1)
    filled = [ranges + ranges[-1:] * (most - len(ranges)) for ranges in positions]
    table = np.array(filled, np.uint8).reshape(-1, most, 2).transpose(2, 1, 0)
    low, high = (np.tile(bound, _ROWS_AT_ONCE) for bound in table)
    return low, high - low


def _ranges_of(characters: str) -> list[tuple[int, int]]:
    """Ascending ASCII *characters* as ranges, both ends included."""
    ranges: list[tuple[int, int]] = []
    for code in map(ord, characters):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return ranges


def _mask(booleans: pa.Array[Any]) -> Mask:
    """The values of an Arrow boolean array without nulls."""
    bits = memory(booleans.buffers()[1], np.uint8)
    return np.unpackbits(bits, count=len(booleans), bitorder="little").view(np.bool_)
