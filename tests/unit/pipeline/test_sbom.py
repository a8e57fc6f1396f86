"""The bill of materials lists what the locks lock, every time the same (D8)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from pipeline import sbom
from pipeline.gates.tree import NoTree

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("sbom")
    assert sbom.main(["--out", str(out)]) == 0
    return out


def components(written: Path, name: str) -> list[dict]:
    return json.loads((written / f"{name}.cdx.json").read_text())["components"]


@pytest.mark.parametrize("lock", ["requirements", "runtime/layers/requirements-3.9", "runtime/layers/requirements-3.13"])
def test_every_package_of_a_python_lock_is_listed_with_its_hashes(written, lock):
    text = (ROOT / f"{lock}.txt").read_text()
    found = components(written, lock.replace("/", "-"))
    assert {f"{each['name']}=={each['version']}" for each in found} == set(re.findall(r"^\S+==[^ \\\n]+", text, re.MULTILINE))
    hashes = [entry["content"] for each in found for entry in each["hashes"]]
    assert sorted(hashes) == sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))
    assert {f"pkg:pypi/{each['name']}@{each['version']}" for each in found} == {each["purl"] for each in found}


def test_every_package_of_npms_lock_is_listed(written):
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    found = {each["bom-ref"]: each for each in components(written, "package-lock")}
    assert set(found) == set(locked) - {""}
    assert {path: each["version"] for path, each in found.items()} == {path: locked[path]["version"] for path in found}
    assert all(re.fullmatch("[0-9a-f]{128}", each["hashes"][0]["content"]) for each in found.values())
    assert "pkg:npm/%40aws-sdk/client-s3@" in "".join(each["purl"] for each in found.values())


def test_the_same_locks_give_the_same_bytes_and_nothing_of_the_machine(written, tmp_path):
    assert sbom.main(["--out", str(tmp_path)]) == 0
    for path in written.iterdir():
        text = path.read_text()
        assert (tmp_path / path.name).read_text() == text
        assert str(ROOT) not in text
        assert "timestamp" not in text


def test_the_documents_are_cyclonedx(written):
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert {path.name: validator.validate_str(path.read_text()) for path in written.iterdir()} == {
        path.name: None for path in written.iterdir()
    }


def test_a_directory_that_git_cannot_list_is_one_line(monkeypatch, capsys, tmp_path):
    def none(_root):
        raise NoTree("git does not list the files")

    monkeypatch.setattr(sbom, "files", none)
    assert sbom.main(["--out", str(tmp_path / "sbom")]) == 2
    assert capsys.readouterr().err == "error: git does not list the files\n"
    assert not (tmp_path / "sbom").exists()
