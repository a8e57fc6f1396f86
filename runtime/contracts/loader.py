"""Contract files, read and checked: what is wrong is said with file, field and rule.

The standard library only, because the stack imports this when it is synthesized.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.contracts.document import Node
from runtime.contracts.fields import parse_field
from runtime.contracts.model import RESERVED_PREFIX, Contract, Csv, Dialect, Extracts, Field
from runtime.core.errors import ContractInvalid

#: Datasets of the system itself; no other may begin with the reserved prefix.
RESERVED_DATASETS = ("_validation",)
#: Canonical names of the codecs whose first 128 characters are ASCII, one byte each; then those that are decoded to UTF-8 first.
ENCODINGS = ("utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16", "utf-16-le", "utf-16-be")
#: Enough for any file that people make; far more would only be an attack on memory.
MAX_COLUMNS = 2000

_DATASET = re.compile(r"_?[a-z0-9][a-z0-9_-]{0,62}")
_DOCUMENT = (
    "dataset", "version", "title", "description", "format", "compression", "encoding", "duplicateKeys", "rejectedRowsThreshold", "schema",
    "extracts",
)  # fmt: skip
#: What a contract of each format says besides.
_OWN = {"csv": ("dialect",), "fixed-length": ("record",)}
_SCHEMA = ("$schema", "name", "title", "description", "fields", "fieldsMatch", "primaryKey", "missingValues")
_UNSUPPORTED_SCHEMA = {
    "foreignKeys": "other files are not looked into",
    "uniqueKeys": "use primaryKey, which is checked over the whole file",
}


def load_contracts(directory: Path | None = None) -> dict[str, Contract]:
    """Every ``*.json`` of *directory* (default: the deployed contracts), by dataset, which is the file's stem.

    Raises ContractInvalid for the first file that is wrong.
    """
    paths = sorted((directory or Path(__file__).parent).glob("*.json"))
    return {path.stem: load_contract(path) for path in paths}


def load_contract(path: Path) -> Contract:
    """One contract file; raise ContractInvalid."""
    contract = read_contract(path)
    if contract.dataset != path.stem:
        raise ContractInvalid(path.name, None, f"dataset is {contract.dataset!r}, but the file is named {path.stem!r}; they must be equal")
    return contract


def read_contract(path: Path) -> Contract:
    """A contract file under any name, with the copybooks beside it; raise ContractInvalid."""
    return parse_contract(_inline_copybooks(read_document(path.read_bytes(), path.name), path.parent, path.name), path.name)


def read_document(data: bytes, origin: str) -> dict[str, Any]:
    """JSON in UTF-8 without repeated keys; raise ContractInvalid for anything else."""

    def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        document = dict(pairs)
        if len(document) != len(pairs):
            keys = [key for key, _ in pairs]
            raise ContractInvalid(origin, None, f"key {next(key for key in keys if keys.count(key) > 1)!r} occurs twice in one object")
        return document

    if not data.strip():
        raise ContractInvalid(origin, None, "is empty: delete it, or draft it again")
    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=unrepeated)
    except ValueError as error:
        raise ContractInvalid(origin, None, f"is not JSON in UTF-8: {error}") from error
    return dict(Node(document, origin).data)


def _inline_copybooks(document: Mapping[str, Any], folder: Path, origin: str) -> dict[str, Any]:
    """The contract *document* with each copybook that it names, as a file of *folder*, replaced by the file's lines."""

    def inlined(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: _lines(part, folder, origin) if key == "copybook" else inlined(part) for key, part in value.items()}
        return [inlined(part) for part in value] if isinstance(value, list) else value

    return {key: inlined(part) if key in ("record", "extracts") else part for key, part in document.items()}


def _lines(name: Any, folder: Path, origin: str) -> Any:
    if not isinstance(name, str):
        return name
    if Path(name).name != name:
        raise ContractInvalid(origin, None, f"copybook {name!r} is a path; name a file beside the contract")
    try:
        return (folder / name).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ContractInvalid(origin, None, f"copybook {name!r} cannot be read beside the contract: {error}") from error


def parse_contract(document: Mapping[str, Any], origin: str) -> Contract:
    """Check a contract *document*; raise ContractInvalid with *origin*, the field and the rule it breaks."""
    node = Node(document, origin)
    form = node.choice("format", tuple(_OWN))
    node.only((*_DOCUMENT, *_OWN[form]))
    version = node.integer("version", 1, 10**9)
    if version is None:
        raise node.invalid("is missing", "version")
    schema = node.node("schema")
    schema.only(_SCHEMA, _UNSUPPORTED_SCHEMA)
    dialect, encoding, fields = _delimited(node, schema) if form == "csv" else _records(node, schema)
    primary_key = _primary_key(schema, fields)
    fields = tuple(_required(field) if field.name in primary_key else field for field in fields)
    extracts = None
    if node.has("extracts"):
        extracts, fields = _extracts(node, fields, dialect)
    return Contract(
        dataset=_dataset(node),
        version=version,
        format=form,
        compression=node.choice("compression", ("gz",)) if node.has("compression") else None,
        encoding=encoding,
        dialect=dialect,
        fields=fields,
        primary_key=primary_key,
        duplicate_keys=node.choice("duplicateKeys", ("report", "reject"), "report"),
        missing_values=_missing_values(schema),
        rejected_rows_threshold=_threshold(node),
        extracts=extracts,
        document=document,
    )


def _delimited(node: Node, schema: Node) -> tuple[Dialect, str, tuple[Field, ...]]:
    return _csv(node.node("dialect"), schema), _encoding(node), _fields(schema)


def _records(node: Node, schema: Node) -> tuple[Dialect, str, tuple[Field, ...]]:
    from runtime.formats.copybook import terms as fixed_length  # noqa: PLC0415 - parsing copybooks is as much code as the rest, and CSV needs none of it

    return fixed_length.described(node, schema)


def _extracts(node: Node, fields: Sequence[Field], dialect: Dialect) -> tuple[Extracts, tuple[Field, ...]]:
    from runtime.formats.copybook.extract_terms import parse_extracts  # noqa: PLC0415 - as above

    return parse_extracts(node.node("extracts"), fields, dialect)


def _dataset(node: Node) -> str:
    name = node.text("dataset")
    if not _DATASET.fullmatch(name):
        raise node.invalid(f"is {name!r}, not 1 to 63 of a-z, 0-9, '_' and '-' that begin with a letter or digit", "dataset")
    if name.startswith(RESERVED_PREFIX) and name not in RESERVED_DATASETS:
        raise node.invalid(f"is {name!r}; names that begin with {RESERVED_PREFIX!r} are reserved for the system", "dataset")
    return name


def _encoding(node: Node) -> str:
    name = node.text("encoding", "utf-8")
    try:
        canonical = codecs.lookup(name).name
    except LookupError:
        canonical = name
    if canonical not in ENCODINGS:
        raise node.invalid(f"is {name!r}, not one of {', '.join(ENCODINGS)}", "encoding")
    return canonical


def _csv(node: Node, schema: Node) -> Csv:
    """Delimiter and quote; the rest of a CSV dialect may be stated where it says what is done anyway."""
    node.only(("delimiter", "quoteChar", "doubleQuote", "header"))
    for key in ("doubleQuote", "header"):
        if not node.flag(key, True):
            raise node.invalid("is false; only true is supported", key)
    delimiter, quote = node.character("delimiter", ","), node.character("quoteChar", '"')
    if delimiter == quote:
        raise node.invalid(f"is {delimiter!r}, which is also the quoteChar", "delimiter")
    return Csv(delimiter, quote, _fields_match(schema))


def _threshold(node: Node) -> float | None:
    value = node.data.get("rejectedRowsThreshold", 1.0)
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value <= 1:
        raise node.invalid(f"is {value!r}, not a fraction above 0 and up to 1, or null for never", "rejectedRowsThreshold")
    return float(value)


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


def _required(field: Field) -> Field:
    """A column of the primary key always has a value."""
    return Field(**{**field.__dict__, "required": True})


def _primary_key(schema: Node, fields: Sequence[Field]) -> tuple[str, ...]:
    """A name or an array of names, as the Table Schema allows."""
    one = isinstance(schema.data.get("primaryKey"), str)
    key = (schema.text("primaryKey"),) if one else schema.texts("primaryKey", ())
    for name in key:
        if name not in [field.name for field in fields]:
            raise schema.invalid(f"names {name!r}, which is not a column", "primaryKey")
    return key


def _fields_match(schema: Node) -> str:
    """A string; the first draft of the standard had an array with one."""
    found = schema.data.get("fieldsMatch", "exact")
    name = found[0] if isinstance(found, list) and len(found) == 1 else found
    if name not in ("exact", "equal"):
        raise schema.invalid(f"is {found!r}, not exact (names in this order) or equal (any order)", "fieldsMatch")
    return str(name)


def _missing_values(schema: Node) -> tuple[str, ...]:
    """Strings, or objects with ``value`` and ``label``."""
    found = [item.get("value") if isinstance(item, Mapping) else item for item in schema.array("missingValues", [""])]
    return Node({"missingValues": found}, schema.origin, None, schema.where).texts("missingValues", ())
