"""Booleans: two lists of words."""

from __future__ import annotations

from runtime.columns.column import Column
from runtime.columns.string_column import Mask, Texts, boolean_array
from runtime.contracts.model import Field
from runtime.contracts.values import read


def check(texts: Texts, field: Field, missing: Mask) -> Column:
    true = texts.among(field.true_values)
    bad = ~(true | texts.among(field.false_values))
    if field.enum is not None:
        allowed = {read(field, text) for text in field.enum}
        bad |= true if True not in allowed else False
        bad |= ~true if False not in allowed else False
    bad &= ~missing
    return Column(boolean_array(true, missing | bad), bad)
