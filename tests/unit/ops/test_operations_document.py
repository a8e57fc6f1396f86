from __future__ import annotations

from pathlib import Path
from typing import Any

import typer.main

from ops.cli import app

DOCUMENT = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")


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
