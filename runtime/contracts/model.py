"""A data contract: a Frictionless Table Schema, and how the file around it is written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Mapping

#: Datasets whose name begins with this belong to the system: probes, never partners' data.
RESERVED_PREFIX = "_"
#: Datasets of the system itself; no other may begin with the reserved prefix.
RESERVED_DATASETS = ("_validation",)

FIELD_TYPES = ("string", "integer", "number", "boolean", "date", "datetime")


@dataclass(frozen=True)
class Written:
    """Where a text goes besides: into records, in the code ``page``, of the ``extracts`` that are named."""

    page: str
    extracts: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """One column of a Table Schema (https://specs.frictionlessdata.io/table-schema/).

    ``format`` is the Table Schema's for dates and datetimes: ``default`` or a strptime pattern.
    ``precision`` and ``scale`` (digits in all, digits after the point) make ``number`` an exact
    decimal; both are None for the floating point of records, which is a float64. ``minimum`` and
    ``maximum`` are inclusive and of the column's type (dates and datetimes as their ISO text).
    Lengths are in characters. ``written`` is not a rule of the schema: it is the code page that the contract's extracts write the text in.
    """

    name: str
    type: str
    format: str = "default"
    required: bool = False
    enum: tuple[str, ...] | None = None
    pattern: str | None = None
    minimum: int | Decimal | str | None = None
    maximum: int | Decimal | str | None = None
    min_length: int | None = None
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    decimal_char: str = "."
    group_char: str | None = None
    true_values: tuple[str, ...] = ("true", "True", "TRUE", "1")
    false_values: tuple[str, ...] = ("false", "False", "FALSE", "0")
    description: str = ""
    written: Written | None = None


@dataclass(frozen=True)
class Extract:
    """One file for programs that read records; a row becomes the records of ``copybooks``, one after the other."""

    name: str
    record_format: str
    copybooks: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Extracts:
    """What is written beside the Parquet. ``rules`` names a module of ``runtime.formats.copybook.extracts``."""

    rules: str
    encoding: str
    files: tuple[Extract, ...]


@dataclass(frozen=True)
class Contract:
    """What a partner and this system have agreed on for one dataset.

    ``dialect`` says how files are written: a class of the folder of the contract's ``format``. ``compression`` is ``gz``, or None
    where files may come compressed or not.
    ``rejected_rows_threshold`` is the fraction of rejected rows (0..1] at which a file is rejected as
    a whole, or None for never. ``duplicate_keys`` is ``reject`` (the file) or
    ``report``. ``document`` is the contract file, parsed; it is what is kept with each file.
    """

    dataset: str
    version: int
    format: str
    compression: str | None
    encoding: str
    dialect: Any
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    duplicate_keys: str
    missing_values: tuple[str, ...]
    rejected_rows_threshold: float | None
    extracts: Extracts | None
    document: Mapping[str, Any]

    @property
    def states_encoding(self) -> bool:
        """False where the encoding is the default, which a byte-order mark may overrule."""
        return "encoding" in self.document

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def reserved(self) -> bool:
        """True for the system's own datasets, which reach no partner's queue and no metric."""
        return self.dataset.startswith(RESERVED_PREFIX)

    def to_json(self) -> bytes:
        """Canonical bytes of the contract file: the same contract gives the same digest."""
        return json.dumps(self.document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.to_json()).hexdigest()
