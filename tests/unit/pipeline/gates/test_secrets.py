"""No key, token or password is in the repository, and one that comes is found (D8)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline.gates import secrets, tree
from pipeline.gates.accepted_findings import SECRETS
from tests.unit.pipeline.gates.repository import ROOT

#: Put together here, or this file would be found itself.
ACCESS = "AKIA" + "IOSFODNN7QWERTYU"
SIGNING = "wJalrXUtnFEMI" + "/K7MDENG/" + "bPxRfiCYzKq9vT2sLd"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
TOKEN = "ghp_" + "x7Kq2mZp9Tb4Wd6Rf8" + "Hj1Ls3Nv5Yc0Ea2GkQ"
WORD = "pass" + "word"


@pytest.fixture(scope="module")
def found() -> list[secrets.Finding]:
    return secrets.scan(ROOT, tree.files(ROOT))


def test_nothing_that_looks_like_a_secret_is_unacknowledged(found: list[secrets.Finding]) -> None:
    assert [(each.path, each.line, each.kind) for each in found if not any(each.is_accepted_by(accepted) for accepted in SECRETS)] == []


@pytest.mark.parametrize("accepted", SECRETS, ids=lambda accepted: accepted.path)
def test_every_accepted_finding_is_found(found: list[secrets.Finding], accepted: secrets.Secret) -> None:
    assert any(each.is_accepted_by(accepted) for each in found)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("settings.py", f'access = "{ACCESS}"\n', "AWS Access Key"),
        ("notes.md", f"aws_secret_access_key = {SIGNING}\n", "AWS Access Key"),
        ("deploy.pem", f"{PEM}\n", "Private Key"),
        (".github/token", f"{TOKEN}\n", "GitHub Token"),
        ("clients.py", f'{WORD} = "correct-horse-battery"\n', "Secret Keyword"),
        # A comment beside it does not accept it.
        ("excused.py", f'access = "{ACCESS}"  # pragma: allowlist secret\n', "AWS Access Key"),
    ],
)
def test_a_planted_secret_is_found_and_not_shown(tmp_path: Path, name: str, content: str, kind: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content)
    lines = list(secrets.findings(tmp_path, tree.files(tmp_path)))
    assert [line for line in lines if line.startswith(f"{name}:1: {kind}: ")]
    assert not [line for line in lines if any(value in line for value in (ACCESS, SIGNING, TOKEN, "horse"))]


def test_the_same_value_elsewhere_is_not_accepted(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text(f'{WORD}="local"\n')
    assert len(list(secrets.findings(tmp_path, ["elsewhere.py"]))) == 1


def test_the_files_are_those_that_git_would_take(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("cdk.out/\n")
    for name in ("cdk.out/manifest.json", "kept.py", "folder/new.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    without_git = tree.files(tmp_path)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "kept.py"], check=True)
    assert tree.files(tmp_path) == without_git == [".gitignore", "folder/new.py", "kept.py"]


def test_what_was_added_although_it_is_ignored_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text(".env\n")
    (tmp_path / ".env").write_text("")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    assert tree.files(tmp_path) == [".gitignore"]
    subprocess.run(["git", "-C", str(tmp_path), "add", "--force", ".env"], check=True)
    assert tree.files(tmp_path) == [".env", ".gitignore"]
