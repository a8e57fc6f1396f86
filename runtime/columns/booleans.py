"""Booleans: two lists of words."""

from __future__ import annotations

from runtime.columns.column import Column
from runtime.columns.string_column import Mask, StringColumn, boolean_array
from runtime.contracts.model import Field
from runtime.contracts.values import read


class BooleanCheck:
    def __init__(self, field: Field) -> None:
        self._true_values, self._false_values = field.true_values, field.false_values
        allowed = {True, False} if field.enum is None else {read(field, text) for text in field.enum}
        self._allows_true, self._allows_false = True in allowed, False in allowed

    def __call__(self, texts: StringColumn, missing: Mask) -> Column:
        true = texts.among(self._true_values)
        bad = ~(true | texts.among(self._false_values))
        if not self._allows_true:
            bad |= true
        if not self._allows_false:
            bad |= ~true
        bad &= ~missing
        return Column(boolean_array(true, missing | bad), bad)
