"""Strings: enumerations, patterns, lengths in characters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from runtime.contracts import patterns
from runtime.contracts.model import Field
from runtime.rows.checks.column import Column
from runtime.rows.texts import Mask, Texts, memory, numbers_of, string_array


def check(texts: Texts, field: Field, missing: Mask) -> Column:
    bad = np.zeros(len(texts), np.bool_)
    if field.enum is not None:
        bad |= ~_mask(pc.is_in(texts.array, value_set=_enumerated(field.enum)))
    if field.pattern is not None:
        bad |= ~_matches(texts, field.pattern)
    if field.min_length is not None or field.max_length is not None:
        lengths = _characters(texts)
        if field.min_length is not None:
            bad |= lengths < field.min_length
        if field.max_length is not None:
            bad |= lengths > field.max_length
    bad &= ~missing
    return Column(texts.nulled(missing | bad), bad)


def _characters(texts: Texts) -> npt.NDArray[np.int32]:
    return texts.lengths if texts.ascii else numbers_of(pc.utf8_length(cast("pa.StringArray", texts.array)), np.int32)


def _matches(texts: Texts, pattern: str) -> Mask:
    """By a table for each character position where the pattern has a fixed width, by RE2 otherwise."""
    tables = _tables(pattern)
    if tables is None:
        return _mask(pc.match_substring_regex(texts.array, pattern=patterns.re2(pattern)))
    found = np.zeros(len(texts), np.bool_)
    where, matrix = texts.of_length(sum(count for count, _ in tables))
    matched = np.ones(len(where), np.bool_)
    start = 0
    for count, table in tables:
        matched &= table[matrix[:, start : start + count]].all(axis=1)
        start += count
    found[where] = matched
    return found


@lru_cache(maxsize=256)
def _tables(pattern: str) -> tuple[tuple[int, Mask], ...] | None:
    runs = patterns.fixed_width(pattern)
    if runs is None:
        return None
    return tuple((count, np.isin(np.arange(256), [ord(character) for character in allowed])) for count, allowed in runs)


@lru_cache(maxsize=64)
def _enumerated(enum: tuple[str, ...]) -> pa.Array[Any]:
    return string_array(enum)


def _mask(booleans: pa.Array[Any]) -> Mask:
    """The values of an Arrow boolean array without nulls."""
    bits = memory(booleans.buffers()[1], np.uint8)
    return np.unpackbits(bits, count=len(booleans), bitorder="little").view(np.bool_)
