"""Contract files, read and checked: an error names file, field and rule.

A format's part of a contract is read by the format itself, which is passed in: ``runtime.formats.registry`` has all of them.
The standard library only, because the stack imports this when it is synthesized.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, NamedTuple, Protocol

from runtime.contracts.document import Node
from runtime.contracts.model import RESERVED_DATASETS, RESERVED_PREFIX, Contract, Extracts, Field
from runtime.core.errors import ContractInvalid

#: The contracts that are deployed, and the copybooks beside them.
DEPLOYED = Path(__file__).parent

_DATASET = re.compile(r"_?[a-z0-9][a-z0-9_-]{0,62}")
_DOCUMENT = (
    "dataset", "version", "title", "description", "format", "compression", "encoding", "duplicateKeys", "rejectedRowsThreshold", "schema",
    "extracts",
)  # fmt: skip
_SCHEMA = ("$schema", "name", "title", "description", "fields", "fieldsMatch", "primaryKey", "missingValues")
_UNSUPPORTED_SCHEMA = {
    "foreignKeys": "other files are not looked into",
    "uniqueKeys": "use primaryKey, which is checked over the whole file",
}


class Terms(NamedTuple):
    """A format's part of a contract: how files are written, in which encoding (a canonical name), with which columns."""

    dialect: Any
    encoding: str
    fields: tuple[Field, ...]


class FormatTerms(Protocol):
    """What the loader needs of a format. ``properties`` are the properties of the contract that only this format has."""

    @property
    def properties(self) -> Sequence[str]: ...

    def terms(self, node: Node, schema: Node) -> Terms:
        """Read the contract's top level *node* and its *schema*; raise ContractInvalid."""


#: Reads the property ``extracts`` of a contract with these columns and dialect; returns it, and the columns as it marks them.
ParseExtracts = Callable[[Node, Sequence[Field], Any], "tuple[Extracts, tuple[Field, ...]]"]


class ContractReader:
    """Reads contracts of the formats that it is given, by name. Every method raises ContractInvalid."""

    def __init__(self, formats: Mapping[str, FormatTerms], parse_extracts: ParseExtracts) -> None:
        self._formats, self._parse_extracts = formats, parse_extracts

    def load_all(self, directory: Path = DEPLOYED) -> dict[str, Contract]:
        """Every ``*.json`` of *directory*, by dataset, which is the file's stem."""
        return {path.stem: self.load(path) for path in sorted(directory.glob("*.json"))}

    def load(self, path: Path) -> Contract:
        """One contract file, whose stem is its dataset."""
        contract = self.read(path)
        if contract.dataset != path.stem:
            rule = f"dataset is {contract.dataset!r}, but the file is named {path.stem!r}; they must be equal"
            raise ContractInvalid(path.name, None, rule)
        return contract

    def read(self, path: Path) -> Contract:
        """A contract file under any name, with the copybooks beside it."""
        return self.parse(_inline_copybooks(read_document(path.read_bytes(), path.name), path.parent, path.name), path.name)

    def parse(self, document: Mapping[str, Any], origin: str) -> Contract:
        """Check a contract *document*; errors name *origin*."""
        node = Node(document, origin)
        name = node.choice("format", tuple(self._formats))
        node.only((*_DOCUMENT, *self._formats[name].properties))
        version = node.integer("version", 1, 10**9)
        if version is None:
            raise node.invalid("is missing", "version")
        schema = node.node("schema")
        schema.only(_SCHEMA, _UNSUPPORTED_SCHEMA)
        dialect, encoding, fields = self._formats[name].terms(node, schema)
        primary_key = _primary_key(schema, fields)
        fields = tuple(_required(field) if field.name in primary_key else field for field in fields)
        extracts = None
        if node.has("extracts"):
            extracts, fields = self._parse_extracts(node.node("extracts"), fields, dialect)
        return Contract(
            dataset=_dataset(node),
            version=version,
            format=name,
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


def _dataset(node: Node) -> str:
    name = node.text("dataset")
    if not _DATASET.fullmatch(name):
        raise node.invalid(f"is {name!r}, not 1 to 63 of a-z, 0-9, '_' and '-' that begin with a letter or digit", "dataset")
    if name.startswith(RESERVED_PREFIX) and name not in RESERVED_DATASETS:
        raise node.invalid(f"is {name!r}; names that begin with {RESERVED_PREFIX!r} are reserved for the system", "dataset")
    return name


def _threshold(node: Node) -> float | None:
    value = node.data.get("rejectedRowsThreshold", 1.0)
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value <= 1:
        raise node.invalid(f"is {value!r}, not a fraction above 0 and up to 1, or null for never", "rejectedRowsThreshold")
    return float(value)


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


def _missing_values(schema: Node) -> tuple[str, ...]:
    """Strings, or objects with ``value`` and ``label``."""
    found = [item.get("value") if isinstance(item, Mapping) else item for item in schema.array("missingValues", [""])]
    return Node({"missingValues": found}, schema.origin, None, schema.where).texts("missingValues", ())
