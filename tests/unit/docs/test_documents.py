"""Documents say what is there: their links lead somewhere, their settings are accepted."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

import pytest

from pipeline import settings
from tests.unit.docs.commands import DOCUMENTS, ROOT

#: A file or folder of the repository, as sentences and tables name it; ``tests/x.py::test_y`` names the file.
PATH = re.compile(r"`((?:benchmarks|buildspec|docs|etl|local|ops|pipeline|runtime|stages|tests)/[\w./-]*)(?:::\w+)?`")
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]+))?\)")


@lru_cache
def anchors(document: Path) -> set[str]:
    """Of the headings as GitHub makes them, and those that are set by hand."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for path, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_paths_that_are_named_exist(document: Path) -> None:
    named = PATH.findall(document.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_runbook_lists_every_section_at_its_top() -> None:
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    top = text.partition("\n## ")[0]
    listed = {anchor for path, anchor in LINK.findall(top) if not path}
    assert listed == anchors(ROOT / "docs" / "runbook.md") - {"runbook"}


def test_the_settings_that_setting_up_shows_are_accepted() -> None:
    """D1, D3: the example of a target is one more target, and either source is a source."""
    text = (ROOT / "docs" / "setup.md").read_text(encoding="utf-8")
    shown = [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
    assert [set(example) & {"kind", "suffix"} for example in shown] == [{"kind"}, {"kind"}, {"suffix"}]
    for example in shown:
        context = settings.read_context(ROOT / "cdk.json")
        if "kind" in example:
            context[settings.KEY]["pipeline"]["source"] = example
        else:
            context[settings.KEY]["targets"].append(example)
        parsed = settings.parse(context)
        assert example.get("kind") in {parsed.pipeline.source.kind, None}
        assert example.get("suffix") in {*(target.suffix for target in parsed.targets), None}
