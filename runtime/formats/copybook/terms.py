"""How a contract describes files of fixed-length or counted records: by the copybook of the program that writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.contracts.code_pages import CODE_PAGES, canonical
from runtime.contracts.document import Node
from runtime.contracts.fields import parse_field
from runtime.contracts.loader import Terms
from runtime.contracts.model import Contract, Field
from runtime.core.errors import ContractInvalid
from runtime.formats.copybook.items import ElementaryItem, types_of
from runtime.formats.copybook.record import Selection, columns, record_of
from runtime.formats.copybook.record_form import LONGEST_CONTENT, RECORD_FORMATS, VARIABLE

#: What a numeric field means that holds only X'00', or only blanks.
EMPTY_NUMBERS = ("error", "null")

_KNOWN = ("format", "copybook", "select", "lowValues", "spaces")


@dataclass(frozen=True)
class RecordDialect:
    """How records of a copybook are written.

    ``record_format`` is F, FB, V or VB. ``copybook`` are its lines; ``select`` says which redefinition a record holds.
    ``low_values`` and ``spaces`` are ``null`` or ``error``: what a number is that holds only X'00', or only blanks.
    """

    record_format: str
    copybook: tuple[str, ...]
    select: tuple[Selection, ...]
    low_values: str
    spaces: str


def dialect_of(contract: Contract) -> RecordDialect:
    """The dialect of a contract of copybook records."""
    assert isinstance(contract.dialect, RecordDialect)
    return contract.dialect


def parse_terms(node: Node, schema: Node) -> Terms:
    """How the records of the contract *node* are written, their code page, and their columns as *schema* refines them."""
    if schema.has("fieldsMatch"):
        raise schema.invalid("is about the names in a header, which such files do not have", "fieldsMatch")
    dialect = parse_record(node.node("record"))
    return Terms(dialect, _code_page(node), record_fields(schema, dialect))


def _code_page(node: Node) -> str:
    """It is always stated: any page decodes any bytes, and nothing would show that it was the wrong one."""
    name = node.text("encoding")
    page = canonical(name)
    if page is None:
        raise node.invalid(f"is {name!r}, not one of {', '.join(CODE_PAGES)}", "encoding")
    return page


def parse_record(node: Node) -> RecordDialect:
    """The contract's ``record``; raise ContractInvalid, CopybookInvalid for the copybook's own faults."""
    node.only(_KNOWN)
    dialect = RecordDialect(
        record_format=node.choice("format", RECORD_FORMATS),
        copybook=copybook_lines(node, "copybook"),
        select=tuple(_selection(node.node("select"), item) for item in node.node("select").data),
        low_values=node.choice("lowValues", EMPTY_NUMBERS, "error"),
        spaces=node.choice("spaces", EMPTY_NUMBERS, "error"),
    )
    record = record_of(dialect.copybook, dialect.select, node.origin)
    if dialect.record_format in VARIABLE and record.maximum > LONGEST_CONTENT:
        raise node.invalid(
            f"describes records of {record.maximum:,} bytes; with a descriptor they have at most {LONGEST_CONTENT:,}", "copybook"
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


def record_fields(schema: Node, dialect: RecordDialect) -> tuple[Field, ...]:
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
        fields[name] = _refined(fields[name], descriptor, record.item(name), schema.origin, position)
    return tuple(fields.values())


def _refined(own: Field, descriptor: Mapping[str, Any], item: ElementaryItem, origin: str, position: int) -> Field:
    """The field that *descriptor* makes of a column, of whose type and digits the copybook decides."""
    implied: dict[str, Any] = {"type": own.type}
    if own.type == descriptor.get("type", own.type) and own.precision is not None:
        implied.update(precision=own.precision, scale=own.scale)
    field = parse_field({**implied, "description": own.description, **descriptor}, origin, position)
    if field.type not in types_of(item):
        kinds = " or ".join(types_of(item))
        raise ContractInvalid(
            origin, own.name, f"type is {field.type!r}, but {item.description} in the copybook's line {item.line} is {kinds}"
        )
    if field.type != own.type:
        return field
    if own.type == "number" and (descriptor.get("precision", own.precision), descriptor.get("scale", own.scale)) != (
        own.precision,
        own.scale,
    ):
        raise ContractInvalid(origin, own.name, f"precision and scale are the copybook's: {item.description} in line {item.line}")
    return Field(**{**field.__dict__, "precision": own.precision, "scale": own.scale, "enum": field.enum or own.enum})
