"""What a contract says of extracts: files that are written beside the Parquet, for programs that read records."""

from __future__ import annotations

import re

from runtime.contracts.code_pages import CODE_PAGES, canonical
from runtime.contracts.document import Node
from runtime.contracts.fixed_length import RECORD_FORMATS, VARIABLE, copybook_lines
from runtime.contracts.model import Extract, Extracts
from runtime.contracts.record import record_of

#: Modules of ``runtime.extracts`` that make extracts' columns of a dataset's, and of how many records each extract of theirs is.
RULES = {"accounts": {"standard": 1, "array": 1, "variable": 2}}

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def parse_extracts(node: Node) -> Extracts:
    """The contract's ``extracts``; raise ContractInvalid, CopybookInvalid for a copybook's own faults."""
    node.only(("rules", "encoding", "files"))
    name = node.text("encoding", "cp037")
    encoding = canonical(name)
    if encoding is None:
        raise node.invalid(f"is {name!r}, not one of {', '.join(CODE_PAGES)}", "encoding")
    files = node.node("files")
    if not files.data:
        raise node.invalid("names no file", "files")
    rules = node.choice("rules", tuple(RULES))
    extracts = tuple(_extract(files, name) for name in files.data)
    for extract in extracts:
        made = RULES[rules].get(extract.name)
        if made is None:
            raise files.invalid(f"is not made by the rules {rules!r}; they make {', '.join(RULES[rules])}", extract.name)
        if made != len(extract.copybooks):
            raise files.invalid(f"has {len(extract.copybooks)} records, but the rules {rules!r} make {made} of each row", extract.name)
    return Extracts(rules, encoding, extracts)


def _extract(files: Node, name: str) -> Extract:
    if not _NAME.fullmatch(name):
        raise files.invalid("is no name of an extract: 1 to 32 of a-z, 0-9 and '-'", name)
    node = files.node(name)
    node.only(("format", "records"))
    form = node.choice("format", RECORD_FORMATS)
    descriptions = [Node(part, node.origin, None, f"{node.where}.records") for part in node.array("records")]
    copybooks = tuple(copybook_lines(part, "copybook") for part in descriptions)
    lengths = set()
    for copybook, part in zip(copybooks, descriptions):
        record = record_of(copybook, (), node.origin)
        if record.varies:
            raise part.invalid("describes a record that varies; one that is written has its own copybook", "copybook")
        lengths.add(record.maximum)
    if not copybooks or (len(lengths) > 1 and form not in VARIABLE):
        raise node.invalid("are records of several lengths, which are of format 'V'" if copybooks else "is empty", "records")
    return Extract(name, form, copybooks)
