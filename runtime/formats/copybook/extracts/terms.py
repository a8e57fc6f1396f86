"""What a contract says of extracts: files that are written beside the Parquet, for programs that read records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runtime.contracts.code_pages import CODE_PAGES, canonical
from runtime.contracts.document import Node
from runtime.contracts.model import Extract, Extracts, Field, Written
from runtime.formats.copybook.extracts.rules import RULES, Made, Rules
from runtime.formats.copybook.items import TEXT, ElementaryItem
from runtime.formats.copybook.record import Record, record_of
from runtime.formats.copybook.record_form import RECORD_FORMATS, VARIABLE
from runtime.formats.copybook.terms import RecordDialect, copybook_lines
from runtime.formats.copybook.value_ranges import Extent, Numbers, Texts, constant, of_field, unheld

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def parse_extracts(node: Node, fields: Sequence[Field], dialect: Any) -> tuple[Extracts, tuple[Field, ...]]:
    """The contract's ``extracts``, and *fields* with what becomes of texts in them.

    Raises ContractInvalid where the rules need other columns than the dataset has or make something that a copybook's
    item does not hold, CopybookInvalid for a copybook's own faults.
    """
    node.only(("rules", "encoding", "files"))
    name = node.text("encoding", "cp037")
    encoding = canonical(name)
    if encoding is None:
        raise node.invalid(f"is {name!r}, not one of {', '.join(CODE_PAGES)}", "encoding")
    files = node.node("files")
    if not files.data:
        raise node.invalid("names no file", "files")
    name = node.choice("rules", tuple(RULES))
    rules = RULES[name]
    extracts = tuple(_extract(files, extract) for extract in files.data)
    for extract in extracts:
        made = rules.files.get(extract.name)
        if made is None:
            raise files.invalid(f"is not made by the rules {name!r}; they make {', '.join(rules.files)}", extract.name)
        if len(made) != len(extract.copybooks):
            raise files.invalid(f"has {len(extract.copybooks)} records, but the rules {name!r} make {len(made)} of each row", extract.name)
    columns = _Columns(node, name, rules, fields, dialect)
    for extract in extracts:
        for copybook, items in zip(extract.copybooks, rules.files[extract.name]):
            columns.hold(files, extract.name, record_of(copybook, (), node.origin), items)
    return Extracts(name, encoding, extracts), columns.written(encoding)


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


class _Columns:
    """The dataset's columns, held against what the rules take and make of them."""

    def __init__(self, node: Node, name: str, rules: Rules, fields: Sequence[Field], dialect: Any) -> None:
        self._node, self._name, self._rules = node, name, rules
        self._fields = {field.name: field for field in fields}
        self._dialect = dialect if isinstance(dialect, RecordDialect) else None
        record = record_of(dialect.copybook, dialect.select) if isinstance(dialect, RecordDialect) else None
        self._items = {item.name: item for item in record.items} if record else {}
        #: The extracts that each text goes into.
        self._texts: dict[str, list[str]] = {}

    def hold(self, files: Node, extract: str, record: Record, made: Mapping[str, Made]) -> None:
        """Raise ContractInvalid unless *record* has an item for all that is *made*, and nothing else."""
        items = {item.name: item for item in record.items}
        for name, each in made.items():
            if name not in items:
                raise files.invalid(f"has no item {name.upper().replace('_', '-')}, which the rules {self._name!r} make", extract)
            source = f"of {each.column}" if each.column else "without a column"
            why = unheld(self._extent(each), items[name])
            if why:
                item = items[name]
                where = f"{item.data_name}, {item.description} in line {item.line} of its copybook,"
                raise files.invalid(f"has {where} but the rules {self._name!r} make it, {source}, {why}", extract)
            if each.column and self._rules.columns[each.column] == "string":
                self._texts.setdefault(each.column, []).append(extract)
        unknown = next((item for name, item in items.items() if name not in made), None)
        if unknown:
            rule = f"has {unknown.data_name} in line {unknown.line} of its copybook, of which the rules {self._name!r} make nothing"
            raise files.invalid(f"{rule}; they make {', '.join(made)}; describe other bytes as FILLER", extract)

    def written(self, page: str) -> tuple[Field, ...]:
        texts = {name: Written(page, tuple(dict.fromkeys(extracts))) for name, extracts in self._texts.items()}
        return tuple(replace(field, written=texts.get(field.name)) for field in self._fields.values())

    def _extent(self, made: Made) -> Extent:
        if made.column is None:
            return constant(made.constants[0])
        field = self._field(made.column)
        if made.characters is not None:
            return Texts(made.characters)
        try:
            found = of_field(field, self._items.get(field.name), nullable=self._nullable(self._items.get(field.name)))
        except ValueError as error:
            raise self._node.invalid(f"are {self._name!r}, but {made.column} {error}", "rules") from error
        for text in made.constants:
            assert isinstance(found, Numbers)
            found = found.with_constant(text)
        return found

    def _field(self, name: str) -> Field:
        wanted = self._rules.columns[name]
        field = self._fields.get(name)
        if field is None:
            raise self._node.invalid(f"are {self._name!r}, which need a column {name} ({wanted}) that the dataset does not have", "rules")
        if field.type != wanted:
            raise self._node.invalid(f"are {self._name!r}, which need {name} as {wanted}, but it is {field.type}", "rules")
        return field

    def _nullable(self, item: ElementaryItem | None) -> bool:
        """Whether the dataset's item can be without a number."""
        if item is None or self._dialect is None:
            return True
        return bool(item.when or item.element or item.kind == TEXT or "null" in (self._dialect.low_values, self._dialect.spaces))
