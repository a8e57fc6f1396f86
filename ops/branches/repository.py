"""Which branches the repository has, asked with git: the same question for GitHub, CodeCommit and a bare directory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable

from ops.branches.errors import BranchListDoubtful
from pipeline import slugs

_HEADS = "refs/heads/"
_TIMEOUT_SECONDS = 120


class Repository:
    """``url`` is anything that git fetches from. What is asked for is asked anew each time: branches come and go."""

    def __init__(self, url: str) -> None:
        self.url = url

    def branches(self) -> dict[str, str]:
        """Commit by branch; raise BranchListDoubtful when git cannot say, or says that there is none."""
        heads = {ref.removeprefix(_HEADS): commit for ref, commit in self._refs(f"{_HEADS}*").items()}
        if not heads:
            raise BranchListDoubtful(self.url, "it has none at all")
        return heads

    def is_head_of_pull_request(self, branch: str, number: int) -> bool:
        """True when the pull request's last commit is the branch's: a fork's pull request from a branch of that name is another."""
        request = f"refs/pull/{number}/head"
        refs = self._refs(f"{_HEADS}{branch}", request)
        return request in refs and refs.get(f"{_HEADS}{branch}") == refs[request]

    def _refs(self, *patterns: str) -> dict[str, str]:
        # What git asks of a terminal it would ask for ever in a build.
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        command = ["git", "ls-remote", "--", self.url, *patterns]
        try:
            done = subprocess.run(command, capture_output=True, env=environment, timeout=_TIMEOUT_SECONDS, check=False)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise BranchListDoubtful(self.url, f"no answer within {_TIMEOUT_SECONDS} s") from error
        if done.returncode != 0:
            raise BranchListDoubtful(self.url, _reason(done.stderr) or f"git ended with status {done.returncode}")
        return parse(done.stdout)


def _reason(said: bytes) -> str:
    """What was wrong, of the lines that git says of it: its last one is general advice."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return next((line for line in lines if line.startswith("fatal: ")), lines[-1] if lines else "")


def parse(listing: bytes) -> dict[str, str]:
    """``git ls-remote``'s lines as commit by ref. Names are bytes to git: what is not UTF-8 stays told apart."""
    lines = (line.split(b"\t", 1) for line in listing.split(b"\n") if b"\t" in line)
    return {ref.decode("utf-8", "surrogateescape"): commit.decode("ascii", "replace") for commit, ref in lines}


def by_suffix(branches: Iterable[str]) -> dict[str, str]:
    """The branches by the suffixes of the stages that they have or could have; one that can have none is left out."""
    pairs = ((_suffix(branch), branch) for branch in branches)
    return {suffix: branch for suffix, branch in pairs if suffix is not None}


def _suffix(branch: str) -> str | None:
    try:
        return slugs.suffix(branch)
    except slugs.BranchRefused:
        return None
