"""``python -m ops drift``: what differs from the template, for a person or, with ``--topic``, for subscribers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from ops.aws import Aws
from ops.delivery.drift import Drift, detect
from ops.delivery.topic import publish
from ops.options import DEFAULT_STAGE, JsonOption, RegionOption, RoleOption, StageOption
from ops.terminal import counted, emit, printable, stderr, stdout


def drift(
    topic: Annotated[
        str | None, typer.Option("--topic", metavar="ARN", help="Publish what drifted to this topic; the exit status is then 0.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long to wait for CloudFormation.")] = 900,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    role_arn: RoleOption = None,
    json: JsonOption = False,
) -> None:
    """Ask CloudFormation which resources of a stage are not as its template says.

    Example: python -m ops drift --stage prod --region us-east-1 --json
    """
    aws = Aws(region, role_arn)
    drifts = detect(stage, aws.region, aws.cloudformation, timeout_seconds=timeout, sleep=time.sleep)
    where = f"stage {stage} in {aws.region}"
    if json:
        emit({"stage": stage, "region": aws.region, "drifted": bool(drifts), "resources": [asdict(drift) for drift in drifts]})
    elif not drifts:
        stdout().print(f"No drift of {where}: every resource that CloudFormation can compare is as its template says.", soft_wrap=True)
    if drifts:
        stderr().print(_report(where, drifts), markup=False, soft_wrap=True)
        if topic is None:
            raise typer.Exit(1)
        _notify(topic, stage, where, drifts)


def _report(where: str, drifts: Sequence[Drift]) -> str:
    lines = [printable(line) for drift in drifts for line in drift.lines]
    return f"Drift of {where}, {counted(len(drifts), 'resource')}:\n" + "\n".join(lines)


def _notify(topic: str, stage: str, where: str, drifts: Sequence[Drift]) -> None:
    advice = "Take the change into the repository, or undo it where it was made: docs/runbook.md, Drift."
    publish(topic, f"Drift of stage {stage}", _report(where, drifts), advice)
