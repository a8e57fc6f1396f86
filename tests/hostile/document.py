"""docs/hostile-files.md, made from the table."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from tests.hostile.table import KINDS

DOCUMENT = Path(__file__).parents[2] / "docs" / "hostile-files.md"

_BEGINNING = """\
# What becomes of hostile files

Every line below is a case of `tests/hostile`, which `make test` sends through the steps of the workflow on both Pythons.
This page is made of the same table: `python -m tests.hostile` writes it, and a test fails when it is stale.

Each file ends as it says here, and besides

- rows read are rows accepted and rejected, counted apart; accepted values, and rejected rows by offset and codes, are compared one by one;
- the original is under `processed/` or `failed/`, the same bytes, and gone from `incoming/`;
- the message is one line of less than 2,000 characters without a traceback, and neither it nor a log line has a row of the file.

The contract is `id` (integer), `day` (date), `amount` (decimal(10,2)), all required, and `note` (text), unless a line says otherwise.
[Data contracts](contracts.md) has the rules behind it.
"""


def document() -> str:
    return "\n".join([_BEGINNING, *(_section(kind) for kind in KINDS)])


def _section(kind: ModuleType) -> str:
    explained = (kind.__doc__ or "").strip()
    rows = [f"| {_cell(sent)} | {_cell(becomes)} |" for case in kind.CASES for sent, becomes in case.lines]
    return "\n".join([f"## {kind.TITLE}", "", explained, "", "| what is sent | what becomes of it |", "|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
