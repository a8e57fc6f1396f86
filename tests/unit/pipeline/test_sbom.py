"""The bill of materials lists what the locks lock, every time the same (D8)."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from pipeline.gates import locks, tree

pytestmark = pytest.mark.dear

ROOT = Path(__file__).resolve().parents[3]


def write(out: Path) -> None:
    subprocess.run(["pipeline/sbom.sh", str(out)], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("sbom")
    write(out)
    return out


def components(written: Path, name: str) -> list[dict]:
    return json.loads((written / f"{name}.cdx.json").read_text())["components"]


def test_every_lock_has_a_document(written):
    names = [name.removesuffix(".txt").replace("/", "-") for name in locks.python_locks(tree.files(ROOT))]
    assert sorted(path.name for path in written.iterdir()) == sorted(f"{name}.cdx.json" for name in [*names, "package-lock"])


@pytest.mark.parametrize("lock", ["requirements", "runtime/layers/requirements-3.9", "runtime/layers/requirements-3.13"])
def test_every_package_of_a_python_lock_is_listed_with_its_hashes(written, lock):
    text = (ROOT / f"{lock}.txt").read_text()
    found = components(written, lock.replace("/", "-"))
    assert {f"{each['name']}=={each['version']}" for each in found} == set(re.findall(r"^\S+==[^ \\\n]+", text, re.MULTILINE))
    hashes = [entry["content"] for each in found for distribution in each["externalReferences"] for entry in distribution["hashes"]]
    assert sorted(hashes) == sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))
    assert {f"pkg:pypi/{each['name']}@{each['version']}" for each in found} == {each["purl"] for each in found}


def test_every_package_of_npms_lock_is_listed(written):
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    found = components(written, "package-lock")
    names = {(path.rpartition("node_modules/")[2], package["version"]) for path, package in locked.items() if path}
    assert {(each["name"], each["version"]) for each in found} == names
    assert all(re.fullmatch("[0-9a-f]{128}", each["hashes"][0]["content"]) for each in found)
    assert "pkg:npm/%40aws-sdk/client-s3@" in "".join(each["purl"] for each in found)


def test_the_same_locks_give_the_same_bytes_and_nothing_of_the_machine(written, tmp_path):
    write(tmp_path)
    for path in written.iterdir():
        text = path.read_text()
        assert (tmp_path / path.name).read_text() == text
        assert str(ROOT) not in text
        assert "timestamp" not in text


def test_the_documents_are_cyclonedx_of_the_project(written):
    for path in written.iterdir():
        document = json.loads(path.read_text())
        validator = JsonStrictValidator(SchemaVersion.from_version(document["specVersion"]))
        assert (validator.validate_str(path.read_text()), document["metadata"]["component"]["name"]) == (None, "ledgerline"), path.name
