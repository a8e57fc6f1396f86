"""What checking a column gives, and what is the same for every type."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from runtime.contracts.formats import time_format
from runtime.contracts.model import Field
from runtime.rows.texts import Mask


@dataclass(frozen=True)
class Column:
    """``array`` has the contract's type and nulls where the value is missing or ``bad``."""

    array: pa.Array
    bad: Mask


def arrow_type(field: Field) -> pa.DataType:
    """The type under which a field's values are written."""
    if field.type == "number":
        return pa.decimal128(field.precision, field.scale)
    if field.type == "datetime":
        form = time_format(field.type, field.format)
        return pa.timestamp(form.unit, "UTC" if form.utc else None)
    return {"string": pa.string(), "integer": pa.int64(), "boolean": pa.bool_(), "date": pa.date32()}[field.type]
