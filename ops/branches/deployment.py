"""Deploy a branch's stage through the CDK CLI, out of whatever state an earlier deployment left it in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ops.branches.errors import DeploymentFailed, SuffixTaken
from ops.branches.stages import branch_stages
from ops.branches.teardown import Teardown
from pipeline import slugs

#: Where a stack cannot be updated from. The first is what a failed first deployment leaves.
STUCK = frozenset(
    {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"}
)


@dataclass(frozen=True)
class Deployment:
    """``assembly`` was synthesized for the branch; ``cli`` is the CDK CLI of the commit."""

    teardown: Teardown
    cli: Path
    assembly: Path
    tell: Callable[[str], None]

    def run(self, branch: str) -> str:
        """Returns the stage's suffix; raise SuffixTaken, DeploymentFailed and what the teardown of a stuck stage raises."""
        suffix = slugs.suffix(branch)
        self._clear_the_way(branch, suffix)
        command = [
            str(self.cli),
            "deploy",
            "**",
            "--app",
            str(self.assembly),
            "--require-approval",
            "never",
            "--ci",
            "--progress",
            "events",
        ]
        status = subprocess.run(command, check=False).returncode  # noqa: S603
        if status != 0:
            raise DeploymentFailed(suffix, status)
        return suffix

    def _clear_the_way(self, branch: str, suffix: str) -> None:
        for stage in branch_stages(self.teardown.aws.cloudformation):
            if stage.suffix != suffix:
                continue
            if stage.digest not in ("", slugs.digest(branch)):
                raise SuffixTaken(suffix, branch, stage.branch)
            # A build that was killed may have left CloudFormation at work.
            statuses = [self.teardown.wait(stack) for stack in stage.stacks]
            if STUCK.intersection(statuses):
                self.tell(f"Stage {suffix} is {', '.join(statuses)}, from which nothing can be deployed: it is taken down first")
                self.teardown.run(suffix)
