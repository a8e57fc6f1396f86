"""The target of a branch's stage: the pipeline's account and region, under a suffix of the branch's own."""

from __future__ import annotations

from pipeline import slugs
from pipeline.settings import KEY, Settings, SettingsError
from pipeline.slugs import BranchRefused
from stages.branch_stage import BranchTarget

#: The stage's construct id, the same for all branches: logical ids do not depend on a branch's name.
STAGE = "Branch"


def branch_target(branch: str, settings: Settings) -> BranchTarget:
    """The target of *branch*; raise BranchRefused for the branch that the pipeline delivers, and SettingsError without branches."""
    if settings.branches is None:
        raise SettingsError(f"{KEY}.branches", "is missing; without it branches have no stages")
    pipeline = settings.pipeline
    if branch == pipeline.source.branch:
        raise BranchRefused(branch, "the pipeline itself delivers this branch; a branch's stage is for the others")
    return BranchTarget(
        name=STAGE,
        account=pipeline.account,
        region=pipeline.region,
        suffix=slugs.suffix(branch),
        source_name=slugs.suffix(branch),
        slug=slugs.slug(branch),
        branch=slugs.label(branch),
        digest=slugs.digest(branch),
        qualifier=settings.branches.qualifier,
        time_to_live_hours=settings.branches.time_to_live_hours,
    )
