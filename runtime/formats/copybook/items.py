"""An elementary item of a record: where its bytes are, and which column they are by themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from runtime.contracts.model import Field
from runtime.contracts.values import read
from runtime.formats.copybook.descriptions import DISPLAY, NATIVE, PACKED, Constant, Sign
from runtime.formats.copybook.pictures import Picture

#: Digits that always fit 64 bits.
INTEGER_DIGITS = 18
#: Values that the ranges of level-88 conditions may name together and still be an enumeration.
_MAX_ENUMERATED = 1000

TEXT, ZONED, PACKED_DECIMAL, BINARY_NUMBER, FLOAT = "text", "zoned", "packed", "binary", "float"


@dataclass(frozen=True)
class ElementaryItem:
    """An elementary item where it stands: ``length`` bytes from ``offset`` in the record at its longest.

    ``when`` are the alternatives that must be chosen, each (choice, alternative), and ``element``
    is (table, index) in a table whose length varies. Without either it is in every record.
    """

    name: str
    data_name: str
    line: int
    offset: int
    length: int
    usage: str
    picture: Picture | None
    sign: Sign
    conditions: tuple[tuple[Constant, Constant], ...] = ()
    when: tuple[tuple[int, int], ...] = ()
    element: tuple[int, int] | None = None

    @property
    def kind(self) -> str:
        if self.picture is None:
            return FLOAT
        if self.usage == DISPLAY:
            return ZONED if self.picture.digits else TEXT
        return PACKED_DECIMAL if self.usage == PACKED else BINARY_NUMBER

    @property
    def digits(self) -> int:
        """Decimal digits of the largest number that the bytes may hold, before its power of ten."""
        if self.picture is None:
            return 0
        if self.usage == NATIVE:
            return len(str(2 ** (8 * self.length - self.signed)))
        return self.picture.digits

    @property
    def scale(self) -> int:
        return max(self.picture.scale, 0) if self.picture else 0

    @property
    def power(self) -> int:
        """Of ten, by which the digits are multiplied: the Ps at a picture's end."""
        return max(-self.picture.scale, 0) if self.picture else 0

    @property
    def precision(self) -> int:
        """Digits of the decimal that the column holds."""
        return max(self.digits + self.power, self.scale)

    @property
    def signed(self) -> bool:
        return self.picture is not None and self.picture.signed

    @property
    def whole(self) -> bool:
        """True for numbers that are 64-bit integers."""
        return self.kind not in (TEXT, FLOAT) and self.scale == 0 and (self.precision <= INTEGER_DIGITS or self._native_integer)

    @property
    def _native_integer(self) -> bool:
        return self.usage == NATIVE and self.power == 0 and (self.signed or self.length < 8)

    @property
    def description(self) -> str:
        """What the copybook says of it, on one line."""
        if self.picture is None:
            return self.usage
        words = ["PIC", self.picture.text, *([self.usage] if self.usage != DISPLAY else [])]
        if self.kind == ZONED and self.signed and self.sign != Sign():
            words += ["SIGN", "LEADING" if self.sign.first else "TRAILING", *(["SEPARATE"] if self.sign.separate else [])]
        return " ".join(words)


def types_of(item: ElementaryItem) -> tuple[str, ...]:
    """The types that a schema may give the column, its own first. Whole numbers without a sign are their digits as text, too."""
    texts = ("string", "date", "datetime", "boolean")
    if item.kind == TEXT:
        return (*texts, "integer", "number")
    if item.whole and not item.signed and item.digits <= INTEGER_DIGITS and not item.power:
        return ("integer", *texts)
    return ("integer",) if item.whole else ("number",)


def field_of(item: ElementaryItem) -> Field:
    """The column that the item is by itself; raise ValueError where level-88 conditions name values that it cannot have."""
    if item.kind == TEXT:
        field = Field(item.name, "string", description=item.description)
    elif item.kind == FLOAT:
        field = Field(item.name, "number", description=item.description)
    elif item.whole:
        field = Field(item.name, "integer", description=item.description)
    else:
        field = Field(item.name, "number", precision=item.precision, scale=item.scale, description=item.description)
    return replace(field, enum=_enumerated(item, field))


def _enumerated(item: ElementaryItem, field: Field) -> tuple[str, ...] | None:
    """The values of the level-88 conditions; None where there are none, or they name ranges that cannot be listed.

    Raises ValueError for a value that the item cannot have.
    """
    found: list[str] = []
    for low, high in item.conditions:
        if low is None or high is None:
            continue
        if low == high:
            found.append(_spelled(item, low))
        elif isinstance(low, Decimal) and isinstance(high, Decimal) and item.whole and high - low < _MAX_ENUMERATED:
            found += [str(number) for number in range(int(low), int(high) + 1)]
        else:
            return None
    for text in found:
        if len(text) > item.length and item.kind == TEXT:
            raise ValueError(f"the condition's value {text!r} is longer than {item.description}")
        if item.kind != FLOAT:
            read(field, text)
    return tuple(dict.fromkeys(found)) if 0 < len(found) <= _MAX_ENUMERATED else None


def _spelled(item: ElementaryItem, value: str | Decimal) -> str:
    if isinstance(value, str) and item.kind == TEXT:
        return value
    if isinstance(value, Decimal) and item.kind != TEXT:
        return format(value, "f")
    if value == 0:
        return "0" * item.length
    raise ValueError(f"the condition's value {str(value)!r} is not of {item.description}")
