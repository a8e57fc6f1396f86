"""A Python counts only when it starts and is what its name says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

from local import interpreters
from local.interpreters import interpreter, nearest_runtime


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine whose only directory on PATH is empty, and whose own Python does not count."""
    interpreter.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setattr(interpreters.sys, "version_info", (2, 7))
    yield tmp_path
    interpreter.cache_clear()


def install(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def test_found_on_path(machine: Path) -> None:
    assert interpreter("3.9") is None
    interpreter.cache_clear()
    python = install(machine / "python3.9", says="3.9")
    assert interpreter("3.9") == python


@pytest.mark.parametrize("place", ["pyenv/versions/3.9.18/bin", "uv/cpython-3.9.20-linux-x86_64-gnu/bin"])
def test_found_where_pyenv_and_uv_keep_them(machine: Path, place: str) -> None:
    python = install(machine / place / "python3.9", says="3.9")
    assert interpreter("3.9") == python


def test_one_that_is_another_version_or_does_not_start_is_passed_over(machine: Path) -> None:
    install(machine / "python3.9", says="3.11")
    broken = install(machine / "pyenv/versions/3.9.1/bin/python3.9", says="3.9")
    broken.write_text("#!/nonexistent\n")
    right = install(machine / "uv/cpython-3.9.20-linux/bin/python3.9", says="3.9")
    assert interpreter("3.9") == right


def test_pyenv_shim_does_not_count(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers for a version only where that version is active; the functions' directory is elsewhere."""
    install(machine / "pyenv/shims/python3.9", says="3.9")
    monkeypatch.setenv("PATH", str(machine / "pyenv/shims"))
    assert interpreter("3.9") is None


@pytest.mark.parametrize(
    ("wanted", "installed", "nearest"),
    [("3.9", ["3.9", "3.13"], "3.9"), ("3.9", ["3.13", "3.11"], "3.11"), ("3.13", ["3.9", "3.12"], "3.12"), ("3.9", [], None)],
    ids=["the wanted one", "the next newer", "the next older", "none at all"],
)
def test_nearest_runtime(machine: Path, wanted: str, installed: list[str], nearest: str | None) -> None:
    for version in installed:
        install(machine / f"python{version}", says=version)
    assert nearest_runtime(wanted) == nearest


def test_this_process_is_one_of_them(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    interpreter.cache_clear()
    found = interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert found is not None
    assert found.exists()
