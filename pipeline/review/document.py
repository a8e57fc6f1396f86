"""A review as sections of headings, paragraphs and tables: what the Markdown and the HTML have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Sequence, Union

from pipeline.review.changes import ADDED, REMOVED, Change, Difference
from pipeline.review.policies import Broadening
from pipeline.review.review import Review, dollars
from pipeline.review.template import text

#: Characters of a value that are shown; the templates have the rest.
_SHOWN = 160


@dataclass(frozen=True)
class Table:
    """``loud`` are the numbers of the rows that must not be missed."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    loud: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Link:
    label: str
    url: str


Block = Union[str, Table, Link]


@dataclass(frozen=True)
class Section:
    title: str
    blocks: Sequence[Block]


def title(review: Review) -> str:
    return f"Delivery to {review.subject.stack} in {review.subject.region}"


def sections(review: Review) -> list[Section]:
    changed = [change for change in review.changes if change.kind != ADDED]
    added = [change for change in review.changes if change.kind == ADDED]
    losses = f"Read this first: {len(review.losses)} resources that hold data would be removed or replaced." if review.losses else None
    found = [Section("Summary", [*_present(review.summary, losses, f"Commits: {review.commits}"), *_compare(review)])]
    if changed:
        found.append(Section("Removed, replaced and changed", [_changes(changed)]))
    if added:
        found.append(Section("Added", [Table(("resource", "type"), [(change.logical_id, change.type) for change in added])]))
    if not review.changes:
        found.append(Section("Resources", ["The deployed template and this one have the same resources."]))
    return [*found, _permissions(review), _cost(review)]


def _present(*parts: str | None) -> list[str]:
    return [part for part in parts if part]


def _compare(review: Review) -> list[Link]:
    return [Link("What the commits change", review.compare_url)] if review.compare_url else []


def _changes(changes: Sequence[Change]) -> Table:
    rows = [
        (_kind(change), change.logical_id, change.type, "\n".join(_difference(found) for found in change.differences)) for change in changes
    ]
    return Table(("what", "resource", "type", "why"), rows, _numbers(change.loses or change.note for change in changes))


def _numbers(loud: Iterable[object]) -> frozenset[int]:
    return frozenset(number for number, is_loud in enumerate(loud) if is_loud)


def _kind(change: Change) -> str:
    lines = [change.kind.upper() if change.loses else change.kind]
    if change.loses:
        lines.append(f"{'loses' if change.kind == REMOVED else 'the new one starts without'} {change.loses}")
    return "\n".join([*lines, *_present(change.note)])


def _difference(found: Difference) -> str:
    where = ".".join(found.path)
    effect = f" ({found.behaviour})" if found.behaviour not in ("", "in place") else ""
    if found.follows:
        return f"{where}: follows {found.follows}{effect}"
    return f"{where}: {_value(found.before)} → {_value(found.after)}{effect}"


def _value(value: Any) -> str:
    shown = "absent" if value is None else text(value)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"


def _permissions(review: Review) -> Section:
    heading = "Permissions broadened"
    if not review.broadenings:
        return Section(heading, ["None: nothing is allowed or trusted that was not before, and nothing is denied less."])
    rows = [_permission(item) for item in review.broadenings]
    return Section(heading, [Table(("who", "what", "actions", "on"), rows, _numbers(item.wildcard for item in review.broadenings))])


def _permission(item: Broadening) -> tuple[str, str, str, str]:
    who = f"{item.subject} (new)" if item.is_new else item.subject
    what = f"WILDCARD, {item.what}" if item.wildcard else item.what
    target = [*item.resources, f"for {item.principal}" if item.principal else "", f"if {item.condition}" if item.condition else ""]
    return who, what, "\n".join(item.actions), "\n".join(filter(None, target))


def _cost(review: Review) -> Section:
    cost = review.cost
    rows = [
        (line.unit.replace("_", " "), dollars(line.before), dollars(line.after), dollars(line.after - line.before, signed=True))
        for line in cost.lines
    ]
    rows.append(("total", dollars(cost.before), dollars(cost.after), dollars(cost.difference, signed=True)))
    return Section("Estimated cost of a month", [Table(("of", "deployed", "with this", "difference"), rows), *cost.remarks])
