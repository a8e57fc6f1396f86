"""A slow, obvious reading of a chunk: one byte at a time, one value at a time, no numpy and no Arrow.

It shares nothing with the runtime but the contract's model, so that the two can only agree by being right.
"""

# ruff: noqa: DTZ007, PLR0911 - texts without a zone are naive; one return for each rule reads as the rules do

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal

LF, CR = 10, 13


@dataclass
class Reading:
    rows_read: int = 0
    blank_lines: int = 0
    accepted: list[dict] = field(default_factory=list)
    rejected: list[tuple] = field(default_factory=list)
    aligned: bool = True
    open_quote: int | None = None


def read_chunk(data: bytes, contract, layout, start: int, last: bool) -> Reading:
    reading = Reading()
    position = 0
    while position < len(data):
        end, values, open_quote = _record(data, position, ord(layout.delimiter), ord(layout.quote))
        if open_quote is not None or (data[end - 1] != LF and not last):
            reading.aligned = False
            reading.open_quote = None if open_quote is None else start + open_quote
            return reading
        record = data[position:end]
        _row(reading, record, values, contract, layout, start + position)
        position = end
    return reading


def _record(data, position, delimiter, quote):
    """(end, fields or None for misplaced quotes, offset of a quote that never closes)."""
    values, misplaced = [], False
    while True:
        value = bytearray()
        if position < len(data) and data[position] == quote:
            opened = position
            position += 1
            while True:
                if position == len(data):
                    return position, None, opened
                if data[position] == quote:
                    if data[position + 1 : position + 2] == bytes([quote]):
                        position += 1
                    else:
                        break
                value.append(data[position])
                position += 1
            position += 1
            rest = data[position : position + 2]
            if rest and rest[0] not in (delimiter, LF) and rest != b"\r\n":
                misplaced = True
        while position < len(data) and data[position] not in (delimiter, LF):
            misplaced |= data[position] == quote
            value.append(data[position])
            position += 1
        at_feed = position < len(data) and data[position] == LF
        if at_feed and data[position - 1] == CR and value[-1:] == b"\r":
            value.pop()
        values.append(bytes(value))
        if position == len(data):
            return position, None if misplaced else values, None
        position += 1
        if at_feed:
            return position, None if misplaced else values, None


def _row(reading, record, values, contract, layout, offset):
    body = re.sub(rb"\r?\n\Z", b"", record)
    if not body or record == b"\r":
        reading.blank_lines += 1
        return
    ordinal = reading.rows_read
    reading.rows_read += 1
    structural = _structural(record, values, layout)
    if structural:
        errors = [(None, structural)]
    else:
        row, errors = {}, []
        by_name = {column.name: column for column in contract.fields}
        for name, raw in zip(layout.columns, values):
            row[name], code = read_value(by_name[name], raw.decode(layout.encoding), contract.missing_values)
            if code:
                errors.append((name, code))
    if errors:
        reading.rejected.append((ordinal, offset, len(record), body, errors))
    else:
        reading.accepted.append({column.name: row[column.name] for column in contract.fields})


def _structural(record, values, layout):
    if b"\0" in record or re.search(rb"\r(?!\n)", record):
        return "control-character"
    try:
        record.decode(layout.encoding)
    except UnicodeDecodeError:
        return "encoding-error"
    if values is None:
        return "quote-error"
    return "field-count" if len(values) != len(layout.columns) else None


def read_value(column, text, missing_values):
    """(typed value, None) or (None, code)."""
    if text in missing_values:
        return None, "required" if column.required else None
    value = typed(column, text)
    if value is None:
        return None, "type-error"
    if column.enum is not None and value not in [typed(column, item) for item in column.enum]:
        return None, "enum"
    if column.pattern is not None and not re.compile(column.pattern, re.ASCII).fullmatch(text):
        return None, "pattern"
    if column.minimum is not None and value < _bound(column, column.minimum):
        return None, "minimum"
    if column.maximum is not None and value > _bound(column, column.maximum):
        return None, "maximum"
    if column.min_length is not None and len(text) < column.min_length:
        return None, "min-length"
    if column.max_length is not None and len(text) > column.max_length:
        return None, "max-length"
    return value, None


def _bound(column, bound):
    if column.type == "date":
        return date(*map(int, bound.split("-")))
    if column.type == "datetime":
        moment = datetime.strptime(bound, "%Y-%m-%dT%H:%M:%S.%f")
        return moment.replace(tzinfo=timezone.utc) if _utc(column) else moment
    return bound


def _utc(column):
    return column.format == "default" or column.format.endswith("Z")


def typed(column, text):
    """The value, or None for what the type does not allow."""
    if column.type == "string":
        return text
    if column.type == "boolean":
        return True if text in column.true_values else False if text in column.false_values else None
    if column.type in ("integer", "number"):
        return _numeric(column, text)
    return _moment(column, text)


def _numeric(column, text):
    sign = text.startswith("-")
    whole, mark, decimals = text[sign:].partition(column.decimal_char) if column.type == "number" else (text[sign:], "", "")
    if column.group_char and column.group_char in whole:
        first, *groups = whole.split(column.group_char)
        if not 1 <= len(first) <= 3 or any(len(group) != 3 for group in groups):
            return None
        whole = first + "".join(groups)
    if not whole or set(whole + decimals) - set("0123456789") or (mark and not decimals):
        return None
    if column.type == "integer":
        number = int(("-" if sign else "") + whole)
        return number if len(whole) <= 19 and -(2**63) <= number < 2**63 else None
    number = Decimal(f"{'-' if sign else ''}{whole}.{decimals or 0}")
    if len(decimals) > column.scale or len(whole) > max(column.precision - column.scale, 1):
        return None
    if number.copy_abs() >= Decimal(10) ** (column.precision - column.scale):
        return None
    return number


def _moment(column, text):
    formats = {"default": ["%Y-%m-%d"]} if column.type == "date" else {"default": ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"]}
    for pattern in formats.get(column.format, [column.format]):
        fraction = "{3}" if column.format == "default" else "{1,6}"
        widths = {"%Y": "[0-9]{4}", "%f": f"[0-9]{fraction}", **dict.fromkeys(("%m", "%d", "%H", "%M", "%S"), "[0-9]{2}")}
        form = re.sub(r"%[YmdHMSf]", lambda match, widths=widths: widths[match[0]], re.escape(pattern).replace("\\%", "%"))
        if re.fullmatch(form, text):
            try:
                moment = datetime.strptime(text, pattern)
            except ValueError:
                return None
            if column.type == "date":
                return moment.date()
            return moment.replace(tzinfo=timezone.utc) if _utc(column) else moment
    return None
