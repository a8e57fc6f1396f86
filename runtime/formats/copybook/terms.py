"""How a contract describes files of fixed-length or counted records: by the copybook of the program that writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runtime.contracts.code_pages import CODE_PAGES, canonical
from runtime.contracts.document import Node
from runtime.contracts.fields import parse_field
from runtime.contracts.model import Field, FixedLength
from runtime.core.errors import ContractInvalid
from runtime.formats.copybook.items import Place, types_of
from runtime.formats.copybook.record import Selection, columns, record_of

#: Mainframe's words: fixed, or counted by record descriptor words; the B of blocks changes no byte of a file.
RECORD_FORMATS = ("F", "FB", "V", "VB")
VARIABLE = ("V", "VB")
#: The longest record that z/OS writes with a descriptor, which takes four bytes of 32,760.
LONGEST_VARIABLE = 32_756
#: What becomes of a numeric field that holds nothing but X'00', or nothing but blanks.
EMPTY_NUMBERS = ("error", "null")

_KNOWN = ("format", "copybook", "select", "lowValues", "spaces")


def described(node: Node, schema: Node) -> tuple[FixedLength, str, tuple[Field, ...]]:
    """How the records of the contract *node* are written, their code page, and their columns as *schema* refines them."""
    if schema.has("fieldsMatch"):
        raise schema.invalid("is about the names in a header, which such files do not have", "fieldsMatch")
    dialect = parse_record(node.node("record"))
    return dialect, _code_page(node), record_fields(schema, dialect)


def _code_page(node: Node) -> str:
    """It is always stated: any page decodes any bytes, and nothing would show that it was the wrong one."""
    name = node.text("encoding")
    page = canonical(name)
    if page is None:
        raise node.invalid(f"is {name!r}, not one of {', '.join(CODE_PAGES)}", "encoding")
    return page


def parse_record(node: Node) -> FixedLength:
    """The contract's ``record``; raise ContractInvalid, CopybookInvalid for the copybook's own faults."""
    node.only(_KNOWN)
    dialect = FixedLength(
        record_format=node.choice("format", RECORD_FORMATS),
        copybook=copybook_lines(node, "copybook"),
        select=tuple(_selection(node.node("select"), item) for item in node.node("select").data),
        low_values=node.choice("lowValues", EMPTY_NUMBERS, "error"),
        spaces=node.choice("spaces", EMPTY_NUMBERS, "error"),
    )
    record = record_of(dialect.copybook, dialect.select, node.origin)
    if dialect.record_format in VARIABLE and record.maximum > LONGEST_VARIABLE:
        raise node.invalid(
            f"describes records of {record.maximum:,} bytes; with a descriptor they have at most {LONGEST_VARIABLE:,}", "copybook"
        )
    return dialect


def copybook_lines(node: Node, key: str) -> tuple[str, ...]:
    """A copybook as it stands in a contract that was read from its file: an array of lines."""
    lines = node.array(key)
    if not lines or not all(isinstance(line, str) for line in lines):
        raise node.invalid("is no array of the copybook's lines", key)
    return tuple(lines)


def _selection(node: Node, item: str) -> Selection:
    rule = node.node(item)
    rule.only(("field", "values"))
    return Selection(item, rule.text("field"), rule.texts("values", ()))


def record_fields(schema: Node, dialect: FixedLength) -> tuple[Field, ...]:
    """The copybook's columns, each as the schema's field of its name refines it; the schema need not name all."""
    record = record_of(dialect.copybook, dialect.select, schema.origin)
    fields = {field.name: field for field in columns(record)}
    refined = set()
    for position, descriptor in enumerate(schema.array("fields", []), 1):
        name = Node(descriptor, schema.origin, None, f"schema.fields[{position}]").text("name")
        if name not in fields:
            raise ContractInvalid(schema.origin, name, f"the copybook has no such column; it has {', '.join(fields)}")
        if name in refined:
            raise ContractInvalid(schema.origin, name, "the name is used by two columns")
        refined.add(name)
        fields[name] = _refined(fields[name], descriptor, record.place(name), schema.origin, position)
    return tuple(fields.values())


def _refined(own: Field, descriptor: Mapping[str, Any], place: Place, origin: str, position: int) -> Field:
    """The field that *descriptor* makes of a column, of whose type and digits the copybook decides."""
    implied: dict[str, Any] = {"type": own.type}
    if own.type == descriptor.get("type", own.type) and own.precision is not None:
        implied.update(precision=own.precision, scale=own.scale)
    field = parse_field({**implied, "description": own.description, **descriptor}, origin, position)
    if field.type not in types_of(place):
        kinds = " or ".join(types_of(place))
        raise ContractInvalid(
            origin, own.name, f"type is {field.type!r}, but {place.description} in the copybook's line {place.line} is {kinds}"
        )
    if field.type != own.type:
        return field
    if own.type == "number" and (descriptor.get("precision", own.precision), descriptor.get("scale", own.scale)) != (
        own.precision,
        own.scale,
    ):
        raise ContractInvalid(origin, own.name, f"precision and scale are the copybook's: {place.description} in line {place.line}")
    return Field(**{**field.__dict__, "precision": own.precision, "scale": own.scale, "enum": field.enum or own.enum})
