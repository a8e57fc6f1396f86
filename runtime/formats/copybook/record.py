"""The record that a copybook describes: which bytes are which column, and when they are there.

The standard library only, because the stack imports the contract loader when it is synthesized.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Iterable, Iterator, NamedTuple, Sequence

from runtime.contracts.model import Field
from runtime.core.errors import ContractInvalid, CopybookInvalid
from runtime.formats.copybook.compiler import parse_copybook
from runtime.formats.copybook.descriptions import FILLER, Item
from runtime.formats.copybook.items import TEXT, ElementaryItem, field_of
from runtime.formats.copybook.pictures import MAX_DIGITS

#: Columns of one record, all occurrences counted.
MAX_COLUMNS = 2000
#: A value of a whole number by which an alternative is chosen.
_WHOLE = re.compile(r"-?[0-9]{1,18}")


class Selection(NamedTuple):
    """A redefining ``item`` is what a record holds where ``field`` has one of ``values``."""

    item: str
    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """``OCCURS ... DEPENDING ON``: ``least`` to ``most`` elements of ``unit`` bytes at ``offset``, as many as ``counter`` says."""

    item: str
    offset: int
    unit: int
    least: int
    most: int
    counter: ElementaryItem


@dataclass(frozen=True)
class Choice:
    """Which of several descriptions of the same bytes counts: the first of ``values`` that has ``field``'s, or none (0).

    ``missing`` are the bytes by which each alternative is shorter than the longest, where the
    record ends with them, else zeros.
    """

    field: ElementaryItem
    values: tuple[tuple[str, ...], ...]
    missing: tuple[int, ...]


@dataclass(frozen=True)
class Record:
    """``minimum`` and ``maximum`` are bytes; a file of fixed format has records of ``maximum``."""

    minimum: int
    maximum: int
    items: tuple[ElementaryItem, ...]
    tables: tuple[Table, ...]
    choices: tuple[Choice, ...]

    def item(self, name: str) -> ElementaryItem:
        return next(item for item in self.items if item.name == name)

    @property
    def varies(self) -> bool:
        return bool(self.tables or self.choices)


@lru_cache(maxsize=64)
def record_of(copybook: tuple[str, ...], select: tuple[Selection, ...] = (), origin: str = "copybook") -> Record:
    """The record of a copybook's lines, kept by a warm worker; raise CopybookInvalid or ContractInvalid."""
    return _Walk(parse_copybook(copybook, origin), select, origin).record()


def columns(record: Record) -> tuple[Field, ...]:
    """What each item is as a column, by itself."""
    return tuple(field_of(item) for item in record.items)


class _Surroundings(NamedTuple):
    """What an item stands in: the names of its groups, the numbers of its occurrences, and what :class:`ElementaryItem` says of it."""

    path: tuple[str, ...] = ()
    at: tuple[int, ...] = ()
    when: tuple[tuple[int, int], ...] = ()
    element: tuple[int, int] | None = None


class _Walk:
    """One pass over the tree of a copybook, collecting elementary items, tables and choices."""

    def __init__(self, root: Item, select: Sequence[Selection], origin: str) -> None:
        self._root, self._origin = root, origin
        self._select = {_cobol_name(rule.item): rule for rule in select}
        self._groups: list[tuple[ElementaryItem, tuple[str, ...], tuple[int, ...]]] = []
        self._tables: list[tuple[Item, int]] = []
        self._choices: list[tuple[Item, tuple[Selection, ...], tuple[int, ...]]] = []
        self._unused = set(self._select)

    def record(self) -> Record:
        self._item(self._root, 0, _Surroundings())
        if self._unused:
            raise self._refused_rule(min(self._unused), "is no item with REDEFINES whose surroundings count")
        elementary_items = self._named()
        always = [elementary for elementary in elementary_items if not elementary.element]
        tables = tuple(self._table(item, offset, always) for item, offset in self._tables)
        choices = tuple(self._choice(rules, missing, always) for _, rules, missing in self._choices)
        maximum = self._root.length * self._root.most
        minimum = maximum - sum((table.most - table.least) * table.unit for table in tables) - sum(max(c.missing) for c in choices)
        for elementary, rule in [(choice.field, rules[0].item) for choice, (_, rules, _) in zip(choices, self._choices)]:
            if elementary.offset + elementary.length > min([minimum, *(table.offset for table in tables)]):
                raise self._refused_rule(rule, f"is chosen by {elementary.data_name}, which is not at the same place in every record")
        if not elementary_items:
            raise CopybookInvalid(self._origin, self._root.line, self._root.source, "describes nothing but FILLER")
        return Record(minimum, maximum, elementary_items, tables, choices)

    def _item(self, item: Item, offset: int, within: _Surroundings) -> None:
        varies = item.depending is not None
        if varies:
            if within.element or within.at or within.when:
                raise self._refused(item, "varies in length inside a table or a redefinition; only a table of the record itself may")
            self._tables.append((item, offset))
        for index in range(item.most):
            here = within._replace(
                at=(*within.at, index + 1) if item.occurs else within.at,
                element=(len(self._tables) - 1, index) if varies else within.element,
            )
            start = offset + index * item.length
            if item.children:
                self._children(item, start, here)
            elif item.name != FILLER:
                if len(self._groups) == MAX_COLUMNS:
                    raise self._refused(item, f"is past the {MAX_COLUMNS:,} columns of a record, each occurrence counted")
                elementary = ElementaryItem(
                    "",
                    item.name,
                    item.line,
                    start,
                    item.length,
                    item.usage,
                    item.picture,
                    item.sign,
                    item.conditions,
                    here.when,
                    here.element,
                )
                self._check(elementary, item)
                self._groups.append((elementary, here.path, here.at))

    def _children(self, group: Item, offset: int, within: _Surroundings) -> None:
        within = within if group.name == FILLER else within._replace(path=(*within.path, group.name))
        for alternatives in _areas(group.children):
            first, others = alternatives[0], [item for item in alternatives[1:] if item.name in self._select]
            chosen = [first, *others]
            bytes_each = [item.length * item.most for item in chosen]
            if others:
                rules = tuple(self._select[item.name] for item in others)
                self._unused -= {_cobol_name(rule.item) for rule in rules}
                if within.element or within.at:
                    raise self._refused(first, "is redefined inside a table by items that record.select chooses, which is not read here")
                last = not within.when and offset + bytes_each[0] == self._root.length
                self._choices.append((first, rules, tuple(bytes_each[0] - size if last else 0 for size in bytes_each)))
            number = len(self._choices) - 1
            for alternative, item in enumerate(chosen):
                self._item(item, offset, within._replace(when=(*within.when, (number, alternative))) if others else within)
            offset += bytes_each[0]

    def _check(self, elementary: ElementaryItem, item: Item) -> None:
        if elementary.digits + elementary.power > MAX_DIGITS:
            raise self._refused(item, f"may have {elementary.digits + elementary.power} digits, more than {MAX_DIGITS}")
        try:
            field_of(elementary)
        except ValueError as error:
            raise self._refused(item, f"cannot be a column: {error}") from error

    def _named(self) -> tuple[ElementaryItem, ...]:
        """The items with their columns' names: the data name, after its group's where two items have one name, and the occurrence."""
        described = Counter(name for name, _ in {(elementary.data_name, elementary.line) for elementary, _, _ in self._groups})
        named: dict[str, ElementaryItem] = {}
        for elementary, path, at in self._groups:
            qualified = [*(path[-1:] if described[elementary.data_name] > 1 else ()), elementary.data_name, *map(str, at)]
            name = "_".join(qualified).lower().replace("-", "_")
            other = named.get(name)
            if other:
                raise ContractInvalid(
                    self._origin, name, f"copybook lines {other.line} and {elementary.line} both give a column of this name; rename one"
                )
            named[name] = replace(elementary, name=name)
        return tuple(named.values())

    def _table(self, item: Item, offset: int, elementary_items: Iterable[ElementaryItem]) -> Table:
        assert item.occurs is not None
        counters = [elementary for elementary in elementary_items if elementary.data_name == item.depending and not elementary.when]
        if len(counters) != 1 or not counters[0].whole or counters[0].offset + counters[0].length > self._tables[0][1]:
            rule = f"depends on {item.depending}, which is not one whole number before the first table that varies"
            raise self._refused(item, rule)
        return Table(item.name, offset, item.length, *item.occurs, counters[0])

    def _choice(self, rules: Sequence[Selection], missing: tuple[int, ...], elementary_items: Sequence[ElementaryItem]) -> Choice:
        fields = {_cobol_name(rule.field) for rule in rules}
        if len(fields) > 1:
            raise self._refused_rule(
                rules[1].item, f"is chosen by {rules[1].field}, but {rules[0].item} by {rules[0].field}; one item must choose"
            )
        choosing = [elementary for elementary in elementary_items if elementary.data_name in fields]
        if len(choosing) != 1 or not (choosing[0].kind == TEXT or choosing[0].whole):
            raise self._refused_rule(rules[0].item, f"is chosen by {rules[0].field}, which is not one item of text or whole numbers")
        for rule in rules:
            for value in rule.values:
                if choosing[0].whole and not _WHOLE.fullmatch(value):
                    raise self._refused_rule(rule.item, f"is chosen by {value!r}, but {rule.field} is a number")
        return Choice(choosing[0], tuple(rule.values for rule in rules), missing)

    def _refused(self, item: Item, rule: str) -> CopybookInvalid:
        return CopybookInvalid(self._origin, item.line, item.source, f"{item.name} {rule}")

    def _refused_rule(self, item: str, rule: str) -> ContractInvalid:
        return ContractInvalid(self._origin, None, f"record.select: {item} {rule}")


def _areas(children: Sequence[Item]) -> Iterator[list[Item]]:
    """The items that share their first byte: one, and those that redefine it."""
    area: list[Item] = []
    for child in children:
        if area and not child.redefines:
            yield area
            area = []
        area.append(child)
    yield area


def _cobol_name(name: str) -> str:
    return name.upper().replace("_", "-")
