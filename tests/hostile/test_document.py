from __future__ import annotations

from tests.hostile.document import DOCUMENT, document
from tests.hostile.table import KINDS


def test_the_document_is_the_tables() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "docs/hostile-files.md is stale: run python -m tests.hostile"


def test_no_case_is_there_twice() -> None:
    said = [sent for kind in KINDS for case in kind.CASES for sent, _ in case.lines]
    assert len(said) == len(set(said)) > 90
