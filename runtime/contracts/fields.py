"""A Table Schema's field descriptor, read and checked."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from runtime.contracts import patterns, values
from runtime.contracts.document import Node
from runtime.contracts.model import FIELD_TYPES, Field
from runtime.contracts.time_formats import time_format
from runtime.core.reason_codes import WHOLE_ROW

MAX_PRECISION = 38
#: A number whose schema gives no precision and scale: exact, and wide enough for what publishers mean by it.
DEFAULT_PRECISION, DEFAULT_SCALE = 38, 18

_INFORMATION = ("name", "type", "format", "title", "description", "example", "rdfType")
_BY_TYPE = {
    "integer": ("groupChar", "bareNumber"),
    "number": ("decimalChar", "groupChar", "bareNumber", "precision", "scale"),
    "boolean": ("trueValues", "falseValues"),
}
_BOUNDS = ("minimum", "maximum")
_CONSTRAINTS = {
    "string": ("required", "enum", "pattern", "minLength", "maxLength"),
    "boolean": ("required", "enum"),
}
_UNSUPPORTED_CONSTRAINTS = {
    "unique": "declare the column as primaryKey, which is checked over the whole file",
    "exclusiveMinimum": "use minimum",
    "exclusiveMaximum": "use maximum",
    "jsonSchema": "columns hold no JSON",
}


def parse_field(descriptor: object, origin: str, position: int) -> Field:
    """One column; raise ContractInvalid that names it. ``position`` counts from 1."""
    node = Node(descriptor, origin, None, f"schema.fields[{position}]")
    name = node.text("name")
    if not name or name != name.strip() or not name.isprintable():
        raise node.invalid(f"is {name!r}; a column's name is printable and neither begins nor ends with a blank", "name")
    if name == WHOLE_ROW:
        raise node.invalid(f"is {name!r}, which reports use for the whole row", "name")
    node = Node(descriptor, origin, name)
    field_type = node.choice("type", FIELD_TYPES, "string")
    node.only((*_INFORMATION, "constraints", *_BY_TYPE.get(field_type, ())))
    field_format = _format(node, field_type)
    if not node.flag("bareNumber", True):
        raise node.invalid("is false: text around a number is not ignored here", "bareNumber")
    precision, scale = _precision(node) if field_type == "number" else (None, None)
    decimal_char = _mark(node, "decimalChar", ".") if field_type == "number" else "."
    group_char = _mark(node, "groupChar", "") if node.has("groupChar") else None
    if group_char == decimal_char and field_type == "number":
        raise node.invalid(f"is {group_char!r}, which is the decimalChar", "groupChar")
    plain = Field(
        name=name,
        type=field_type,
        format=field_format,
        precision=precision,
        scale=scale,
        decimal_char=decimal_char,
        group_char=group_char,
        description=node.text("description", ""),
        **(_truth(node) if field_type == "boolean" else {}),
    )
    return _constrained(plain, node.node("constraints"))


def _format(node: Node, field_type: str) -> str:
    text = node.text("format", "default")
    if field_type in ("date", "datetime"):
        try:
            time_format(field_type, text)
        except ValueError as error:
            raise node.invalid(f"is {text!r}: {error}", "format") from error
    elif text != "default":
        raise node.invalid(f"is {text!r}: only 'default' is checked for type {field_type}; use the constraint pattern", "format")
    return text


def _precision(node: Node) -> tuple[int, int]:
    if not node.has("precision") and not node.has("scale"):
        return DEFAULT_PRECISION, DEFAULT_SCALE
    precision, scale = node.integer("precision", 1, MAX_PRECISION), node.integer("scale", 0, MAX_PRECISION)
    if precision is None or scale is None:
        raise node.invalid("needs both precision and scale, or neither", "number")
    if scale > precision:
        raise node.invalid(f"is {scale}, more than the precision of {precision}", "scale")
    return precision, scale


def _mark(node: Node, key: str, default: str) -> str:
    mark = node.character(key, default)
    if mark in "-+":
        raise node.invalid(f"is {mark!r}, which is a sign", key)
    return mark


def _truth(node: Node) -> dict[str, Any]:
    true_values = node.texts("trueValues", Field.true_values)
    false_values = node.texts("falseValues", Field.false_values)
    if not true_values or not false_values:
        raise node.invalid("is empty", "falseValues" if true_values else "trueValues")
    both = set(true_values) & set(false_values)
    if both:
        raise node.invalid(f"and falseValues both hold {min(both)!r}", "trueValues")
    return {"true_values": true_values, "false_values": false_values}


def _constrained(plain: Field, node: Node) -> Field:
    node.only(_CONSTRAINTS.get(plain.type, ("required", "enum", *_BOUNDS)), _UNSUPPORTED_CONSTRAINTS)
    low, high = (_bound(plain, node, key) for key in _BOUNDS)
    if low is not None and high is not None and low > high:  # type: ignore[operator]  # both have the field's type
        raise node.invalid(f"is {node.data['minimum']!r}, more than the maximum of {node.data['maximum']!r}", "minimum")
    min_length, max_length = node.integer("minLength", 0, 2**31 - 1), node.integer("maxLength", 0, 2**31 - 1)
    if min_length is not None and max_length is not None and min_length > max_length:
        raise node.invalid(f"is {min_length}, more than the maxLength of {max_length}", "minLength")
    return Field(
        **{
            **plain.__dict__,
            "required": node.flag("required", False),
            "enum": _enum(plain, node),
            "pattern": _pattern(node),
            "minimum": _kept(low),
            "maximum": _kept(high),
            "min_length": min_length,
            "max_length": max_length,
        }
    )


def _pattern(node: Node) -> str | None:
    if not node.has("pattern"):
        return None
    pattern = node.text("pattern")
    fault = patterns.fault(pattern)
    if fault:
        raise node.invalid(f"cannot be used: {fault}", "pattern")
    return pattern


def _bound(field: Field, node: Node, key: str) -> values.Value | None:
    """A bound of the field's type. Numbers are JSON numbers, or text with a point; dates are written in the field's format."""
    if not node.has(key):
        return None
    found = node.data[key]
    if field.type == "integer":
        return node.integer(key, values.INT64_MIN, values.INT64_MAX)
    if field.type == "number" and type(found) in (int, float, str):
        return _decimal(node, key, str(found))
    if field.type in ("date", "datetime") and isinstance(found, str):
        try:
            return values.read(field, found)
        except ValueError as error:
            raise node.invalid(f"is {found!r}, not {error}", key) from error
    raise node.invalid(f"is {found!r}, which does not fit type {field.type}", key)


def _decimal(node: Node, key: str, text: str) -> Decimal:
    """A number that a decimal of the highest precision could reach."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise node.invalid(f"is {text!r}, not a number", key) from None
    if not number.is_finite() or not -MAX_PRECISION <= number.adjusted() < MAX_PRECISION:
        raise node.invalid(f"is {text!r}, out of reach of {MAX_PRECISION} digits", key)
    return number


def _kept(bound: values.Value | None) -> int | Decimal | str | None:
    """A bound as :class:`Field` keeps it."""
    return bound if bound is None or isinstance(bound, (int, Decimal, str)) else values.iso(bound)


def _enum(field: Field, node: Node) -> tuple[str, ...] | None:
    """The enumerated texts, each a value of the field as files write it; JSON numbers and booleans are put into words."""
    if not node.has("enum"):
        return None
    texts = tuple(_text(field, found) for found in node.array("enum"))
    if not texts:
        raise node.invalid("is empty, so that no value would be accepted", "enum")
    for text in texts:
        _check_enumerated(field, text, node)
    if len(set(texts)) != len(texts):
        raise node.invalid("holds a value twice", "enum")
    return texts


def _check_enumerated(field: Field, text: str, node: Node) -> None:
    try:
        values.read(field, text)
    except ValueError as error:
        raise node.invalid(f"holds {text!r}, which is not {error}", "enum") from error


def _text(field: Field, found: object) -> str:
    if isinstance(found, bool):
        return (field.true_values if found else field.false_values)[0]
    if isinstance(found, (int, float)):
        return format(Decimal(str(found)), "f").replace(".", field.decimal_char)
    return str(found)
