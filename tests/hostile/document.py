"""Two Markdown files made from the table of hostile files: the page that a person reads, and every case with its outcome."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import List

from tests.hostile.case import Line
from tests.hostile.table import KINDS

_ROOT = Path(__file__).parents[2]
PAGE = _ROOT / "docs" / "hostile-files.md"
TABLE = _ROOT / ".ledgerline" / "hostile-files.md"

_PAGE_BEGINNING = """\
# What becomes of hostile files

`make test` sends every file and message of `tests/hostile/cases/` through the steps of the workflow and compares each outcome.
The large files are sent by `make test-long`.

`python -m tests.hostile` writes this page, and the whole table with one line per case to `.ledgerline/hostile-files.md`.
A test fails if this page is stale.

## What holds for every file

- Each row is accepted or rejected, and the counts add up.
- The tests compare every accepted value, and the offset and codes of every rejected row.
- The original is moved to `processed/` or `failed/`, byte for byte, and is gone from `incoming/`.
- The message is one line of less than 2,000 characters without a traceback. Neither the message nor the log contains a row of the file.

[Data contracts](contracts.md) has the rules behind the outcomes.

## The kinds

The last column counts the outcomes of the cases. An error refuses the whole file or message.

| kind | promise | outcomes |
|---|---|---|
"""
_TABLE_BEGINNING = """\
# Every hostile file and its outcome

`python -m tests.hostile` writes this file. docs/hostile-files.md says what holds for every file.

The contract is `id` (integer), `day` (date), `amount` (decimal(10,2)), all required, and `note` (text), unless a line says otherwise.
"""


def page() -> str:
    rows = [f"| **{kind.TITLE}**: {_introduction(kind)} | {kind.PROMISE} | {_outcomes(kind)} |\n" for kind in KINDS]
    return _PAGE_BEGINNING + "".join(rows)


def table() -> str:
    return "\n".join([_TABLE_BEGINNING, *(_section(kind) for kind in KINDS)])


def lines(kind: ModuleType) -> List[Line]:
    return [line for case in kind.CASES for line in case.lines]


def _introduction(kind: ModuleType) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def _outcomes(kind: ModuleType) -> str:
    counted = Counter(line.ending for line in lines(kind))
    return ", ".join(f"{ending} {count}" for ending, count in counted.most_common())


def _section(kind: ModuleType) -> str:
    rows = [f"| {_cell(line.sends)} | {_cell(line.becomes)} |" for line in lines(kind)]
    return "\n".join([f"## {kind.TITLE}", "", _introduction(kind), "", "| what is sent | what becomes of it |", "|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
