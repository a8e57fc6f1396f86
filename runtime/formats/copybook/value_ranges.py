"""How large a column's values may be, and whether an item of a record holds all of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Union

from runtime.contracts.model import Field
from runtime.contracts.values import INT64_MAX, INT64_MIN
from runtime.formats.copybook.descriptions import NATIVE
from runtime.formats.copybook.items import BINARY_NUMBER, FLOAT, TEXT, Place


@dataclass(frozen=True)
class Texts:
    """Texts of up to ``characters``, None for any."""

    characters: int | None


@dataclass(frozen=True)
class Numbers:
    """Numbers from ``low`` to ``high`` with up to ``decimals`` digits after the point; ``nullable`` says that there may be none."""

    low: Decimal
    high: Decimal
    decimals: int
    nullable: bool = False

    def with_constant(self, text: str) -> Numbers:
        value = constant(text)
        return Numbers(min(self.low, value.low), max(self.high, value.high), max(self.decimals, value.decimals), self.nullable)


Extent = Union[Texts, Numbers]


def constant(text: str) -> Numbers:
    return Numbers(Decimal(text), Decimal(text), len(text.partition(".")[2]))


def of_field(field: Field, place: Place | None, *, nullable: bool) -> Extent:
    """The values of a column, which *place* has in the dataset's records if these have a copybook; raise ValueError for other types."""
    if field.type == "string":
        return Texts(_characters(field, place))
    if field.type not in ("integer", "number"):
        raise ValueError(f"is a {field.type}")
    if field.type == "number" and field.precision is None:
        raise ValueError("is a floating point number, whose digits are not exact")
    if place is not None and place.kind != TEXT:
        held = of_place(place)
        low, high, decimals = held.low, held.high, held.decimals
    elif field.type == "integer":
        low, high, decimals = Decimal(INT64_MIN), Decimal(INT64_MAX), 0
    else:
        assert field.precision is not None
        assert field.scale is not None
        high, decimals = _largest(field.precision, field.scale), field.scale
        low = -high
    least, most = (None if bound is None else Decimal(bound) for bound in (field.minimum, field.maximum))
    low, high = low if least is None else max(low, least), high if most is None else min(high, most)
    return Numbers(low, high, decimals, nullable and not field.required)


def of_place(place: Place) -> Numbers:
    """The numbers that an item holds by its picture."""
    if place.usage == NATIVE:
        bits = 8 * place.length - place.signed
        scale = Decimal(1).scaleb(place.power - place.scale)
        with localcontext() as context:
            context.prec = 60
            return Numbers(-(2**bits) * scale if place.signed else Decimal(0), (2**bits - 1) * scale, place.scale)
    high = _largest(place.digits, place.scale - place.power)
    return Numbers(-high if place.signed else Decimal(0), high, place.scale)


def unheld(made: Extent, place: Place) -> str | None:
    """Why *place* does not hold all of what is *made* for it, or None."""
    return _unheld_texts(made, place) if isinstance(made, Texts) else _unheld_numbers(made, place)


def _unheld_texts(made: Texts, place: Place) -> str | None:
    if place.kind != TEXT:
        return "text, for which it has no characters"
    if made.characters is None:
        return "text of any length; give the column a maxLength"
    return f"text of up to {made.characters} characters" if made.characters > place.length else None


def _unheld_numbers(made: Numbers, place: Place) -> str | None:
    if place.kind in (TEXT, FLOAT) or place.power:
        return "an exact number, which it is not"
    held = of_place(place)
    if made.decimals > held.decimals:
        return f"a number of {made.decimals} decimals"
    if made.high > held.high or made.low < held.low:
        return f"a number of {made.low:f} to {made.high:f}; give the column a minimum and a maximum, or the item more digits"
    if made.nullable and place.kind == BINARY_NUMBER:
        return "a number that may be missing, for which binary has no bytes; make the column required"
    return None


def _largest(digits: int, scale: int) -> Decimal:
    return Decimal((0, (9,) * digits, -scale))


def _characters(field: Field, place: Place | None) -> int | None:
    bounds = [field.max_length]
    if place is not None:
        bounds.append(place.length if place.kind == TEXT else place.digits)
    if field.enum is not None:
        bounds.append(max(map(len, field.enum)))
    return min((bound for bound in bounds if bound is not None), default=None)
