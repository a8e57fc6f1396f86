"""What checking a column gives, and what is the same for every type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from runtime.columns.string_column import Mask
from runtime.contracts.model import Field
from runtime.contracts.time_formats import time_format


@dataclass(frozen=True)
class Column:
    """``array`` has the contract's type and nulls for missing values; what it holds for ``bad`` ones means nothing.

    ``unmatched`` are the texts that break the field's pattern, of any value that is text; None where the field has no pattern.
    """

    array: pa.Array[Any]
    bad: Mask
    unmatched: Mask | None = None

    def fits(self, row: int) -> bool:
        """Whether the text of *row* matches the pattern, if there is one."""
        return self.unmatched is None or not self.unmatched[row]


def arrow_type(field: Field) -> pa.DataType:
    """The type under which a field's values are written."""
    if field.type == "number":
        if field.precision is None or field.scale is None:
            return pa.float64()
        return pa.decimal128(field.precision, field.scale)
    if field.type == "datetime":
        form = time_format(field.type, field.format)
        return _TIMESTAMPS[form.unit, form.utc]
    return _TYPES[field.type]


_TYPES: dict[str, pa.DataType] = {"string": pa.string(), "integer": pa.int64(), "boolean": pa.bool_(), "date": pa.date32()}
_TIMESTAMPS: dict[tuple[str, bool], pa.DataType] = {
    ("ms", True): pa.timestamp("ms", "UTC"),
    ("ms", False): pa.timestamp("ms"),
    ("us", True): pa.timestamp("us", "UTC"),
    ("us", False): pa.timestamp("us"),
}
