"""Locks pin everything, with hashes, as their sources ask; each thing that one of them may lack is noticed (D8)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipeline.gates import locks, tree
from tests.unit.pipeline.gates.repository import ROOT, copy_of_the_locks

LAYER, LAYER_SOURCE = "runtime/layers/requirements-3.9.txt", "runtime/layers/requirements-3.9.in"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return copy_of_the_locks(tmp_path)


def found_in(root: Path) -> list[str]:
    return list(locks.findings(root, tree.files(root)))


def change(path: Path, pattern: str, replacement: str) -> None:
    text, changes = re.subn(pattern, replacement, path.read_text(), count=1)
    assert changes == 1
    path.write_text(text)


def test_the_locks_of_the_repository_keep_what_they_promise() -> None:
    files = tree.files(ROOT)
    assert len(locks.python_locks(files)) >= 5
    assert list(locks.findings(ROOT, files)) == []


@pytest.mark.parametrize(
    ("file", "pattern", "replacement", "said"),
    [
        (LAYER, r"six==1\.17\.0", "six>=1.17", "six is not pinned to one version"),
        (LAYER, r"(six==\S+) \\(\n    --hash=\S+( \\)?)+", r"\1", "six has no hash"),
        (LAYER, r"\A", "six @ https://example.com/six.whl --hash=sha256:00\n", "six comes from an address"),
        (
            LAYER,
            r"\A",
            "--extra-index-url https://example.com/simple\n",
            "'--extra-index-url https://example.com/simple' is no requirement",
        ),
        (LAYER, r"pandas==2\.3\.3", "pandas==2.3.2", "has pandas 2.3.2, where requirements-3.9.in asks for ==2.3.3"),
        (LAYER_SOURCE, r"\Z", "polars==1.0.0\n", "lacks polars, which requirements-3.9.in asks for"),
        ("package.json", r'"aws-cdk": "(\S+)"', r'"aws-cdk": "^\1"', "aws-cdk is not pinned to one version"),
        ("package.json", r'"aws-cdk": "\S+"', '"aws-cdk": "2.1.0"', "its devDependencies are not those of package.json"),
        ("package-lock.json", r'\n      "integrity": "\S+",', "", "has no integrity"),
        (
            "package-lock.json",
            r'"integrity"',
            '"resolved": "https://example.com/x.tgz", "integrity"',
            "names the address that it came from",
        ),
        ("package-lock.json", r"\A", "{", "cannot be read beside package.json"),
    ],
)
def test_what_a_lock_lacks_is_named_once(copied: Path, file: str, pattern: str, replacement: str, said: str) -> None:
    change(copied / file, pattern, replacement)
    kinds = {line for line in found_in(copied) if said in line}
    assert len(kinds) == 1
    affected = {line.partition(":")[0] for line in found_in(copied)}
    assert affected <= {file, LAYER, "tests/runtime_env/requirements-3.9.txt", "package.json", "package-lock.json"}


def test_a_lock_of_nothing_is_found(copied: Path) -> None:
    (copied / "elsewhere").mkdir()
    (copied / "elsewhere" / "requirements.txt").write_text("six==1.17.0 --hash=sha256:00\n")
    assert [line for line in found_in(copied) if line.startswith("elsewhere/requirements.txt: there is neither")]


def test_what_npm_locks_is_a_lock_of_the_file_beside_it(copied: Path) -> None:
    packages = json.loads((copied / "package-lock.json").read_text())["packages"]
    assert set(packages[""]["devDependencies"]) == set(json.loads((copied / "package.json").read_text())["devDependencies"])
