"""The review as documents: sections of paragraphs and tables, written as Markdown and as HTML.

The Markdown is for the build's log. The HTML is one page without scripts, which the S3 console opens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any, Iterable, Sequence, Union

from pipeline.review.broadening import Broadening
from pipeline.review.changes import ADDED, REMOVED, Change, Difference
from pipeline.review.review import Review, dollars
from pipeline.templates import text

#: Characters of a value that are shown.
_SHOWN = 160
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #16191f; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #d5dbdb; padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: #f2f3f3; } td { overflow-wrap: anywhere; white-space: pre-line; font-size: .9rem; }
tr.loud td { background: #fdecea; } tr.loud td:first-child { font-weight: 600; }
"""


@dataclass(frozen=True)
class Table:
    """``loud`` are the numbers of the rows to highlight."""

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


def markdown(review: Review) -> str:
    parts = [f"# {_escaped(title(review))}"]
    for section in sections(review):
        parts.append(f"## {section.title}")
        parts += [_markdown_block(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _markdown_block(block: Block) -> str:
    if isinstance(block, Table):
        rows = [block.header, ["---"] * len(block.header), *([_markdown_cell(cell) for cell in row] for row in block.rows)]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"[{_escaped(block.label)}](<{block.url}>)" if isinstance(block, Link) else _escaped(block)


def _markdown_cell(value: str) -> str:
    return "<br>".join(_escaped(line) for line in value.splitlines())


def _escaped(value: str) -> str:
    """*value* without meaning to Markdown: it comes from a template, which may hold anything."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(value.split()))


def html(review: Review) -> str:
    body = [f"<h1>{escape(title(review))}</h1>"]
    for section in sections(review):
        body.append(f"<h2>{escape(section.title)}</h2>")
        body += [_html_block(block) for block in section.blocks]
    head = (
        '<meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title(review))}</title><style>{_STYLE}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(body) + "\n</body></html>\n"


def _html_block(block: Block) -> str:
    if isinstance(block, Table):
        header = "".join(f"<th>{escape(cell)}</th>" for cell in block.header)
        rows = "".join(_html_row(row, number in block.loud) for number, row in enumerate(block.rows))
        return f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
    if isinstance(block, Link):
        return f'<p><a href="{escape(block.url)}" rel="noreferrer">{escape(block.label)}</a></p>'
    return f"<p>{escape(block)}</p>"


def _html_row(row: Sequence[str], loud: bool) -> str:
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
    return f'<tr class="loud">{cells}</tr>' if loud else f"<tr>{cells}</tr>"


def title(review: Review) -> str:
    return f"Delivery to {review.subject.stack} in {review.subject.region}"


def sections(review: Review) -> list[Section]:
    changed = [change for change in review.changes if change.kind != ADDED]
    added = [change for change in review.changes if change.kind == ADDED]
    losses = f"Read this first: {len(review.losses)} resources that hold data would be removed or replaced." if review.losses else None
    document = [Section("Summary", [*_present(review.summary, losses, f"Commits: {review.commits}"), *_compare(review)])]
    if changed:
        document.append(Section("Removed, replaced and changed", [_changes(changed)]))
    if added:
        document.append(Section("Added", [Table(("resource", "type"), [(change.logical_id, change.type) for change in added])]))
    if not review.changes:
        document.append(Section("Resources", ["The deployed template and this one have the same resources."]))
    return [*document, _permissions(review), _cost(review)]


def _present(*parts: str | None) -> list[str]:
    return [part for part in parts if part]


def _compare(review: Review) -> list[Link]:
    return [Link("What the commits change", review.compare_url)] if review.compare_url else []


def _changes(changes: Sequence[Change]) -> Table:
    rows = [
        (_kind(change), change.logical_id, change.type, "\n".join(_difference(each) for each in change.differences)) for change in changes
    ]
    return Table(("what", "resource", "type", "why"), rows, _numbers(change.loses or change.note for change in changes))


def _numbers(loud: Iterable[object]) -> frozenset[int]:
    return frozenset(number for number, is_loud in enumerate(loud) if is_loud)


def _kind(change: Change) -> str:
    lines = [change.kind.upper() if change.loses else change.kind]
    if change.loses:
        lines.append(f"{'loses' if change.kind == REMOVED else 'the new one starts without'} {change.loses}")
    return "\n".join([*lines, *_present(change.note)])


def _difference(difference: Difference) -> str:
    where = ".".join(difference.path)
    effect = f" ({difference.behaviour})" if difference.behaviour not in ("", "in place") else ""
    if difference.follows:
        return f"{where}: follows {difference.follows}{effect}"
    return f"{where}: {_value(difference.before)} → {_value(difference.after)}{effect}"


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
