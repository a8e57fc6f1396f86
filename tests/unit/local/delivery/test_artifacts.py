"""Artifacts on their way between actions, and the commit that the first of them is made of."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from local.delivery.artifacts import pack, unpack
from local.delivery.definition import Action
from local.delivery.errors import ActionFailed
from local.delivery.projects import led_here
from local.delivery.settings import settings_of
from local.delivery.source import Revision, provide, read_revision, uncommitted
from local.errors import LocalError
from tests.unit.local.delivery.repositories import Repository, tree


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def handed_on(directory: Path, scratch: Path) -> Path:
    """The tree as the next action finds it."""
    pack(tree(directory), scratch / "artifact.zip")
    unpack(scratch / "artifact.zip", scratch / "next")
    return scratch / "next"


def test_modes_links_and_hidden_files_survive(tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "deep").mkdir(parents=True)
    (made / "deep" / "run.sh").write_text("#!/bin/sh\n")
    (made / "deep" / "run.sh").chmod(0o755)
    (made / ".hidden").write_text("x")
    (made / "link").symlink_to("deep/run.sh")
    found = handed_on(made, tmp_path)
    assert sorted(tree(found)) == [".hidden", "deep/run.sh", "link"]
    assert stat.S_IMODE((found / "deep" / "run.sh").stat().st_mode) == 0o755
    assert (found / "link").readlink() == Path("deep/run.sh")


def test_the_same_tree_is_the_same_artifact(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    pack({"a": tmp_path / "a"}, tmp_path / "one.zip")
    (tmp_path / "a").touch()
    pack({"a": tmp_path / "a"}, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize("name", ["../outside", "/outside", "deep/../../outside"])
def test_an_entry_that_would_land_outside_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "hostile.zip", "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(ActionFailed, match="would land outside"):
        unpack(tmp_path / "hostile.zip", tmp_path / "inside")
    assert not (tmp_path / "outside").exists()


def test_nothing_is_written_through_a_link_of_the_artifact(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("door")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "hostile.zip", "w") as archive:
        archive.writestr(link, str(tmp_path))
        archive.writestr("door/outside", "x")
    with pytest.raises(FileExistsError):
        unpack(tmp_path / "hostile.zip", tmp_path / "inside")
    assert not (tmp_path / "outside").exists()


def test_the_source_is_the_commit_and_nothing_else(repository: Repository, tmp_path: Path) -> None:
    revision = repository.commit({"a.txt": "committed", "run.sh": "#!/bin/sh\n", ".gitignore": "ignored\n"})
    (repository.directory / "a.txt").write_text("changed")
    (repository.directory / "untracked").write_text("x")
    (repository.directory / "ignored").write_text("x")
    assert uncommitted(repository.directory) == 2
    revision.checkout(tmp_path / "source")
    assert sorted(tree(tmp_path / "source")) == [".gitignore", "a.txt", "run.sh"]
    assert (tmp_path / "source" / "a.txt").read_text() == "committed"
    assert (tmp_path / "source" / "run.sh").stat().st_mode & 0o111


def test_a_clone_has_the_commit_of_a_branch_that_was_deleted(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a": "main"})
    repository.git("checkout", "--quiet", "-b", "gone")
    revision = repository.commit({"a": "branch"})
    repository.git("checkout", "--quiet", "main")
    repository.git("branch", "--quiet", "-D", "gone")
    revision.clone(tmp_path / "clone")
    assert (tmp_path / "clone" / "a").read_text() == "branch"
    assert (tmp_path / "clone" / ".git").is_dir()


def test_a_commit_that_is_not_there_is_named(repository: Repository) -> None:
    repository.commit({"a": "b"})
    with pytest.raises(LocalError, match="has no commit elsewhere"):
        read_revision(repository.directory, "elsewhere", "main")


def test_settings_that_are_no_texts_are_named(repository: Repository) -> None:
    pipeline = {"account": 123456789012, "region": "us-east-1", "source": {"branch": "main"}}
    revision = repository.commit({"cdk.json": json.dumps({"context": {"ledgerline": {"pipeline": pipeline, "runtime": "3.9"}}})})
    with pytest.raises(LocalError, match="the delivery's account is not a text"):
        settings_of(revision)


@pytest.mark.parametrize(("branches", "expected"), [({}, None), ({"branches": {"qualifier": "ledgerbr"}}, "ledgerbr")])
def test_the_bootstrap_of_branches_is_the_settings(repository: Repository, branches: dict[str, object], expected: str | None) -> None:
    pipeline = {"account": "123456789012", "region": "us-east-1", "source": {"branch": "main"}}
    settings = {"pipeline": pipeline, "runtime": "3.9", **branches}
    revision = repository.commit({"cdk.json": json.dumps({"context": {"ledgerline": settings}})})
    assert settings_of(revision).branch_qualifier == expected


def test_git_in_a_build_is_led_to_this_machines_repository(repository: Repository) -> None:
    location = "https://github.example/some/one.git"
    revision = repository.commit({"a": "b"})
    environment = {**os.environ, **led_here(location, revision)}
    told = subprocess.run(["git", "ls-remote", location, "refs/heads/main"], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.split() == [revision.commit, "refs/heads/main"]


@pytest.mark.parametrize("content", ["{", "{}", '{"context": {}}', "[]", '{"context": {"ledgerline": {"pipeline": []}}}'])
def test_a_commit_without_settings_is_refused(repository: Repository, content: str) -> None:
    with pytest.raises(LocalError, match=r"cdk\.json of commit [0-9a-f]{8} has no settings of the delivery"):
        settings_of(repository.commit({"cdk.json": content}))


def source(provider: str, **configuration: str) -> Action:
    return Action("Source", "Get", "Source", "AWS", provider, 1, "us-east-1", configuration, (), ("Code",), None, None, None)


CONNECTION = {"ConnectionArn": "arn", "FullRepositoryId": "some/one", "BranchName": "main"}


def test_a_source_gives_the_variables_of_its_provider(repository: Repository) -> None:
    revision = repository.commit({"a": "b"}, "What was done")
    github = provide(source("CodeStarSourceConnection", **CONNECTION), revision)
    assert (github["CommitId"], github["CommitMessage"], github["FullRepositoryName"]) == (revision.commit, "What was done", "some/one")
    assert provide(source("CodeCommit", RepositoryName="one", BranchName="main"), revision)["RepositoryName"] == "one"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"BranchName": "other"}, "takes branch other, and branch main was pushed"),
        ({"OutputArtifactFormat": "CODEBUILD_CLONE_REF"}, "CLONE_REF"),
    ],
)
def test_a_source_that_cannot_be_rehearsed_fails_the_action(repository: Repository, change: dict[str, str], says: str) -> None:
    revision: Revision = repository.commit({"a": "b"})
    with pytest.raises(ActionFailed, match=says):
        provide(source("CodeStarSourceConnection", **{**CONNECTION, **change}), revision)
