"""Columns of texts to typed columns, under a contract that is compiled once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Mapping

import numpy as np
import pyarrow as pa

from runtime.columns.booleans import BooleanCheck
from runtime.columns.column import Column, arrow_type
from runtime.columns.moments import MomentCheck
from runtime.columns.numbers import DecimalCheck, IntegerCheck
from runtime.columns.string_column import Mask, StringColumn, boolean_array
from runtime.columns.strings import StringCheck
from runtime.contracts.model import Contract, Field

#: Texts, and which of them are missing, to a typed column.
Check = Callable[[StringColumn, Mask], Column]

_CHECKS: dict[str, Callable[[Field], Check]] = {
    "string": StringCheck,
    "integer": IntegerCheck,
    "number": DecimalCheck,
    "boolean": BooleanCheck,
    "date": MomentCheck,
    "datetime": MomentCheck,
}


def check_of(field: Field) -> Check:
    """The check of a column of texts, made for *field*."""
    return _CHECKS[field.type](field)


def schema_of(contract: Contract) -> pa.Schema:
    """The columns as they are written: the contract's order and names, required ones without nulls."""
    return pa.schema([pa.field(field.name, arrow_type(field), nullable=not field.required) for field in contract.fields])


@dataclass(frozen=True)
class CheckedColumns:
    """``accepted`` are the rows without a fault, typed; ``good`` says which they are; ``faulty`` are the columns that have faults."""

    accepted: pa.Table
    good: Mask
    faulty: dict[str, Column]


class ColumnChecks:
    """All checks of a contract whose values are texts."""

    def __init__(self, contract: Contract) -> None:
        self._schema = schema_of(contract)
        self._checks = [(field, check_of(field)) for field in contract.fields]
        self._missing_values = contract.missing_values

    def check(self, columns: Mapping[str, StringColumn]) -> CheckedColumns:
        """Test every value of every column. The verdict on a row depends on that row alone."""
        typed: list[pa.Array[Any]] = []
        faulty: dict[str, Column] = {}
        good = np.ones(len(next(iter(columns.values()))), np.bool_)
        for field, check in self._checks:
            column = self._checked(columns[field.name], field, check)
            typed.append(column.array)
            if column.bad.any():
                faulty[field.name] = column
                good &= ~column.bad
        if faulty:
            keep = boolean_array(good)
            typed = [array.filter(keep) for array in typed]
        return CheckedColumns(pa.Table.from_arrays(typed, schema=self._schema), good, faulty)

    def _checked(self, texts: StringColumn, field: Field, check: Check) -> Column:
        missing = texts.among(self._missing_values)
        column = check(texts, missing)
        return replace(column, bad=column.bad | missing) if field.required else column
