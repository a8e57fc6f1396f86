"""What the page on security names as proof exists (D8, E13, G8)."""

from __future__ import annotations

import ast
import re

import pytest

from tests.unit.docs.commands import ROOT

NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED)))
def test_a_test_that_is_named_as_proof_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_a_test() -> None:
    promises = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").partition("## What is promised")[2].partition("\n## ")[0]
    blocks = re.split(r"^\*\*", promises, flags=re.MULTILINE)[1:]
    assert len(blocks) == 9
    assert [block for block in blocks if "- `tests/" not in block] == []
