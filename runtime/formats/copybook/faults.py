"""Why the bytes of one item are refused, spelled out: the item, the bytes and what was expected.

This is the definition of what an item's bytes may be. The decoding of columns must agree with it on
every value; a property test holds the two together.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Iterator, NamedTuple

import numpy as np

from runtime.columns import bounds
from runtime.columns.string_column import Bytes
from runtime.contracts import patterns
from runtime.contracts.code_pages import UNDEFINED, characters, is_control, is_ebcdic
from runtime.contracts.model import Field
from runtime.contracts.values import Matches, Problem, problem
from runtime.core.reason_codes import (
    CONTROL_CHARACTER,
    ENCODING_ERROR,
    ENUM,
    INVALID_DIGIT,
    INVALID_PACKED,
    INVALID_SIGN,
    LOW_VALUES,
    MAXIMUM,
    MINIMUM,
    OUT_OF_RANGE,
    REQUIRED,
    SPACES,
    UNWRITABLE,
    VALUE_CODES,
)
from runtime.formats.copybook import floats, packed, zoned
from runtime.formats.copybook.decoding import DecodingRules, blank, number
from runtime.formats.copybook.descriptions import NATIVE
from runtime.formats.copybook.items import BINARY_NUMBER, FLOAT, PACKED_DECIMAL, TEXT, ZONED, ElementaryItem

#: Bytes of an item that a message quotes.
_SHOWN_BYTES = 40


class Fault(NamedTuple):
    """``column`` is None for the record as a whole."""

    code: str
    column: str | None
    message: str


def explain(
    item: ElementaryItem, field: Field | None, raw: bytes | None, offset: int, rules: DecodingRules, matches: Matches = patterns.matches
) -> Fault | None:
    """The first fault of an item's bytes at *offset* of its record, or None; *raw* is None where the record does not have the item.

    Without a *field* only the bytes are judged. *matches* is as in ``runtime.contracts.values``.
    """
    if raw is None:
        required = field is not None and field.required
        return Fault(REQUIRED, item.name, "a value is required here, but the record does not have the item") if required else None
    judge = _text_problem if item.kind == TEXT else _number_problem
    found = judge(item, field, raw, rules, matches)
    if found is None:
        return None
    shown = raw[:_SHOWN_BYTES].hex().upper() + ("..." if len(raw) > _SHOWN_BYTES else "")
    where = f"byte {offset + 1}" if len(raw) == 1 else f"bytes {offset + 1} to {offset + len(raw)}"
    expected = "" if found.code in (*VALUE_CODES, UNWRITABLE) else f"; expected {item.description}"
    return Fault(found.code, item.name, f"{where} of the record, X'{shown}': {found.message}{expected}")


def _text_problem(_place: ElementaryItem, field: Field | None, raw: bytes, rules: DecodingRules, matches: Matches) -> Problem | None:
    page = characters(rules.page)
    found = "".join(page[code] for code in raw).rstrip(" \0")
    for at, character in enumerate(found):
        if character == UNDEFINED:
            return Problem(ENCODING_ERROR, f"byte {at + 1}, X'{raw[at]:02X}', is no character of {rules.page}")
        if is_control(character):
            return Problem(CONTROL_CHARACTER, f"byte {at + 1}, X'{raw[at]:02X}', is a control character in {rules.page}")
    return problem(field, found, rules.missing_values, matches) if field else None


def _number_problem(item: ElementaryItem, field: Field | None, raw: bytes, rules: DecodingRules, matches: Matches) -> Problem | None:
    if item.kind == FLOAT:
        return _float_problem(field, float(floats.decode(*_alone(item, raw))[0]))
    found = next(_UNREADABLE[item.kind](item, raw, rules), None)
    if found:
        return _padding_problem(field, raw, rules) if raw in _paddings(raw, rules) else found
    if field is None:
        return None
    value = _value(item, raw, rules)
    if field.type in ("integer", "number"):
        return problem(field, format(value, "f").replace(".", field.decimal_char), ())
    return problem(field, f"{int(value):0{item.digits}}", rules.missing_values, matches)


def _paddings(raw: bytes, rules: DecodingRules) -> dict[bytes, str]:
    return {bytes(len(raw)): LOW_VALUES, bytes([blank(rules.page)]) * len(raw): SPACES}


def _padding_problem(field: Field | None, raw: bytes, rules: DecodingRules) -> Problem | None:
    if raw[0] in rules.padding:
        return Problem(REQUIRED, "a value is required here") if field and field.required else None
    code = _paddings(raw, rules)[raw]
    return Problem(code, f"nothing but {code} where a number is due")


def _alone(item: ElementaryItem, raw: bytes) -> tuple[Bytes, ElementaryItem]:
    """The item as a record of its own."""
    return np.frombuffer(raw, np.uint8).reshape(1, -1), replace(item, offset=0)


def _value(item: ElementaryItem, raw: bytes, rules: DecodingRules) -> Decimal:
    decoded = number(*_alone(item, raw), rules.page)
    low, high = decoded.as_wide[0].tolist()
    whole = (high << 64 | low) - (1 << 128 if high >= 1 << 63 else 0)
    # As a text it is exact: arithmetic on decimals would round to 28 digits.
    return Decimal(f"{whole}E-{item.scale}")


def _float_problem(field: Field | None, value: float) -> Problem | None:
    if field is not None:
        if field.enum is not None and value not in bounds.floats_of(field):
            return Problem(ENUM, f"{value!r} is not one of {', '.join(field.enum)}")
        if field.minimum is not None and value < field.minimum:  # type: ignore[operator]  # a number, as the field
            return Problem(MINIMUM, f"{value!r} is less than {field.minimum}")
        if field.maximum is not None and value > field.maximum:  # type: ignore[operator]
            return Problem(MAXIMUM, f"{value!r} is more than {field.maximum}")
    return None


def _zoned(item: ElementaryItem, raw: bytes, rules: DecodingRules) -> Iterator[Problem]:
    ebcdic = is_ebcdic(rules.page)
    zone = zoned.EBCDIC_ZONE if ebcdic else zoned.ASCII_ZONE
    at = 0 if item.sign.first else len(raw) - 1
    if item.signed and item.sign.separate:
        if raw[at] not in zoned.sign_bytes(ebcdic=ebcdic):
            yield Problem(INVALID_SIGN, f"byte {at + 1}, X'{raw[at]:02X}', is neither plus nor minus")
    elif not zoned.is_signed_digit(raw[at], ebcdic=ebcdic):
        yield Problem(INVALID_DIGIT, f"byte {at + 1}, X'{raw[at]:02X}', is no digit")
    elif not item.signed and not zone <= raw[at] <= zone + 9:
        yield Problem(INVALID_SIGN, f"byte {at + 1}, X'{raw[at]:02X}', has a sign")
    for other, byte in enumerate(raw):
        if not zone <= byte <= zone + 9 and not (other == at and (item.signed or zoned.is_signed_digit(byte, ebcdic=ebcdic))):
            yield Problem(INVALID_DIGIT, f"byte {other + 1}, X'{byte:02X}', is no digit")


def _packed(item: ElementaryItem, raw: bytes, _rules: DecodingRules) -> Iterator[Problem]:
    halves = raw.hex().upper()
    digits, sign = halves[:-1], int(halves[-1], 16)
    for at, digit in enumerate(digits):
        if not digit.isdecimal():
            yield Problem(INVALID_PACKED, f"half byte {at + 1}, {digit}, is no digit")
    if len(digits) > item.digits and digits[0] != "0":
        yield Problem(INVALID_PACKED, f"half byte 1, {digits[0]}, is more than {item.digits} digits have")
    if sign not in ((packed.POSITIVE, packed.NEGATIVE, packed.UNSIGNED) if item.signed else (packed.UNSIGNED,)):
        signs = "C, D or F" if item.signed else "F"
        yield Problem(INVALID_SIGN, f"half byte {len(halves)}, {halves[-1]}, is no sign ({signs})")


def _binary(item: ElementaryItem, raw: bytes, _rules: DecodingRules) -> Iterator[Problem]:
    value = int.from_bytes(raw, "big", signed=item.signed)
    if item.usage != NATIVE and abs(value) >= 10**item.digits:
        yield Problem(OUT_OF_RANGE, f"{value} has more than {item.digits} digits")


_UNREADABLE = {ZONED: _zoned, PACKED_DECIMAL: _packed, BINARY_NUMBER: _binary}
