"""Columns of texts to typed columns, under a contract."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Mapping

import numpy as np
import pyarrow as pa

from runtime.columns import booleans, moments, strings
from runtime.columns import numbers as numerals
from runtime.columns.column import Column, arrow_type
from runtime.columns.string_column import Mask, Texts, boolean_array
from runtime.contracts.model import Contract, Field

#: Texts and which of them are missing, to a typed column; by the field's type.
CHECKS: dict[str, Callable[[Texts, Field, Mask], Column]] = {
    "string": strings.check,
    "integer": numerals.check_integer,
    "number": numerals.check_number,
    "boolean": booleans.check,
    "date": moments.check,
    "datetime": moments.check,
}


@dataclass(frozen=True)
class Checked:
    """``accepted`` are the rows without a fault, typed; ``good`` says which they are; ``faulty`` are the columns that have faults."""

    accepted: pa.Table
    good: Mask
    faulty: dict[str, Column]


def schema(contract: Contract) -> pa.Schema:
    """The columns as they are written: the contract's order and names, required ones without nulls."""
    return pa.schema([pa.field(field.name, arrow_type(field), nullable=not field.required) for field in contract.fields])


def check(columns: Mapping[str, Texts], contract: Contract) -> Checked:
    """Test every value of every column; what becomes of a row depends on that row alone."""
    typed: list[pa.Array[Any]] = []
    faulty: dict[str, Column] = {}
    good = np.ones(len(next(iter(columns.values()))), np.bool_)
    for field in contract.fields:
        column = _checked(columns[field.name], field, contract)
        typed.append(column.array)
        if column.bad.any():
            faulty[field.name] = column
            good &= ~column.bad
    if faulty:
        keep = boolean_array(good)
        typed = [array.filter(keep) for array in typed]
    return Checked(pa.Table.from_arrays(typed, schema=schema(contract)), good, faulty)


def _checked(texts: Texts, field: Field, contract: Contract) -> Column:
    missing = texts.among(contract.missing_values)
    column = CHECKS[field.type](texts, field, missing)
    return replace(column, bad=column.bad | missing) if field.required else column
