"""The source of an execution: one commit of a local repository, in place of GitHub or CodeCommit."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local.delivery.artifacts import unpack
from local.delivery.definition import Action
from local.delivery.errors import ActionFailed
from local.errors import LocalError

_CONNECTION, _CODECOMMIT = "CodeStarSourceConnection", "CodeCommit"
PROVIDERS = (_CONNECTION, _CODECOMMIT)


@dataclass(frozen=True)
class Revision:
    """A commit of the repository at ``repository``, and the branch that was pushed."""

    repository: Path
    commit: str
    branch: str
    message: str
    author_date: str
    committer_date: str

    def archive(self, target: Path) -> None:
        """Zip the commit's files, as it has them and nothing else: no ``.git``, nothing uncommitted, nothing ignored."""
        command = _git(self.repository, "archive", "--format=zip", f"--output={target}", self.commit)
        subprocess.run(command, env=_environment(), check=True, stdin=subprocess.DEVNULL)

    def checkout(self, directory: Path) -> None:
        """What :meth:`archive` zips, in *directory*."""
        with tempfile.NamedTemporaryFile(suffix=".zip") as archive:
            self.archive(Path(archive.name))
            unpack(Path(archive.name), directory)

    def clone(self, directory: Path) -> None:
        """A clone with the commit checked out: what a project with a source of its own gets, where a pipeline's gets a zip."""
        for command in (
            ["git", "-c", f"safe.directory={self.repository}", "clone", "--quiet", "--no-hardlinks", str(self.repository), str(directory)],
            ["git", "-C", str(directory), "checkout", "--quiet", "--detach", self.commit],
        ):
            subprocess.run(command, env=_environment(), check=True, stdin=subprocess.DEVNULL)

    def read(self, path: str) -> str:
        """One file of the commit; raise LocalError when it has none there."""
        done = subprocess.run(
            _git(self.repository, "show", f"{self.commit}:{path}"), capture_output=True, text=True, env=_environment(), check=False
        )
        if done.returncode != 0:
            raise LocalError(f"commit {self.commit[:8]} has no file {path}")
        return done.stdout


def read_revision(repository: Path, name: str, branch: str) -> Revision:
    """The commit that *name* (a hash, a branch, HEAD) stands for; raise LocalError when the repository has no such commit."""
    command = _git(repository, "log", "-1", "--format=%H%x00%aI%x00%cI%x00%s", name, "--")
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
    if done.returncode != 0:
        raise LocalError(
            f"{repository} has no commit {name}: {done.stderr.strip().splitlines()[-1] if done.stderr else 'git says nothing'}"
        )
    commit, author_date, committer_date, message = done.stdout.rstrip("\n").split("\0")
    return Revision(repository, commit, branch, message, author_date, committer_date)


def uncommitted(repository: Path) -> int:
    """How many files differ from the commit, the untracked among them."""
    done = subprocess.run(_git(repository, "status", "--porcelain"), capture_output=True, text=True, env=_environment(), check=True)
    return len(done.stdout.splitlines())


def provide(action: Action, revision: Revision) -> dict[str, str]:
    """The variables that a source action gives to later ones; raise ActionFailed when it asks for what is not rehearsed."""
    wanted = action.configuration
    if wanted.get("OutputArtifactFormat", "CODE_ZIP") != "CODE_ZIP":
        raise ActionFailed(f"OutputArtifactFormat {wanted['OutputArtifactFormat']} is not rehearsed; the artifact is a zip without .git")
    if wanted.get("BranchName") != revision.branch:
        raise ActionFailed(f"the action takes branch {wanted.get('BranchName')}, and branch {revision.branch} was pushed")
    common = {
        "AuthorDate": revision.author_date,
        "BranchName": revision.branch,
        "CommitId": revision.commit,
        "CommitMessage": revision.message,
    }
    if action.provider == _CODECOMMIT:
        return common | {"CommitterDate": revision.committer_date, "RepositoryName": wanted["RepositoryName"]}
    return common | {"ConnectionArn": wanted["ConnectionArn"], "FullRepositoryName": wanted["FullRepositoryId"]}


def _git(repository: Path, *arguments: str) -> list[str]:
    # A bare repository of this machine may belong to whoever runs this: safe.directory is said for it alone.
    return ["git", "-c", f"safe.directory={repository}", "-C", str(repository), *arguments]


def _environment() -> dict[str, str]:
    """Without what a hook inherits from git: it would name another repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
