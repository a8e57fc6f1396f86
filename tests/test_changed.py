"""Of a change, the tests that import or name what has changed are chosen, and no others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from local.errors import LocalError
from tests.changed import changed, chosen

FILES = {
    "runtime/__init__.py": "",
    "runtime/core.py": "",
    "runtime/columns.py": "from runtime import core\n",
    "runtime/alone.py": "",
    "tests/support.py": "import runtime.columns\n",
    "tests/unit/conftest.py": "import runtime.alone\n",
    "tests/unit/test_columns.py": "def test():\n    from runtime.columns import check\n",
    "tests/test_supported.py": "import tests.support\n",
    "tests/test_page.py": "PAGE = 'docs/local.md'\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("differing", "tests"),
    [
        ({"runtime/columns.py"}, ["tests/test_supported.py", "tests/unit/test_columns.py"]),
        ({"runtime/core.py"}, ["tests/test_supported.py", "tests/unit/test_columns.py"]),
        ({"runtime/alone.py"}, ["tests/unit/test_columns.py"]),
        ({"tests/test_page.py"}, ["tests/test_page.py"]),
        ({"docs/local.md"}, ["tests/test_page.py"]),
        ({"docs/other.md"}, []),
        (set(), []),
    ],
)
def test_what_imports_or_names_a_change_is_chosen(root: Path, differing: set[str], tests: list[str]) -> None:
    assert chosen(root, differing) == tests


def test_a_module_that_is_gone_is_missed_by_what_imports_it(root: Path) -> None:
    (root / "runtime" / "columns.py").unlink()
    assert "tests/unit/test_columns.py" in chosen(root, {"runtime/columns.py"})


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def test_commits_edits_and_new_files_count_and_what_main_did_since_does_not(root: Path) -> None:
    git(root, "init", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-m", "one")
    git(root, "checkout", "-b", "branch")
    (root / "runtime" / "core.py").write_text("x = 1\n")
    git(root, "commit", "-am", "two")
    git(root, "checkout", "main")
    (root / "runtime" / "alone.py").write_text("x = 1\n")
    git(root, "commit", "-am", "three")
    git(root, "checkout", "branch")
    (root / "runtime" / "columns.py").write_text("x = 1\n")
    (root / "new.py").write_text("")
    assert changed(root, "main") == {"runtime/core.py", "runtime/columns.py", "new.py"}
    with pytest.raises(LocalError, match="nowhere"):
        changed(root, "nowhere")
