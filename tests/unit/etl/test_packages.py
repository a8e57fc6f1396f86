"""uv is called with what pip knows of this machine's index, and says in one line why it could not install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from etl import packages
from etl.packages import InstallError, environment, install

INDEX = "https://index.example/simple"


@pytest.fixture(autouse=True)
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("where", ["variable", "file"])
def test_pips_index_is_uvs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    if where == "variable":
        monkeypatch.setenv("PIP_INDEX_URL", INDEX)
    else:
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {INDEX}\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert environment()["UV_DEFAULT_INDEX"] == INDEX


def test_an_index_that_uv_was_given_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", INDEX)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://other.example/simple")
    assert environment()["UV_DEFAULT_INDEX"] == "https://other.example/simple"


@pytest.mark.parametrize("line", ["six==1.17.0", "six==1.17.0 --hash=sha256:" + "0" * 64, "six>=1"])
def test_a_package_whose_hash_is_not_in_the_lock_is_refused_with_one_line(tmp_path: Path, line: str) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(line + "\n")
    with pytest.raises(InstallError) as refused:
        install(lock, "--target", str(tmp_path / "target"))
    assert "six" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "target" / "six.py").exists()


def test_as_a_script_it_needs_only_the_standard_library(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("no-such-package==1.0\n")
    line = [sys.executable, "-I", "-S", packages.__file__, str(lock)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {lock} cannot be installed: ")
    assert len(done.stderr.splitlines()) == 1
