"""The ephemeral form of the stage: the same class, deployed for a branch through a bootstrap of its own (D6)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from constructs import Construct

from etl.target import RuntimeSettings, Target
from stages.etl_stage import EtlStage


@dataclass(frozen=True, kw_only=True)
class BranchTarget(Target):
    """``qualifier`` names the bootstrap whose roles reach branch stacks only. ``branch`` is safe as a tag's value.

    ``digest`` is of the branch's exact name: two branches whose slugs met would be told apart by it.
    There is no ``trail``: branches hold test data, come in any number, and would use up what a region allows.
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
    """Every stack in it goes through the branches' bootstrap, and every role in it is bounded."""

    def __init__(self, scope: Construct, *, target: BranchTarget, settings: RuntimeSettings, layer_path: Path) -> None:
        # Stacks read both when they are made, so that a stack that is added later cannot forget them.
        context = {
            "@aws-cdk/core:bootstrapQualifier": target.qualifier,
            "@aws-cdk/core:permissionsBoundary": {"name": boundary_name(target)},
        }
        super().__init__(scope, target=target, settings=settings, layer_path=layer_path, context=context)


def boundary_name(target: BranchTarget) -> str:
    """The policy of the bootstrap that bounds every role a branch makes: no role can give itself what it lacks."""
    return f"cdk-{target.qualifier}-boundary-{target.account}-{target.region}"
