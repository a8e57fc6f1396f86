"""The branch stages that are deployed, as the tags of their stacks describe them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline import slugs

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient


@dataclass(frozen=True)
class BranchStage:
    """``stacks`` newest first, by id. ``branch`` is the label of the tag; ``digest`` tells branches apart for certain."""

    suffix: str
    branch: str
    digest: str
    status: str
    deployed_at: datetime
    time_to_live: timedelta | None
    stacks: tuple[str, ...]


@dataclass(frozen=True)
class Due:
    """A stage that is to go, and why."""

    suffix: str
    reason: str


def branch_stages(cloudformation: CloudFormationClient) -> list[BranchStage]:
    """All of the region, by suffix; whatever state their stacks are in."""
    by_suffix: dict[str, list[Any]] = {}
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            suffix = slugs.suffix_in(stack["StackName"])
            if suffix is not None and stack["StackStatus"] != "DELETE_COMPLETE":
                by_suffix.setdefault(suffix, []).append(stack)
    return [_stage(suffix, stacks) for suffix, stacks in sorted(by_suffix.items())]


def due(stages: Iterable[BranchStage], alive: set[str], now: datetime) -> list[Due]:
    """Stages whose branch is not among the suffixes *alive*, and those that outlived their time since the last deployment."""
    overdue = []
    for stage in stages:
        if stage.suffix not in alive:
            overdue.append(Due(stage.suffix, f"the repository has no branch {stage.branch}"))
        elif stage.time_to_live is not None and now - stage.deployed_at >= stage.time_to_live:
            hours = stage.time_to_live.total_seconds() / 3600
            overdue.append(Due(stage.suffix, f"not deployed for {hours:,.0f} hours; the next push to {stage.branch} brings it back"))
    return overdue


def _stage(suffix: str, stacks: list[Any]) -> BranchStage:
    # What depends on a stack was made after it.
    newest_first = sorted(stacks, key=lambda stack: stack["CreationTime"], reverse=True)
    tags = {tag["Key"]: tag["Value"] for stack in stacks for tag in stack.get("Tags", [])}
    hours = tags.get("TimeToLiveHours", "")
    return BranchStage(
        suffix=suffix,
        branch=tags.get("Branch", "?"),
        digest=tags.get("BranchDigest", ""),
        status=newest_first[-1]["StackStatus"],
        deployed_at=max(stack.get("LastUpdatedTime") or stack["CreationTime"] for stack in stacks),
        time_to_live=timedelta(hours=int(hours)) if hours.isdecimal() else None,
        stacks=tuple(stack["StackId"] for stack in newest_first),
    )
