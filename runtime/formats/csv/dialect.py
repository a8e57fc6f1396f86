"""A contract's part about delimited text: delimiter, quote, encoding and columns."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from runtime.contracts.document import Node
from runtime.contracts.fields import parse_field
from runtime.contracts.loader import Terms
from runtime.contracts.model import Contract, Field
from runtime.core.errors import ContractInvalid

#: Canonical names of the codecs whose first 128 characters are ASCII, one byte each; then those that are decoded to UTF-8 first.
ENCODINGS = ("utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be")
#: Enough for any file that people make; far more would only be an attack on memory.
MAX_COLUMNS = 2000


@dataclass(frozen=True)
class Dialect:
    """How delimited text is written.

    ``delimiter`` and ``quote`` are one ASCII character each. ``fields_match`` is the Table Schema's: ``exact`` (the
    header has the columns' names in their order) or ``equal`` (in any order).
    """

    delimiter: str
    quote: str
    fields_match: str


def dialect_of(contract: Contract) -> Dialect:
    """The dialect of a contract of delimited text."""
    assert isinstance(contract.dialect, Dialect)
    return contract.dialect


def parse_terms(node: Node, schema: Node) -> Terms:
    """The contract's part that only delimited text has; raise ContractInvalid."""
    return Terms(_dialect(node.node("dialect"), schema), _encoding(node), _fields(schema))


def _dialect(node: Node, schema: Node) -> Dialect:
    """Delimiter and quote; the rest of a CSV dialect may be stated where it says what is done anyway."""
    node.only(("delimiter", "quoteChar", "doubleQuote", "header"))
    for key in ("doubleQuote", "header"):
        if not node.flag(key, True):
            raise node.invalid("is false; only true is supported", key)
    delimiter, quote = node.character("delimiter", ","), node.character("quoteChar", '"')
    if delimiter == quote:
        raise node.invalid(f"is {delimiter!r}, which is also the quoteChar", "delimiter")
    return Dialect(delimiter, quote, _fields_match(schema))


def _fields_match(schema: Node) -> str:
    """A string; the first draft of the standard had an array with one."""
    found = schema.data.get("fieldsMatch", "exact")
    name = found[0] if isinstance(found, list) and len(found) == 1 else found
    if name not in ("exact", "equal"):
        raise schema.invalid(f"is {found!r}, not exact (names in this order) or equal (any order)", "fieldsMatch")
    return str(name)


def _encoding(node: Node) -> str:
    name = node.text("encoding", "utf-8")
    try:
        canonical = codecs.lookup(name).name
    except LookupError:
        canonical = name
    if canonical not in ENCODINGS:
        raise node.invalid(f"is {name!r}, not one of {', '.join(ENCODINGS)}", "encoding")
    return canonical


def _fields(schema: Node) -> tuple[Field, ...]:
    descriptors = schema.array("fields")
    if not 1 <= len(descriptors) <= MAX_COLUMNS:
        raise schema.invalid(f"has {len(descriptors)} columns, not 1 to {MAX_COLUMNS}", "fields")
    fields = [parse_field(descriptor, schema.origin, position) for position, descriptor in enumerate(descriptors, 1)]
    names = [field.name for field in fields]
    for position, name in enumerate(names):
        if name in names[:position]:
            raise ContractInvalid(schema.origin, name, "the name is used by two columns")
    return tuple(fields)
