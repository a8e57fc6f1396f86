"""A first draft of a contract, from a file's rows.

A draft is a claim about files that nobody has seen yet: somebody must read it before it is used.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Iterable, Sequence

from runtime.contracts import values
from runtime.contracts.model import Field

#: A column is taken for an enumeration with at most this many values, each seen this often on average.
MAX_ENUMERATED = 20
_SEEN_EACH = 10
#: Values looked at, for each column, to find enumerations and a key.
MAX_REMEMBERED = 200_000
_MAX_PRECISION = 38

_DECIMAL = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")
_LEADING_ZERO = re.compile(r"-?0[0-9]+")
_TEXT = Field("", "string")
#: Narrowest first. ``1`` and ``0`` are integers rather than booleans, and 007 is no number but text.
_TYPES = (
    replace(_TEXT, type="boolean", true_values=("true", "True", "TRUE"), false_values=("false", "False", "FALSE")),
    replace(_TEXT, type="integer"),
    replace(_TEXT, type="number"),
    replace(_TEXT, type="date"),
    replace(_TEXT, type="date", format="%d.%m.%Y"),
    replace(_TEXT, type="datetime"),
    replace(_TEXT, type="datetime", format="%Y-%m-%dT%H:%M:%S"),
    replace(_TEXT, type="datetime", format="%Y-%m-%d %H:%M:%S"),
    replace(_TEXT, type="datetime", format="%d.%m.%Y %H:%M:%S"),
)


@dataclass
class _Column:
    """What a column's values have in common so far."""

    possible: list[Field] = field(default_factory=lambda: list(_TYPES))
    seen: int = 0
    empty: int = 0
    whole_digits: int = 1
    scale: int = 0
    distinct: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        if not text:
            self.empty += 1
            return
        self.seen += 1
        if len(self.distinct) < MAX_REMEMBERED or text in self.distinct:
            self.distinct[text] += 1
        if self.possible:
            self._measure(text)
            self.possible = [kind for kind in self.possible if self._fits(kind, text)]

    def _measure(self, text: str) -> None:
        match = _DECIMAL.fullmatch(text)
        if match:
            self.whole_digits = max(self.whole_digits, len(match[1]))
            self.scale = max(self.scale, len(match[2] or ""))

    def _fits(self, kind: Field, text: str) -> bool:
        if kind.type in ("integer", "number") and _LEADING_ZERO.match(text):
            return False
        if kind.type == "number":
            return bool(_DECIMAL.fullmatch(text)) and self.whole_digits + self.scale <= _MAX_PRECISION
        try:
            values.read(kind, text)
        except ValueError:
            return False
        return True

    @property
    def unique(self) -> bool:
        """True when no value is empty or was seen twice, as far as values are remembered."""
        return self.seen > 0 and not self.empty and len(self.distinct) == sum(self.distinct.values())

    def describe(self, name: str) -> dict[str, Any]:
        kind = self.possible[0] if self.possible and self.seen else _TEXT
        drafted: dict[str, Any] = {"name": name, "type": kind.type}
        if kind.format != "default":
            drafted["format"] = kind.format
        if kind.type == "number":
            drafted.update(precision=self.whole_digits + self.scale, scale=self.scale)
        if kind.type == "boolean":
            drafted.update(trueValues=list(kind.true_values), falseValues=list(kind.false_values))
        constraints: dict[str, Any] = {}
        if self.seen and not self.empty:
            constraints["required"] = True
        if kind.type == "string" and 0 < len(self.distinct) <= min(MAX_ENUMERATED, self.seen // _SEEN_EACH):
            constraints["enum"] = sorted(self.distinct)
        return {**drafted, "constraints": constraints} if constraints else drafted


def infer(header: Sequence[str], rows: Iterable[Sequence[str]], dataset: str) -> dict[str, Any]:
    """Draft a contract document that accepts *rows*, none of which is longer or shorter than *header*.

    Types are the narrowest that fit every value; the first column without an empty or repeated
    value is the key. Encoding and dialect are the caller's to add.
    """
    columns = [_Column() for _ in header]
    for row in rows:
        for column, text in zip(columns, row):
            column.add(text)
    schema: dict[str, Any] = {"fields": [column.describe(name) for name, column in zip(header, columns)]}
    key = next((name for name, column in zip(header, columns) if column.unique and _identifies(column)), None)
    if key is not None:
        schema["primaryKey"] = [key]
    return {"dataset": dataset, "version": 1, "format": "csv", "duplicateKeys": "report", "schema": {**schema, "missingValues": [""]}}


def _identifies(column: _Column) -> bool:
    """Texts and integers identify; amounts and moments that happen to differ do not. One row proves nothing."""
    return column.seen > 1 and (not column.possible or column.possible[0].type in ("string", "integer"))
