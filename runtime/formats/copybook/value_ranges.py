"""How large a column's values may be, and whether an item of a record holds all of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Union

from runtime.contracts.model import Field
from runtime.contracts.values import INT64_MAX, INT64_MIN
from runtime.formats.copybook.descriptions import NATIVE
from runtime.formats.copybook.items import BINARY_NUMBER, FLOAT, TEXT, ElementaryItem


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


def of_field(field: Field, item: ElementaryItem | None, *, nullable: bool) -> Extent:
    """The range of a column's values, narrowed by its *item* if the dataset has a copybook; raise ValueError for other types."""
    if field.type == "string":
        return Texts(_characters(field, item))
    if field.type not in ("integer", "number"):
        raise ValueError(f"is a {field.type}")
    if field.type == "number" and field.precision is None:
        raise ValueError("is a floating point number, whose digits are not exact")
    if item is not None and item.kind != TEXT:
        held = of_item(item)
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


def of_item(item: ElementaryItem) -> Numbers:
    """The numbers that an item holds by its picture."""
    if item.usage == NATIVE:
        bits = 8 * item.length - item.signed
        scale = Decimal(1).scaleb(item.power - item.scale)
        with localcontext() as context:
            context.prec = 60
            return Numbers(-(2**bits) * scale if item.signed else Decimal(0), (2**bits - 1) * scale, item.scale)
    high = _largest(item.digits, item.scale - item.power)
    return Numbers(-high if item.signed else Decimal(0), high, item.scale)


def unheld(made: Extent, item: ElementaryItem) -> str | None:
    """Why *item* cannot hold every value of the range *made* for it, or None."""
    return _unheld_texts(made, item) if isinstance(made, Texts) else _unheld_numbers(made, item)


def _unheld_texts(made: Texts, item: ElementaryItem) -> str | None:
    if item.kind != TEXT:
        return "text, for which it has no characters"
    if made.characters is None:
        return "text of any length; give the column a maxLength"
    return f"text of up to {made.characters} characters" if made.characters > item.length else None


def _unheld_numbers(made: Numbers, item: ElementaryItem) -> str | None:
    if item.kind in (TEXT, FLOAT) or item.power:
        return "an exact number, which it is not"
    held = of_item(item)
    if made.decimals > held.decimals:
        return f"a number of {made.decimals} decimals"
    if made.high > held.high or made.low < held.low:
        return f"a number of {made.low:f} to {made.high:f}; give the column a minimum and a maximum, or the item more digits"
    if made.nullable and item.kind == BINARY_NUMBER:
        return "a number that may be missing, for which binary has no bytes; make the column required"
    return None


def _largest(digits: int, scale: int) -> Decimal:
    return Decimal((0, (9,) * digits, -scale))


def _characters(field: Field, item: ElementaryItem | None) -> int | None:
    bounds = [field.max_length]
    if item is not None:
        bounds.append(item.length if item.kind == TEXT else item.digits)
    if field.enum is not None:
        bounds.append(max(map(len, field.enum)))
    return min((bound for bound in bounds if bound is not None), default=None)
