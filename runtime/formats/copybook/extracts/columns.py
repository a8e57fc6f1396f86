"""Columns for extracts, made without pandas, which ``pa.array`` and ``pa.scalar`` would import."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from runtime.columns.string_column import fixed_array, string_array

_AMOUNT = pa.decimal128(12, 2)


def text(value: str, rows: int) -> pa.Array[Any]:
    """*value* in every row."""
    first = fixed_array(pa.int64(), np.zeros(rows, np.int64), np.zeros(rows, np.bool_))
    return string_array((value,)).take(first)


def amount(value: str, rows: int) -> pa.Array[Any]:
    """A decimal of twelve digits, two of them after the point, in every row."""
    return text(value, rows).cast(_AMOUNT)


def widest(decimals: pa.Array[Any]) -> pa.Array[Any]:
    """Decimals of any contract, with the digits that amounts have as well."""
    return decimals.cast(pa.decimal128(38, max(decimals.type.scale, _AMOUNT.scale)))
