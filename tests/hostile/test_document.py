from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import __main__ as command
from tests.hostile.document import DOCUMENT, document
from tests.hostile.table import KINDS


def test_the_document_is_the_tables() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "docs/hostile-files.md is stale: run python -m tests.hostile"


def test_no_case_is_there_twice() -> None:
    said = [sent for kind in KINDS for case in kind.CASES for sent, _ in case.lines]
    assert len(said) == len(set(said)) > 90


def test_asking_for_help_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "DOCUMENT", tmp_path / "page.md")
    with pytest.raises(SystemExit):
        command.main(["--help"])
    assert "example: python -m tests.hostile" in capsys.readouterr().out
    assert not (tmp_path / "page.md").exists()
    command.main([])
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == document()
