"""A review as Markdown: for the build's log, and wherever a text is read."""

from __future__ import annotations

import re

from pipeline.review.document import Block, Link, Table, sections, title
from pipeline.review.review import Review


def markdown(review: Review) -> str:
    parts = [f"# {_escaped(title(review))}"]
    for section in sections(review):
        parts.append(f"## {section.title}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Table):
        rows = [block.header, ["---"] * len(block.header), *([_cell(cell) for cell in row] for row in block.rows)]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"[{_escaped(block.label)}](<{block.url}>)" if isinstance(block, Link) else _escaped(block)


def _cell(value: str) -> str:
    return "<br>".join(_escaped(line) for line in value.splitlines())


def _escaped(value: str) -> str:
    """Text that stays text: names and values come from templates, and a template may hold anything."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(value.split()))
