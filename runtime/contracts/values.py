"""What one value means: the rules of the contract, spelled out for a single text.

This is the definition. The row path tests whole columns at once and must agree with it on every
value; a property test holds the two together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Callable, Iterator, Sequence, Union

from runtime.contracts import patterns
from runtime.contracts.code_pages import codes
from runtime.contracts.model import Field
from runtime.contracts.time_formats import time_format
from runtime.core.reason_codes import ENUM, MAX_LENGTH, MAXIMUM, MIN_LENGTH, MINIMUM, PATTERN, REQUIRED, TYPE_ERROR, UNWRITABLE

#: Whether a pattern (first) matches a text (second).
Matches = Callable[[str, str], bool]
Value = Union[str, int, Decimal, bool, date, datetime]

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
#: Digits as written; more cannot fit 64 bits.
INTEGER_DIGITS = 19
_SHOWN_CHARACTERS = 60
_DEFAULT_FORMS = {"date": "YYYY-MM-DD", "datetime": "YYYY-MM-DDThh:mm:ss[.sss]Z"}


@dataclass(frozen=True)
class Problem:
    """Why a value is refused. ``code`` is one of VALUE_CODES, or UNWRITABLE; ``message`` is for the sender."""

    code: str
    message: str


def problem(field: Field, text: str | None, missing_values: Sequence[str], matches: Matches = patterns.matches) -> Problem | None:
    """The first rule of *field* that *text* breaks, in the order of VALUE_CODES, or None.

    None and the missing values are null; null breaks only ``required``. *matches* tests a pattern, or returns
    what RE2 has found: Python's own engine is not safe for hostile texts (``runtime.contracts.patterns``).
    """
    if text is None or text in missing_values:
        return Problem(REQUIRED, "a value is required here") if field.required else None
    try:
        value = read(field, text)
    except ValueError as error:
        return Problem(TYPE_ERROR, f"{shown(text)} is not {error}")
    return next(_broken(field, text, value, matches), None)


def read(field: Field, text: str) -> Value:
    """*text* as a value of the field's type; raise ValueError that says what would be one."""
    reader = _READERS.get(field.type)
    return text if reader is None else reader(field, text)


def iso(value: date) -> str:
    """The text in which a contract keeps its bounds: ISO 8601, datetimes to the microsecond."""
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value.isoformat()


def shown(text: str) -> str:
    """*text* quoted on one line, cut where it is long."""
    return repr(text) if len(text) <= _SHOWN_CHARACTERS else repr(text[:_SHOWN_CHARACTERS]) + "..."


def _broken(field: Field, text: str, value: Value, matches: Matches) -> Iterator[Problem]:
    """The constraints that a value of the right type breaks, in the order of the codes."""
    low, high = (None, None) if field.minimum is None and field.maximum is None else _bounds(field)
    if field.enum is not None and value not in _enumerated(field):
        yield Problem(ENUM, f"{shown(text)} is not one of {_listed(field.enum)}")
    if field.pattern is not None and not matches(field.pattern, text):
        yield Problem(PATTERN, f"{shown(text)} does not match {field.pattern}")
    if low is not None and value < low:  # type: ignore[operator]  # the loader gave the bound the field's own type
        yield Problem(MINIMUM, f"{shown(text)} is less than {field.minimum}")
    if high is not None and value > high:  # type: ignore[operator]
        yield Problem(MAXIMUM, f"{shown(text)} is more than {field.maximum}")
    if field.min_length is not None and len(text) < field.min_length:
        yield Problem(MIN_LENGTH, f"{len(text)} characters are fewer than {field.min_length}")
    if field.max_length is not None and len(text) > field.max_length:
        yield Problem(MAX_LENGTH, f"{len(text)} characters are more than {field.max_length}")
    if field.written is not None:
        lacking = next((character for character in text if character not in codes(field.written.page)), None)
        if lacking is not None:
            into = f"the extract{'s' if len(field.written.extracts) > 1 else ''} {', '.join(field.written.extracts)}"
            yield Problem(UNWRITABLE, f"{lacking!r} is no character of {field.written.page}, in which {into} of it would be written")


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:10]) + (f" and {len(texts) - 10} more" if len(texts) > 10 else "")


@lru_cache(maxsize=256)
def _enumerated(field: Field) -> frozenset[Value]:
    return frozenset(read(field, text) for text in field.enum or ())


@lru_cache(maxsize=256)
def _bounds(field: Field) -> tuple[Value | None, Value | None]:
    return bound(field, field.minimum), bound(field, field.maximum)


def bound(field: Field, value: int | Decimal | str | None) -> Value | None:
    """A bound as the field's values are compared: dates and datetimes leave their ISO text."""
    if isinstance(value, str):
        return date.fromisoformat(value) if field.type == "date" else datetime.fromisoformat(value)
    return value


@lru_cache(maxsize=256)
def _number_form(decimal_char: str, group_char: str | None, scale: int) -> re.Pattern[str]:
    whole = "[0-9]+"
    if group_char is not None:
        whole = f"(?:[0-9]{{1,3}}(?:{re.escape(group_char)}[0-9]{{3}})+|{whole})"
    fraction = f"(?:{re.escape(decimal_char)}([0-9]{{1,{scale}}}))?" if scale else "()"
    return re.compile(f"(-?)({whole}){fraction}")


def _integer(field: Field, text: str) -> int:
    match = _number_form(".", field.group_char, 0).fullmatch(text)
    if match:
        digits = match[2].replace(field.group_char or "", "")
        if len(digits) <= INTEGER_DIGITS and INT64_MIN <= int(match[1] + digits) <= INT64_MAX:
            return int(match[1] + digits)
    grouped = f", thousands set apart by {field.group_char!r} or not at all" if field.group_char else ""
    raise ValueError(f"an integer of 64 bits: digits, with '-' before them when negative{grouped}")


def whole_digits(field: Field) -> int:
    """How many digits a number may have before its decimal mark, as written; at least a zero."""
    assert field.precision is not None
    assert field.scale is not None
    return max(field.precision - field.scale, 1)


def _number(field: Field, text: str) -> Decimal:
    assert field.precision is not None
    assert field.scale is not None
    match = _number_form(field.decimal_char, field.group_char, field.scale).fullmatch(text)
    if match:
        whole = match[2].replace(field.group_char or "", "")
        too_long = len(whole) > whole_digits(field) or (field.precision == field.scale and whole != "0")
        if not too_long:
            return Decimal(f"{match[1]}{whole}.{match[3] or '0'}")
    grouped = f", thousands set apart by {field.group_char!r} or not at all" if field.group_char else ""
    raise ValueError(
        f"a decimal({field.precision},{field.scale}): up to {whole_digits(field)} digits, "
        f"then up to {field.scale} after {field.decimal_char!r}{grouped}"
    )


def _boolean(field: Field, text: str) -> bool:
    if text in field.true_values:
        return True
    if text in field.false_values:
        return False
    raise ValueError(f"one of {', '.join(field.true_values)} (true) or {', '.join(field.false_values)} (false)")


def _moment(field: Field, text: str) -> datetime:
    """Digits are where the format's shape of this length has them; ``datetime`` checks the calendar."""
    form = time_format(field.type, field.format)
    wanted = f"a {field.type} {_DEFAULT_FORMS[field.type] if field.format == 'default' else form.pattern}"
    shape = form.shapes.get(len(text))
    if shape is None or any(text[at] != character for at, character in shape.literals):
        raise ValueError(wanted)
    parts = {letter: text[start : start + width] for letter, (start, width) in shape.numbers.items()}
    if not all(part.isascii() and part.isdigit() for part in parts.values()):
        raise ValueError(wanted)
    fraction = int(parts.pop("f", "0").ljust(6, "0"))
    numbers = {letter: int(part) for letter, part in parts.items()}
    try:
        # Without a zone: what the text says, which is UTC where the format says so.
        return datetime(  # noqa: DTZ001
            numbers["Y"], numbers["m"], numbers["d"], numbers.get("H", 0), numbers.get("M", 0), numbers.get("S", 0), fraction
        )
    except ValueError as error:
        raise ValueError(f"{wanted} that the calendar has") from error


def _day(field: Field, text: str) -> date:
    return _moment(field, text).date()


_READERS: dict[str, Callable[[Field, str], Value]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _day,
    "datetime": _moment,
}
