from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer.main

from ops.cli import app
from ops.listing import MARKS
from ops.outcome import next_step

DOCS = Path(__file__).parents[3] / "docs"
DOCUMENT = (DOCS / "operations.md").read_text(encoding="utf-8")
RUNBOOK = (DOCS / "runbook.md").read_text(encoding="utf-8")


def _commands(group: Any, path: str = "python -m ops") -> list[tuple[str, Any]]:
    found = []
    for name, command in group.commands.items():
        found += _commands(command, f"{path} {name}") if hasattr(command, "commands") else [(f"{path} {name}", command)]
    return found


def test_every_command_is_in_the_document() -> None:
    missing = [path for path, _ in _commands(typer.main.get_command(app)) if path not in DOCUMENT]
    assert not missing


def test_every_command_in_the_document_exists() -> None:
    known = tuple(path for path, _ in _commands(typer.main.get_command(app)))
    shown = [line for line in DOCUMENT.splitlines() if line.startswith("python -m ops")]
    assert len(shown) >= len(known)
    assert [line for line in shown if not line.startswith(known)] == []


@pytest.mark.parametrize("document", ["operations.md", "runbook.md"])
def test_the_marks_are_in_the_documents_as_they_are_shown(document: str) -> None:
    text = (DOCS / document).read_text(encoding="utf-8").replace("`", "")
    table = text.partition("| mark |")[2].partition("\n\n")[0]
    shown = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[2:]]
    assert shown == list(MARKS)


@pytest.mark.parametrize("error", ["ExecutionTimedOut", "ExecutionAborted", "ReconciliationFailed", "Whatever"])
def test_a_failed_file_is_sent_to_an_entry_that_the_runbook_has(error: str) -> None:
    step = next_step({"file_status": "FAILED", "error_type": error}, "f" * 32)
    assert step is not None
    assert f'<a id="{step.splitlines()[0].rpartition(" ")[2]}"></a>' in RUNBOOK
