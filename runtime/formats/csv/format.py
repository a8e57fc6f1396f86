"""Delimited text, as ``runtime.formats.registry`` lists it."""

from __future__ import annotations

from runtime.contracts.document import Node
from runtime.contracts.loader import Terms
from runtime.formats.csv.dialect import parse_terms
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.interface import FileFormat


class CsvFormat:
    """See ``runtime.formats.interface.Format``."""

    properties = ("dialect",)
    modules = ("runtime.formats.csv.files", "runtime.formats.csv.rows")

    def terms(self, node: Node, schema: Node) -> Terms:
        return parse_terms(node, schema)

    def files(self) -> FileFormat[CsvLayout]:
        from runtime.formats.csv.files import CsvFiles  # noqa: PLC0415 - 20 ms, which synthesis and RegisterFile start without

        return CsvFiles()
