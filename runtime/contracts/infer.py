"""A first draft of a contract, from a file's rows.

A draft is a claim about future files: a person must read it before it is used.
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

_LEADING_ZERO = re.compile(r"-?0[0-9]+")
_TEXT = Field("", "string")
#: Narrowest first; numbers are looked for apart. ``1`` and ``0`` are integers rather than booleans, and 007 is no number but text.
_TYPES = (
    replace(_TEXT, type="boolean", true_values=("true", "True", "TRUE"), false_values=("false", "False", "FALSE")),
    replace(_TEXT, type="integer"),
    replace(_TEXT, type="date"),
    replace(_TEXT, type="date", format="%d.%m.%Y"),
    replace(_TEXT, type="datetime"),
    replace(_TEXT, type="datetime", format="%Y-%m-%dT%H:%M:%S"),
    replace(_TEXT, type="datetime", format="%Y-%m-%d %H:%M:%S"),
    replace(_TEXT, type="datetime", format="%d.%m.%Y %H:%M:%S"),
)
#: The decimal mark and the group mark of numbers, the plain form first.
_MARKS = ((".", ""), (",", ""), (",", "."), (".", ","))


class _Number:
    """One way of writing numbers, and the digits that a column's values have in it so far."""

    def __init__(self, decimal_char: str, group_char: str) -> None:
        self.decimal_char, self.group_char = decimal_char, group_char
        self.whole_digits, self.scale = 1, 0
        grouped = f"[1-9][0-9]{{0,2}}(?:{re.escape(group_char)}[0-9]{{3}})+|" if group_char else ""
        self._form = re.compile(f"-?(?!0[0-9])({grouped}[0-9]+)(?:{re.escape(decimal_char)}([0-9]+))?")

    def takes(self, text: str) -> bool:
        match = self._form.fullmatch(text)
        if match is None:
            return False
        self.whole_digits = max(self.whole_digits, len(match[1].replace(self.group_char, "")))
        self.scale = max(self.scale, len(match[2] or ""))
        return True

    @property
    def kind(self) -> Field:
        """A decimal; text where it would need more digits than one may have."""
        precision = self.whole_digits + self.scale
        if precision > _MAX_PRECISION:
            return _TEXT
        marked = replace(_TEXT, type="number", decimal_char=self.decimal_char, group_char=self.group_char or None)
        return replace(marked, precision=precision, scale=self.scale)


@dataclass
class _Column:
    """What a column's values have in common so far."""

    possible: list[Field] = field(default_factory=lambda: list(_TYPES))
    numbers: list[_Number] = field(default_factory=lambda: [_Number(*marks) for marks in _MARKS])
    seen: int = 0
    empty: int = 0
    distinct: Counter[str] = field(default_factory=Counter)

    def add(self, text: str) -> None:
        if not text:
            self.empty += 1
            return
        self.seen += 1
        if len(self.distinct) < MAX_REMEMBERED or text in self.distinct:
            self.distinct[text] += 1
        if self.possible:
            self.possible = [kind for kind in self.possible if _fits(kind, text)]
        if self.numbers:
            self.numbers = [number for number in self.numbers if number.takes(text)]

    @property
    def doubtful(self) -> bool:
        """True when it is numbers, but their commas may be decimal marks as well as group marks, as in ``1,234``."""
        return bool(self.numbers) and self.numbers[0].decimal_char == "," and self.numbers[-1].decimal_char == "."

    @property
    def kind(self) -> Field:
        """The narrowest type that fits every value; text where none does, or where it would be a guess."""
        if self.possible:
            return self.possible[0] if self.seen else _TEXT
        return self.numbers[0].kind if self.numbers and not self.doubtful else _TEXT

    @property
    def unique(self) -> bool:
        """True when no value is empty or was seen twice, as far as values are remembered."""
        return self.seen > 0 and not self.empty and len(self.distinct) == sum(self.distinct.values())

    def describe(self, name: str) -> dict[str, Any]:
        kind = self.kind
        drafted: dict[str, Any] = {"name": name, "type": kind.type}
        if kind.format != "default":
            drafted["format"] = kind.format
        if kind.type == "number":
            drafted.update(precision=kind.precision, scale=kind.scale)
        if kind.decimal_char != ".":
            drafted["decimalChar"] = kind.decimal_char
        if kind.group_char:
            drafted["groupChar"] = kind.group_char
        if kind.type == "boolean":
            drafted.update(trueValues=list(kind.true_values), falseValues=list(kind.false_values))
        constraints: dict[str, Any] = {}
        if self.seen and not self.empty:
            constraints["required"] = True
        if kind.type == "string" and 0 < len(self.distinct) <= min(MAX_ENUMERATED, self.seen // _SEEN_EACH):
            constraints["enum"] = sorted(self.distinct)
        return {**drafted, "constraints": constraints} if constraints else drafted


def infer(header: Sequence[str], rows: Iterable[Sequence[str]], dataset: str) -> tuple[dict[str, Any], list[str]]:
    """Draft a contract document that accepts *rows*, none of which is longer or shorter than *header*.

    Types are the narrowest that fit every value; the first column without an empty or repeated
    value is the key. Encoding and dialect are the caller's to add. Returned besides are the columns
    left as text because their commas may be decimal marks as well as group marks.
    """
    columns = [_Column() for _ in header]
    for row in rows:
        for column, text in zip(columns, row):
            column.add(text)
    schema: dict[str, Any] = {"fields": [column.describe(name) for name, column in zip(header, columns)]}
    key = next((name for name, column in zip(header, columns) if column.unique and _identifies(column)), None)
    if key is not None:
        schema["primaryKey"] = [key]
    schema["missingValues"] = [""]
    document = {"dataset": dataset, "version": 1, "format": "csv", "duplicateKeys": "report", "schema": schema}
    return document, [name for name, column in zip(header, columns) if column.doubtful]


def _fits(kind: Field, text: str) -> bool:
    if kind.type == "integer" and _LEADING_ZERO.match(text):
        return False
    try:
        values.read(kind, text)
    except ValueError:
        return False
    return True


def _identifies(column: _Column) -> bool:
    """Texts and integers identify; amounts and moments that happen to differ do not. One row proves nothing."""
    return column.seen > 1 and column.kind.type in ("string", "integer") and not column.doubtful
