"""The ids that tests and documents name mean something: docs/requirements.md says what, and where it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.docs.commands import ROOT

PAGE = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
ROWS = {found[1]: found[2] for found in re.finditer(r"^\| ([DEFG]\d+) \| (.+) \|$", PAGE, re.MULTILINE)}
_NOT_BUILT = {"F2", "F3"}

_ID = r"[DEFG][1-9]\d?"
#: ``# D4``, ``(D1, E20)``, ``REQUIREMENTS D7``; elsewhere two such characters may be hexadecimal.
_USED = re.compile(rf"(?:#|\(|REQUIREMENTS) ?({_ID}(?:(?:, | and |; ){_ID})*)(?=[\s).:;,]|$)", re.MULTILINE)
_SOURCES = ("benchmarks", "buildspec", "docs", "etl", "local", "ops", "pipeline", "runtime", "stages", "tests")
_CODE_PAGE = re.compile(r"F[4-9]|D0")


def files() -> Iterator[Path]:
    for folder in _SOURCES:
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix in {".md", ".py", ".sh", ".yml"})
    yield from (ROOT / name for name in ("README.md", "CHANGELOG.md", "pipeline_app.py"))


def test_every_id_that_is_used_is_defined() -> None:
    used: dict[str, str] = {}
    for path in files():
        for group in _USED.findall(path.read_text(encoding="utf-8")):
            used |= {name: path.name for name in re.findall(_ID, group) if not _CODE_PAGE.fullmatch(name)}
    assert len(used) > 40
    assert {name: where for name, where in used.items() if name not in ROWS} == {}


def test_every_id_is_there_once_in_order() -> None:
    wanted = [f"{letter}{number}" for letter, last in (("D", 10), ("E", 25), ("F", 3), ("G", 9)) for number in range(1, last + 1)]
    assert re.findall(r"^\| ([DEFG]\d+) \|", PAGE, re.MULTILINE) == wanted


@pytest.mark.parametrize("name", sorted(set(ROWS) - _NOT_BUILT))
def test_what_is_built_names_tests_that_exist_and_know_it(name: str) -> None:
    shown = ROWS[name].rpartition(" | ")[2]
    named = re.findall(r"`(tests/[\w/]+\.py)`", shown)
    assert named or name == "G5"
    assert [path for path in named if not (ROOT / path).exists()] == []
    # G4 and G9 are shown by what was made for other reasons.
    knowing = [path for path in named if re.search(rf"\b{name}\b", (ROOT / path).read_text(encoding="utf-8"))]
    assert knowing or name in {"G4", "G5", "G9"}


def test_what_is_not_built_says_so() -> None:
    assert all(ROWS[name].endswith("| not built") for name in _NOT_BUILT)
    assert "not built" in ROWS["G5"]
    assert "not built" in ROWS["G6"]
