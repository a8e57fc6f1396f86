from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import __main__ as command
from tests.hostile.document import PAGE, lines, page, table
from tests.hostile.table import KINDS


def test_the_page_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/hostile-files.md is stale: run python -m tests.hostile"


def test_the_table_has_every_case_with_its_outcome() -> None:
    rows = [row for row in table().splitlines() if row.startswith("| ") and not row.startswith("| what is sent")]
    expected = [line for kind in KINDS for line in lines(kind)]
    assert len(rows) == len(expected) > 400
    for row, line in zip(rows, expected):
        assert row == "| " + " | ".join(text.replace("|", "\\|") for text in (line.sends, line.becomes)) + " |"
        assert line.becomes


def test_no_case_is_there_twice() -> None:
    sent = [line.sends for kind in KINDS for line in lines(kind)]
    assert len(sent) == len(set(sent)) > 90


def test_asking_for_help_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(command, "TABLE", tmp_path / "artifacts" / "table.md")
    with pytest.raises(SystemExit):
        command.main(["--help"])
    assert "example: python -m tests.hostile" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    command.main([])
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == page()
    assert (tmp_path / "artifacts" / "table.md").read_text(encoding="utf-8") == table()
