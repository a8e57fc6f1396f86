"""Why the bytes of one item are refused, spelled out: the place, the bytes and what was expected.

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
from runtime.contracts.values import CODES, ENUM, MAXIMUM, MINIMUM, REQUIRED, UNWRITABLE, Matches, Problem, problem
from runtime.formats.copybook import floats, packed, zoned
from runtime.formats.copybook.decoding import Reading, blank, number
from runtime.formats.copybook.descriptions import NATIVE
from runtime.formats.copybook.items import BINARY_NUMBER, FLOAT, PACKED_DECIMAL, TEXT, ZONED, Place

INVALID_DIGIT, INVALID_SIGN, INVALID_PACKED = "invalid-digit", "invalid-sign", "invalid-packed"
LOW_VALUES, SPACES, OUT_OF_RANGE, COUNT = "low-values", "spaces", "out-of-range", "count"
CONTROL_CHARACTER, ENCODING_ERROR, RECORD_LENGTH = "control-character", "encoding-error", "record-length"
#: Bytes of an item that a message quotes.
_SHOWN_BYTES = 40


class Fault(NamedTuple):
    """``column`` is None for the record as a whole."""

    code: str
    column: str | None
    message: str


def explain(
    place: Place, field: Field | None, raw: bytes | None, offset: int, reading: Reading, matches: Matches = patterns.matches
) -> Fault | None:
    """The first fault of an item's bytes at *offset* of its record, or None; *raw* is None where the record does not have the item.

    Without a *field* only the bytes are judged. *matches* is as in ``runtime.contracts.values``.
    """
    if raw is None:
        required = field is not None and field.required
        return Fault(REQUIRED, place.name, "a value is required here, but the record does not have the item") if required else None
    judge = _text_problem if place.kind == TEXT else _number_problem
    found = judge(place, field, raw, reading, matches)
    if found is None:
        return None
    shown = raw[:_SHOWN_BYTES].hex().upper() + ("..." if len(raw) > _SHOWN_BYTES else "")
    where = f"byte {offset + 1}" if len(raw) == 1 else f"bytes {offset + 1} to {offset + len(raw)}"
    expected = "" if found.code in (*CODES, UNWRITABLE) else f"; expected {place.description}"
    return Fault(found.code, place.name, f"{where} of the record, X'{shown}': {found.message}{expected}")


def _text_problem(_place: Place, field: Field | None, raw: bytes, reading: Reading, matches: Matches) -> Problem | None:
    page = characters(reading.page)
    found = "".join(page[code] for code in raw).rstrip(" \0")
    for at, character in enumerate(found):
        if character == UNDEFINED:
            return Problem(ENCODING_ERROR, f"byte {at + 1}, X'{raw[at]:02X}', is no character of {reading.page}")
        if is_control(character):
            return Problem(CONTROL_CHARACTER, f"byte {at + 1}, X'{raw[at]:02X}', is a control character in {reading.page}")
    return problem(field, found, reading.missing_values, matches) if field else None


def _number_problem(place: Place, field: Field | None, raw: bytes, reading: Reading, matches: Matches) -> Problem | None:
    if place.kind == FLOAT:
        return _float_problem(field, float(floats.decode(*_alone(place, raw))[0]))
    found = next(_UNREADABLE[place.kind](place, raw, reading), None)
    if found:
        return _padding_problem(field, raw, reading) if raw in _paddings(raw, reading) else found
    if field is None:
        return None
    value = _value(place, raw, reading)
    if field.type in ("integer", "number"):
        return problem(field, format(value, "f").replace(".", field.decimal_char), ())
    return problem(field, f"{int(value):0{place.digits}}", reading.missing_values, matches)


def _paddings(raw: bytes, reading: Reading) -> dict[bytes, str]:
    return {bytes(len(raw)): LOW_VALUES, bytes([blank(reading.page)]) * len(raw): SPACES}


def _padding_problem(field: Field | None, raw: bytes, reading: Reading) -> Problem | None:
    if raw[0] in reading.padding:
        return Problem(REQUIRED, "a value is required here") if field and field.required else None
    code = _paddings(raw, reading)[raw]
    return Problem(code, f"nothing but {code} where a number is due")


def _alone(place: Place, raw: bytes) -> tuple[Bytes, Place]:
    """The item as a record of its own."""
    return np.frombuffer(raw, np.uint8).reshape(1, -1), replace(place, offset=0)


def _value(place: Place, raw: bytes, reading: Reading) -> Decimal:
    decoded = number(*_alone(place, raw), reading.page)
    low, high = decoded.as_wide[0].tolist()
    whole = (high << 64 | low) - (1 << 128 if high >= 1 << 63 else 0)
    # As a text it is exact: arithmetic on decimals would round to 28 digits.
    return Decimal(f"{whole}E-{place.scale}")


def _float_problem(field: Field | None, value: float) -> Problem | None:
    if field is not None:
        if field.enum is not None and value not in bounds.floats_of(field):
            return Problem(ENUM, f"{value!r} is not one of {', '.join(field.enum)}")
        if field.minimum is not None and value < field.minimum:  # type: ignore[operator]  # a number, as the field
            return Problem(MINIMUM, f"{value!r} is less than {field.minimum}")
        if field.maximum is not None and value > field.maximum:  # type: ignore[operator]
            return Problem(MAXIMUM, f"{value!r} is more than {field.maximum}")
    return None


def _zoned(place: Place, raw: bytes, reading: Reading) -> Iterator[Problem]:
    ebcdic = is_ebcdic(reading.page)
    zone = zoned.EBCDIC_ZONE if ebcdic else zoned.ASCII_ZONE
    at = 0 if place.sign.first else len(raw) - 1
    if place.signed and place.sign.separate:
        if raw[at] not in zoned.sign_bytes(ebcdic=ebcdic):
            yield Problem(INVALID_SIGN, f"byte {at + 1}, X'{raw[at]:02X}', is neither plus nor minus")
    elif not zoned.is_signed_digit(raw[at], ebcdic=ebcdic):
        yield Problem(INVALID_DIGIT, f"byte {at + 1}, X'{raw[at]:02X}', is no digit")
    elif not place.signed and not zone <= raw[at] <= zone + 9:
        yield Problem(INVALID_SIGN, f"byte {at + 1}, X'{raw[at]:02X}', has a sign")
    for other, byte in enumerate(raw):
        if not zone <= byte <= zone + 9 and not (other == at and (place.signed or zoned.is_signed_digit(byte, ebcdic=ebcdic))):
            yield Problem(INVALID_DIGIT, f"byte {other + 1}, X'{byte:02X}', is no digit")


def _packed(place: Place, raw: bytes, _reading: Reading) -> Iterator[Problem]:
    halves = raw.hex().upper()
    digits, sign = halves[:-1], int(halves[-1], 16)
    for at, digit in enumerate(digits):
        if not digit.isdecimal():
            yield Problem(INVALID_PACKED, f"half byte {at + 1}, {digit}, is no digit")
    if len(digits) > place.digits and digits[0] != "0":
        yield Problem(INVALID_PACKED, f"half byte 1, {digits[0]}, is more than {place.digits} digits have")
    if sign not in ((packed.POSITIVE, packed.NEGATIVE, packed.UNSIGNED) if place.signed else (packed.UNSIGNED,)):
        signs = "C, D or F" if place.signed else "F"
        yield Problem(INVALID_SIGN, f"half byte {len(halves)}, {halves[-1]}, is no sign ({signs})")


def _binary(place: Place, raw: bytes, _reading: Reading) -> Iterator[Problem]:
    value = int.from_bytes(raw, "big", signed=place.signed)
    if place.usage != NATIVE and abs(value) >= 10**place.digits:
        yield Problem(OUT_OF_RANGE, f"{value} has more than {place.digits} digits")


_UNREADABLE = {ZONED: _zoned, PACKED_DECIMAL: _packed, BINARY_NUMBER: _binary}
