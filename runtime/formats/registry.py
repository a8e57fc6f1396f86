"""Every format there is, and what is done with a contract of any format.

To add a format: write its folder after ``runtime.formats.interface`` and add it to :data:`FORMATS`.
"""

from __future__ import annotations

from typing import Any, Sequence

from runtime.contracts.document import Node
from runtime.contracts.loader import ContractReader
from runtime.contracts.model import Contract, Extracts, Field
from runtime.formats.copybook.format import CopybookFormat
from runtime.formats.csv.format import CsvFormat
from runtime.formats.interface import CompiledFile, ExtractWriter, FileFormat, Format, Layout

#: By the contract's property ``format``.
FORMATS: dict[str, Format] = {"csv": CsvFormat(), "fixed-length": CopybookFormat()}


def file_format(contract: Contract) -> FileFormat[Any]:
    """The format of the contract's files."""
    return FORMATS[contract.format].files()


def compiled(contract: Contract, layout: Layout) -> CompiledFile:
    """A contract and the layout of one of its files as one plan: made once for a chunk, used for all of its blocks."""
    return file_format(contract).compile(contract, layout)


def extract_writer(contract: Contract) -> ExtractWriter | None:
    """The writer of the contract's extracts; None where it has none."""
    if contract.extracts is None:
        return None
    from runtime.formats.copybook.extracts.writer import RecordWriter  # noqa: PLC0415 - numpy code of 40 ms, which files without extracts start without

    return RecordWriter(contract.extracts)


def _parse_extracts(node: Node, fields: Sequence[Field], dialect: Any) -> tuple[Extracts, tuple[Field, ...]]:
    from runtime.formats.copybook.extracts.terms import parse_extracts  # noqa: PLC0415 - 30 ms with the copybook compiler, which other contracts start without

    return parse_extracts(node, fields, dialect)


CONTRACTS = ContractReader(FORMATS, _parse_extracts)
load_contracts, load_contract, read_contract, parse_contract = CONTRACTS.load_all, CONTRACTS.load, CONTRACTS.read, CONTRACTS.parse
