"""The ephemeral stage of a branch: the same constructs, deployed through a bootstrap for branches (D6)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from constructs import Construct

from etl.target import RuntimeSettings, Target
from stages.etl_stage import EtlStage


@dataclass(frozen=True, kw_only=True)
class BranchTarget(Target):
    """``qualifier`` names the bootstrap whose roles reach branch stacks only. ``branch`` is a valid value of a tag.

    ``digest`` is the hash of the branch's exact name, which distinguishes branches even if their slugs are equal.
    There is no ``trail``: branches hold test data, and a region allows five trails.
    """

    slug: str
    branch: str
    digest: str
    qualifier: str
    time_to_live_hours: int
    trail: bool = False

    @property
    def tags(self) -> dict[str, str]:
        return {
            **super().tags,
            "Stage": self.slug,
            "Branch": self.branch,
            "BranchDigest": self.digest,
            "TimeToLiveHours": str(self.time_to_live_hours),
        }


class BranchStage(EtlStage):
    """Every stack is deployed through the branches' bootstrap, and every role has a permissions boundary."""

    def __init__(self, scope: Construct, *, target: BranchTarget, settings: RuntimeSettings, layer_path: Path) -> None:
        # Every stack of the stage reads both when it is created.
        context = {
            "@aws-cdk/core:bootstrapQualifier": target.qualifier,
            "@aws-cdk/core:permissionsBoundary": {"name": boundary_name(target)},
        }
        super().__init__(scope, target=target, settings=settings, layer_path=layer_path, context=context)


def boundary_name(target: BranchTarget) -> str:
    """The policy of the bootstrap that limits every role of a branch, so that none can extend its own permissions."""
    return f"cdk-{target.qualifier}-boundary-{target.account}-{target.region}"
