"""``python -m ops rollback``: what the pipeline runs when a stage fails its validation, and what a person may run."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from ops.commands.validate import findings, passed_text, print_findings, run_validation
from ops.options import DEFAULT_STAGE, Deployed, JsonOption, RegionOption, RoleOption, StageOption, connect
from ops.rollback import Rollback
from ops.stage import locate
from ops.terminal import emit, printable, stderr, stdout
from ops.validated import is_deployed


def rollback(
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="How long to wait for CloudFormation, and for the probe.")
    ] = 1800,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    role_arn: RoleOption = None,
    json: JsonOption = False,
) -> None:
    """Take a stage back to what was last validated, and validate it again.

    Example: python -m ops rollback --stage prod --region us-east-1
    """
    deployed = connect(stage, region, role_arn)
    before = is_deployed(deployed.aws, deployed.stage)
    validated = Rollback(
        aws=deployed.aws,
        stage=deployed.stage,
        timeout_seconds=timeout,
        clock=time.monotonic,
        sleep=time.sleep,
        say=lambda line: stderr().print(printable(line), markup=False, soft_wrap=True),
    ).run()
    # What the pipeline's variables say of the stage is what was rolled back.
    back = Deployed(deployed.aws, locate(stage, deployed.aws.region, deployed.aws.cloudformation, {}))
    report = run_validation(back, timeout, unchanged=before)
    where = f"stage {stage} in {back.aws.region}"
    if json:
        emit(
            {
                "stage": stage,
                "region": back.aws.region,
                "commit": validated.commit,
                "validated_at": validated.validated_at,
                "template_sha256": validated.template_sha256,
                "functions": len(validated.code),
                **findings(report),
            }
        )
    else:
        digest, count = validated.template_sha256[:16], len(validated.code)
        stdout().print(
            f"Rollback of {where}: template {digest} and the code of {count} functions are those validated at "
            f"{validated.validated_at} (commit {printable(validated.commit)}).",
            soft_wrap=True,
        )
    print_findings(where, report)
    if report.problems:
        raise typer.Exit(1)
    if not json:
        stdout().print(passed_text(where, report), soft_wrap=True)
