"""Builds that no pipeline runs: a project started by an event, such as a push to a branch."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.delivery.actions import clean
from local.delivery.cloud import Cloud
from local.delivery.codebuild import Build, find_project
from local.delivery.console import Board
from local.delivery.errors import ActionFailed
from local.delivery.source import Revision

#: Sources of which CodeBuild clones a commit; NO_SOURCE projects begin in an empty directory.
_CLONED = ("GITHUB", "CODECOMMIT", "BITBUCKET", "GITLAB")


@dataclass(frozen=True)
class Projects:
    """Runs projects of one region; each build's log is a file below *home*."""

    cloud: Cloud
    region: str
    home: Path
    cache: Path
    board: Board
    stop: threading.Event = field(default_factory=threading.Event)

    def named(self, prefix: str) -> list[str]:
        """The names of the deployed projects that begin with *prefix*."""
        pages = self.cloud.client("codebuild", self.region).get_paginator("list_projects").paginate()
        return sorted(name for page in pages for name in page["projects"] if name.startswith(prefix))

    def run(self, name: str, variables: Mapping[str, str], revision: Revision) -> bool:
        """Build *revision* with these environment variables on top; True when the build succeeded. Raises Stopped."""
        project = find_project(self.cloud, name, self.region)
        began = time.time()
        log_file = self.home / name / f"{time.strftime('%Y%m%dT%H%M%S')}-{revision.commit[:8]}.log"
        log_file.parent.mkdir(parents=True, exist_ok=True)
        self.board.say(f"Build {name} of {revision.branch} at {revision.commit[:8]} (log: {log_file})")
        scratch = Path(tempfile.mkdtemp(prefix="ledgerline-build-"))
        try:
            with log_file.open("w", encoding="utf-8") as log:
                Build(
                    project=project,
                    cloud=self.cloud,
                    scratch=scratch,
                    cache=self.cache,
                    log=log,
                    stop=self.stop,
                    environment=[{"name": key, "value": value} for key, value in variables.items()],
                    facts=_facts(revision) | led_here(project.source_location, revision),
                ).run({"source": revision.clone} if project.source_type in _CLONED else {}, ())
        except ActionFailed as error:
            self.board.failed(log_file, f"Build {name}: failed after {time.time() - began:.0f} s: {error}")
            return False
        finally:
            clean(scratch)
        self.board.say(f"Build {name}: succeeded after {time.time() - began:.0f} s")
        return True


def led_here(location: str, revision: Revision) -> dict[str, str]:
    """Lead git to this machine's repository wherever the build asks for the one that its project names."""
    if not location:
        return {}
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{revision.repository}.insteadOf", "GIT_CONFIG_VALUE_0": location}


def _facts(revision: Revision) -> dict[str, str]:
    return {
        "CODEBUILD_INITIATOR": "local",
        "CODEBUILD_RESOLVED_SOURCE_VERSION": revision.commit,
        "CODEBUILD_SOURCE_REPO_URL": str(revision.repository),
        "CODEBUILD_SOURCE_VERSION": revision.commit,
    }
