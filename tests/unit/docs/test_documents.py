"""Documents say what is there: their commands exist, their links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"python -m (ops|local) (contract [a-z]+|[a-z]+)")


def shown_commands() -> set[tuple[str, ...]]:
    """``("ops", "contract", "infer")`` for each command that a document shows."""
    return {(module, *words.split()) for document in DOCUMENTS for module, words in COMMAND.findall(document.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
        assert (document.parent / link).exists(), link


@pytest.mark.parametrize("command", sorted(shown_commands()), ids=" ".join)
def test_a_command_that_is_shown_exists(command: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-m", *command, "--help"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert f"python -m {' '.join(command)} [OPTIONS]" in done.stdout


def test_the_makes_that_are_shown_are_in_the_makefile() -> None:
    shown = {target for document in DOCUMENTS for target in re.findall(r"\bmake ([a-z-]+)", document.read_text(encoding="utf-8"))}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert shown & {"run", "test", "check"} == {"run", "test", "check"}
    assert {target for target in shown if target in {"run", "test", "check", "setup", "deliver", "bench", "clean", "lock"}} <= targets
