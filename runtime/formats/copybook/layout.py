"""How the records of one file are written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Mapping

from runtime.contracts.model import Contract
from runtime.formats.copybook.record import Record, record_of
from runtime.formats.copybook.record_form import VARIABLE, RecordForm
from runtime.formats.copybook.terms import dialect_of
from runtime.formats.decoding import Decoding


@dataclass(frozen=True)
class RecordLayout:
    """See ``runtime.formats.interface.Layout``. It repeats the contract, since such a file says nothing of itself, and has no header."""

    encoding: str
    columns: tuple[str, ...]
    record_format: str
    decoding: Decoding | None = None
    header_end: int = 0

    @classmethod
    def of(cls, contract: Contract, decoding: Decoding | None) -> RecordLayout:
        return cls(contract.encoding, contract.names, dialect_of(contract).record_format, decoding)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RecordLayout:
        decoding = data["decoding"] and Decoding(data["decoding"]["compression"], data["decoding"]["encoding"])
        return cls(data["encoding"], tuple(data["columns"]), data["record_format"], decoding)

    def described(self) -> dict[str, Any]:
        return {"record_format": self.record_format}

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "columns": list(self.columns)}


def contracted_record(contract: Contract) -> Record:
    """The record of a contract's copybook; parsed once in a worker."""
    return record_of(dialect_of(contract).copybook, dialect_of(contract).select)


def contracted_form(contract: Contract) -> RecordForm:
    """Fixed records are as long as the longest that the copybook describes, whatever they hold."""
    record, record_format = contracted_record(contract), dialect_of(contract).record_format
    return RecordForm(record_format, record.minimum if record_format in VARIABLE else record.maximum, record.maximum)
