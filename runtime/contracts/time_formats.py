"""Date and time formats of fixed width.

A format is a strptime pattern of ``%Y %m %d %H %M %S %f %%`` and ASCII literals. Every directive
has a fixed number of digits, but ``%f``, which has one to six; so the length of a text decides
where its digits are, and a whole column can be tested by positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_DATE = frozenset("Ymd")
_TIME = frozenset("HMSf")
_DEFAULTS = {"date": "%Y-%m-%d", "datetime": "%Y-%m-%dT%H:%M:%SZ"}
MAX_FRACTION_DIGITS = 6


@dataclass(frozen=True)
class Shape:
    """One length that a format allows: where each number stands, and which characters stand between.

    ``numbers`` maps a directive's letter to (start, width); ``literals`` are (position, character).
    """

    length: int
    numbers: dict[str, tuple[int, int]]
    literals: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class TimeFormat:
    """``shapes`` by length. ``unit`` is ``ms``, or ``us`` where ``%f`` may carry more; ``utc`` says that the text ends in ``Z``."""

    pattern: str
    shapes: dict[int, Shape]
    unit: str
    utc: bool


@lru_cache(maxsize=256)
def time_format(field_type: str, text: str) -> TimeFormat:
    """Read the format of a date or datetime field; raise ValueError with the rule that it breaks.

    ``default`` is YYYY-MM-DD, or YYYY-MM-DDThh:mm:ssZ with or without three digits of a second.
    """
    if text == "default":
        pattern = _DEFAULTS[field_type]
        parts = _parse(pattern)
        shapes = [_shape(parts, 0)]
        if field_type == "datetime":
            shapes.append(_shape([*parts[:-1], ".", "%f", "Z"], 3))
        return TimeFormat(pattern, {shape.length: shape for shape in shapes}, "ms", field_type == "datetime")
    parts = _parse(text)
    _check(field_type, [part[1] for part in parts if len(part) == 2])
    fractions = range(1, MAX_FRACTION_DIGITS + 1) if "%f" in parts else range(1)
    shapes = [_shape(parts, digits) for digits in fractions]
    return TimeFormat(text, {shape.length: shape for shape in shapes}, "us" if "%f" in parts else "ms", parts[-1] == "Z")


def _parse(pattern: str) -> list[str]:
    """Split into directives (``%Y``) and single literal characters."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern[at] != "%":
            if not " " <= pattern[at] <= "~":
                raise ValueError(f"format {pattern!r}: {pattern[at]!r} is not printable ASCII")
            parts.append(pattern[at])
            at += 1
            continue
        directive = pattern[at : at + 2]
        if directive == "%%":
            parts.append("%")
        elif directive[1:] in {*_WIDTHS, "f"}:
            parts.append(directive)
        else:
            raise ValueError(f"format {pattern!r}: {directive} is not one of %Y %m %d %H %M %S %f %%")
        at += 2
    return parts


def _check(field_type: str, directives: list[str]) -> None:
    present = set(directives)
    if len(present) != len(directives):
        raise ValueError("a format names each of its directives once")
    if not present >= _DATE:
        raise ValueError("a format names %Y, %m and %d")
    if field_type == "date" and present & _TIME:
        raise ValueError("a date has no time of day; use type datetime")
    if field_type == "datetime" and not present >= {"H", "M"}:
        raise ValueError("a datetime names %H and %M; use type date for days")
    if "f" in present and "S" not in present:
        raise ValueError("%f needs %S")


def _shape(parts: list[str], fraction_digits: int) -> Shape:
    at = 0
    numbers: dict[str, tuple[int, int]] = {}
    literals: list[tuple[int, str]] = []
    for part in parts:
        if len(part) == 2:
            width = fraction_digits if part == "%f" else _WIDTHS[part[1]]
            numbers[part[1]] = (at, width)
        else:
            width = 1
            literals.append((at, part))
        at += width
    return Shape(at, numbers, tuple(literals))
