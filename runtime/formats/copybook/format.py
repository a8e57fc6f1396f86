"""Records of a copybook, as ``runtime.formats.registry`` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.contracts.document import Node
from runtime.contracts.loader import Terms
from runtime.formats.interface import FileFormat

if TYPE_CHECKING:
    from runtime.formats.copybook.layout import RecordLayout


class CopybookFormat:
    """See ``runtime.formats.interface.Format``."""

    properties = ("record",)
    modules = (
        "runtime.formats.copybook.terms",
        "runtime.formats.copybook.files",
        "runtime.formats.copybook.extracts.terms",
        "runtime.formats.copybook.extracts.writer",
    )

    def terms(self, node: Node, schema: Node) -> Terms:
        from runtime.formats.copybook.terms import parse_terms  # noqa: PLC0415 - the copybook compiler, 25 ms, which contracts of other formats start without

        return parse_terms(node, schema)

    def files(self) -> FileFormat[RecordLayout]:
        from runtime.formats.copybook.files import CopybookFiles  # noqa: PLC0415 - numpy and Arrow, 450 ms, which synthesis and other formats start without

        return CopybookFiles()
