"""One record's fields, and what keeps a record from fitting its contract.

This is the path for single records (headers, samples, weighing a boundary); a chunk's rows are
checked by columns in ``runtime.chunk``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from runtime.contracts import patterns
from runtime.contracts.model import Contract
from runtime.contracts.values import problem
from runtime.core.reason_codes import CONTROL_CHARACTER, ENCODING_ERROR, FIELD_COUNT, QUOTE_ERROR
from runtime.formats.csv.layout import CsvLayout

#: Of Python's engine for one value: some milliseconds, hardly ever reached by an ordinary one.
_MOST_STEPS = 1_000_000


@dataclass(frozen=True)
class Misfit:
    """Why a record cannot be used. ``column`` is None when the record as a whole is at fault; ``offset`` is in the record."""

    code: str
    column: str | None
    message: str
    offset: int = 0


def split_fields(record: bytes, layout: CsvLayout) -> list[bytes] | None:
    """The fields of one record, unquoted; None when its quotes are misplaced.

    The terminator may be there or not. The record must be one by ``runtime.formats.csv.scanner``.
    """
    body = without_terminator(record)
    delimiter, quote = layout.delimiter.encode(), layout.quote.encode()
    if quote not in body:
        return body.split(delimiter)
    field = _field_pattern(delimiter, quote)
    fields, position = [], 0
    while True:
        match = field.match(body, position)
        if match is None:
            return None
        fields.append(match[2] if match[1] is None else match[1].replace(quote * 2, quote))
        position = match.end()
        if position == len(body):
            return fields
        if body[position : position + 1] != delimiter:
            return None
        position += 1


class RecordCheck:
    """Tests single records of one file against its contract."""

    def __init__(self, contract: Contract, layout: CsvLayout) -> None:
        by_name = {field.name: field for field in contract.fields}
        self._fields = [by_name[name] for name in layout.columns]
        self._missing_values = contract.missing_values
        self.layout = layout

    @property
    def tells_records_from_text(self) -> bool:
        """False when any line would pass: one column of free text."""
        first = self._fields[0]
        return len(self._fields) > 1 or first.type != "string" or first.enum is not None or first.pattern is not None

    def misfit(self, record: bytes) -> Misfit | None:
        """The first thing that makes *record* unusable, or None."""
        control = _CONTROL.search(without_terminator(record))
        if control:
            name = "a NUL byte" if control[0] == b"\0" else "a lone carriage return"
            return Misfit(CONTROL_CHARACTER, None, name, control.start())
        try:
            record.decode(self.layout.encoding)
        except UnicodeDecodeError as error:
            return Misfit(ENCODING_ERROR, None, f"byte 0x{record[error.start]:02X}", error.start)
        values = split_fields(record, self.layout)
        if values is None:
            return Misfit(QUOTE_ERROR, None, "a quote is misplaced")
        if len(values) != len(self._fields):
            return Misfit(FIELD_COUNT, None, f"{len(values)} fields instead of {len(self._fields)}")
        for field, value in zip(self._fields, values):
            broken = problem(field, value.decode(self.layout.encoding), self._missing_values, _matches)
            if broken:
                return Misfit(broken.code, field.name, broken.message)
        return None


def _matches(pattern: str, text: str) -> bool:
    """By RE2 where Python might take long: any record of a file may be sampled."""
    if patterns.most_steps(pattern, len(text)) <= _MOST_STEPS:
        return patterns.matches(pattern, text)
    from runtime.columns.strings import matches_alone  # noqa: PLC0415 - Arrow, 400 ms, which ordinary values do without

    return matches_alone(pattern, text)


def without_terminator(record: bytes) -> bytes:
    if record.endswith(b"\r\n"):
        return record[:-2]
    return record[:-1] if record.endswith(b"\n") else record


_CONTROL = re.compile(rb"\0|\r(?!\n)")


@lru_cache(maxsize=16)
def _field_pattern(delimiter: bytes, quote: bytes) -> re.Pattern[bytes]:
    """Group 1: what is between the quotes of a quoted field; group 2: an unquoted field."""
    d, q = re.escape(delimiter), re.escape(quote)
    return re.compile(rb"%(q)s([^%(q)s]*(?:%(q)s%(q)s[^%(q)s]*)*)%(q)s|([^%(q)s%(d)s]*)" % {b"q": q, b"d": d})
