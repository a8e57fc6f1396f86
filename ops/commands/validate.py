"""``python -m ops validate``: what the pipeline runs after each deployment."""

from __future__ import annotations

import time
from typing import Annotated
from uuid import uuid4

import typer

from ops.live import watch
from ops.options import DEFAULT_STAGE, Deployed, JsonOption, RegionOption, RoleOption, StageOption, connect
from ops.stage import deployed_at
from ops.terminal import counted, emit, printable, stderr, stdout
from ops.validated import is_deployed, remember
from ops.validation.deployment import Since
from ops.validation.run import Report, Validation
from runtime.aws.tracking import utc_now

CommitOption = Annotated[
    str | None, typer.Option("--commit", metavar="ID", envvar="CODEBUILD_RESOLVED_SOURCE_VERSION", help="What --record notes as deployed.")
]


def validate(
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long to wait for the probe.")] = 900,
    record: Annotated[bool, typer.Option("--record", help="Keep a stage that passes as what `rollback` goes back to.")] = False,
    commit: CommitOption = None,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    role_arn: RoleOption = None,
    json: JsonOption = False,
) -> None:
    """Check a stage that was just deployed, from outside: functions, alarms, and a probe file compared exactly.

    Example: python -m ops validate --stage prod --region us-east-1 --json
    """
    deployed = connect(stage, region, role_arn)
    report = run_validation(deployed, timeout, unchanged=is_deployed(deployed.aws, deployed.stage))
    if record and not report.problems:
        remember(deployed.aws, deployed.stage, commit, utc_now())
    where = f"stage {stage} in {deployed.aws.region}"
    if json:
        emit({"stage": stage, "region": deployed.aws.region, **findings(report), **_probe(report)})
    elif not report.problems:
        stdout().print(passed_text(where, report), soft_wrap=True)
    print_findings(where, report)
    if report.problems:
        raise typer.Exit(1)


def run_validation(deployed: Deployed, timeout_seconds: float, *, unchanged: bool) -> Report:
    """Validate a stage, showing how its probe travels.

    Of one that is *unchanged* since it was validated, only alarms of this validation are problems: CloudFormation updates no
    stack that a push leaves as it is, and what the stage went through since its last change was nothing of this delivery.
    """
    aws = deployed.aws
    since = Since(utc_now(), "this validation began") if unchanged else _deployment(deployed)
    return Validation(
        aws=aws,
        stage=deployed.stage,
        run_id=f"run-{uuid4().hex[:12]}",
        timeout_seconds=timeout_seconds,
        now=utc_now,
        clock=time.monotonic,
        sleep=time.sleep,
        watch=lambda looks: watch(stderr(), looks),
    ).run(since)


def _deployment(deployed: Deployed) -> Since:
    return Since(deployed_at(deployed.stage.stage, deployed.aws.region, deployed.aws.cloudformation), "the deployment")


def passed_text(where: str, report: Report) -> str:
    return f"Validation of {where} passed: functions, alarms and {_probe(report)['rows_read']} probe rows are exactly as expected."


def findings(report: Report) -> dict[str, object]:
    return {"passed": not report.problems, "problems": report.problems, "remarks": report.remarks}


def print_findings(where: str, report: Report) -> None:
    """Name on standard error what differed, and what the deployment does not answer for."""
    lines = [f"  - {printable(problem)}" for problem in report.problems]
    if lines:
        lines.insert(0, f"Validation of {where} failed, {counted(len(lines), 'difference')}:")
    for line in [*lines, *(f"Remark: {printable(remark)}" for remark in report.remarks)]:
        stderr().print(line, markup=False, soft_wrap=True)


def _probe(report: Report) -> dict[str, object]:
    file = (report.probe.file if report.probe else None) or {}
    return {"file_id": report.file_id, **{name: file.get(name) for name in ("rows_read", "rows_accepted", "rows_rejected")}}
