"""A git remote on this machine: a push to it is what a push to GitHub or CodeCommit is on AWS.

The remote is a bare repository. Its post-receive hook runs the delivery and prints through the push.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.delivery.deliver import Delivery
from local.delivery.settings import settings_of
from local.delivery.source import Revision, read_revision
from local.emulator import ROOT
from local.errors import LocalError

NAME = "local"

#: The projects of branches, by the beginning of their names; what follows is the pipeline's suffix.
DEPLOY_BRANCH, DESTROY_BRANCH = "etl-deploy-branch-", "etl-destroy-branch-"

_NOTHING = "0" * 40
_HEADS = "refs/heads/"
_HOOK = """#!/bin/sh
# Runs the delivery for what was pushed, and prints through the push. Written by 'python -m local remote'.
cd {root} && exec {python} -m local.delivery.receive {state}
"""


@dataclass(frozen=True)
class Push:
    """One line of what post-receive is told."""

    old: str
    new: str
    ref: str

    @property
    def branch(self) -> str:
        return self.ref.removeprefix(_HEADS)

    @property
    def deletes(self) -> bool:
        return self.new == _NOTHING


def make_remote(state: Path, checkout: Path = ROOT) -> Path:
    """The bare repository of this machine, made where there is none, and known to *checkout* as remote ``local``. Raises LocalError."""
    bare = state / "remote.git"
    _git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    hook = bare / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    words = {"root": ROOT, "python": sys.executable, "state": state.resolve()}
    hook.write_text(_HOOK.format(**{name: shlex.quote(str(word)) for name, word in words.items()}), encoding="utf-8")
    hook.chmod(0o755)
    known = _git("-C", str(checkout), "remote").split()
    _git("-C", str(checkout), "remote", *(("set-url", NAME) if NAME in known else ("add", NAME)), str(bare))
    return bare


def pushes(lines: Iterable[str]) -> list[Push]:
    """The branches among what post-receive is told; tags and the like start nothing."""
    told = [Push(*line.split()) for line in lines if line.strip()]
    return [push for push in told if push.ref.startswith(_HEADS)]


def receive(delivery: Delivery, bare: Path, push: Push) -> bool:
    """Do what a push asks for; True when it went well. Raises LocalError when it cannot begin."""
    if push.deletes:
        # The branch is gone: its last commit is all that there is to read, and the tools that destroy are in it.
        return _run_branch(delivery, read_revision(bare, push.old, push.branch), DESTROY_BRANCH, "PULL_REQUEST_CLOSED")
    revision = read_revision(bare, push.new, push.branch)
    if push.branch == settings_of(revision).branch:
        return delivery.deliver(revision)
    return _run_branch(delivery, revision, DEPLOY_BRANCH, "PUSH")


def branch_variables(branch: str, event: str) -> dict[str, str]:
    """What a CodeBuild webhook tells a build of the event that started it."""
    return {
        "CODEBUILD_WEBHOOK_EVENT": event,
        "CODEBUILD_WEBHOOK_HEAD_REF": f"{_HEADS}{branch}",
        "CODEBUILD_WEBHOOK_TRIGGER": f"branch/{branch}",
    }


def _run_branch(delivery: Delivery, revision: Revision, prefix: str, event: str) -> bool:
    projects = delivery.projects(revision)
    named = projects.named(prefix)
    if len(named) != 1:
        first = settings_of(revision).branch
        raise LocalError(f"{len(named)} projects are named {prefix}…, where one is needed; push {first} first, which deploys it")
    return projects.run(named[0], branch_variables(revision.branch, event), revision)


def _git(*arguments: str) -> str:
    environment: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LocalError(f"git {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout
