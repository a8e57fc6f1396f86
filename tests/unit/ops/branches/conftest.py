"""Accounts and repositories for the tests of branch stages."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from ops.aws import Aws
from ops.branches.repository import Repository

LOCKS = "locks"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        boto3.client("dynamodb", region_name="us-east-1").create_table(
            TableName=LOCKS,
            KeySchema=[{"AttributeName": "stage", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "stage", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Aws("us-east-1")


class GitRepository:
    """A bare repository of this machine with one commit on main, and more on whatever is asked for."""

    def __init__(self, directory: Path) -> None:
        self.url = str(directory)
        subprocess.run(["git", "init", "--quiet", "--bare", self.url], check=True)
        self.update("refs/heads/main")

    def update(self, ref: str) -> str:
        """Point *ref* at a new commit."""
        tree = self._git("mktree", given=b"")
        commit = self._git("commit-tree", tree, "-m", ref)
        self._git("update-ref", ref, commit)
        return commit

    def point(self, ref: str, commit: str) -> None:
        self._git("update-ref", ref, commit)

    def delete(self, ref: str) -> None:
        self._git("update-ref", "-d", ref)

    def _git(self, *arguments: str, given: bytes | None = None) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        command = ["git", "-C", self.url, *identity, *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout.decode().strip()


@pytest.fixture
def git(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "remote.git")


@pytest.fixture
def repository(git: GitRepository) -> Repository:
    return Repository(git.url)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def tell(told: list[str]) -> Callable[[str], None]:
    return told.append
