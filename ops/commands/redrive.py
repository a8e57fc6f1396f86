"""``python -m ops redrive``: take a file up again, or deliver the events that could not be."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from ops.dead_letters import queue_name, redrive_dead_letters
from ops.errors import DeadLettersLeft, FileUnknown, RedriveRefused
from ops.follow import follow
from ops.live import left_alone, watch
from ops.options import DEFAULT_STAGE, Deployed, JsonOption, RedrivenFileArgument, RegionOption, RoleOption, StageOption, connect
from ops.outcome import document, next_step, panel, places
from ops.redrive import Redriver
from ops.stage import workflow_of
from ops.terminal import counted, emit, printable, stderr, stdout
from runtime.core.models import FileStatus, Redrive
from runtime.steps.redrive import obstacle

#: Seconds that the new execution is given to open the file's next attempt.
_TAKE_UP_SECONDS = 300


def redrive(
    file_id: RedrivenFileArgument = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Validate again, by the deployed contract; the only way for a REJECTED file.")
    ] = False,
    dead_letters: Annotated[
        bool, typer.Option("--dead-letters", help="Start the workflow with the events that could not be delivered.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the file to its end and say what became of it.")] = False,
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long --wait waits.")] = 3600,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    role_arn: RoleOption = None,
    json: JsonOption = False,
) -> None:
    """Take up a FAILED file where it ended: finished chunks stay as they are.

    Example: python -m ops redrive 0123456789abcdef0123456789abcdef --wait
    """
    if (file_id is None) is not dead_letters or (dead_letters and (from_start or wait)):
        raise typer.BadParameter("give one FILE_ID, or --dead-letters alone")
    deployed = connect(stage, region, role_arn)
    workflow = workflow_of(stage, deployed.aws.region, deployed.aws.cloudformation)
    if file_id is None:
        _dead_letters(deployed, workflow, json=json)
    else:
        _file(deployed, workflow, file_id, from_start=from_start, timeout=timeout if wait else None, json=json)


def _file(deployed: Deployed, workflow: str, file_id: str, *, from_start: bool, timeout: float | None, json: bool) -> None:
    """*timeout* is how long to follow the file, in seconds; None does not."""
    item = deployed.tracking.file(file_id)
    if item is None:
        raise FileUnknown(file_id, deployed.stage.stage)
    console, bucket = stderr(), deployed.stage.data_bucket_name
    follow_it = f"python -m ops status {file_id}{deployed.follow_up()}"
    opened = _take_up(deployed, workflow, item, from_start=from_start, follow_it=follow_it)
    if timeout is None:
        if json:
            emit({"file_id": file_id, **{name: (deployed.tracking.file(file_id) or {}).get(name) for name in ("attempt", "execution")}})
        elif opened:
            stdout().print(f"Follow it: {follow_it}", markup=False, soft_wrap=True)
        return
    try:
        progress = watch(console, follow(deployed.tracking, file_id, timeout_seconds=timeout, clock=time.monotonic, sleep=time.sleep))
    except KeyboardInterrupt:
        left_alone(console, follow_it)
    if json:
        emit(document(progress, file_id, bucket))
    else:
        stdout().print(panel(progress, file_id, deployed.follow_up()))
        stdout().print(places(progress, file_id, bucket), markup=False, soft_wrap=True)
        step = next_step(progress.file or {}, file_id, deployed.follow_up())
        if step:
            stdout().print(step, markup=False, soft_wrap=True)
    if progress.status != FileStatus.SUCCEEDED:
        raise typer.Exit(1)


def _take_up(deployed: Deployed, workflow: str, item: dict[str, Any], *, from_start: bool, follow_it: str) -> bool:
    """Open the file's next attempt; False for one that has SUCCEEDED and needs none. Raises RedriveRefused."""
    console, file_id = stderr(), item["file_id"]
    why_not = obstacle(item, from_start=from_start)
    if item["file_status"] == FileStatus.SUCCEEDED:
        console.print(f"File {file_id} {why_not}.", markup=False, soft_wrap=True)
        return False
    if why_not:
        raise RedriveRefused(file_id, why_not)
    requester = deployed.aws.client("sts").get_caller_identity()["Arn"]
    redriver = Redriver(deployed.aws.workflows, workflow, deployed.tracking, time.monotonic, time.sleep)
    try:
        opened = redriver.take_up(Redrive(file_id, item["attempt"], requester, from_start), _TAKE_UP_SECONDS)
    except KeyboardInterrupt:
        left_alone(console, follow_it)
    console.print(f"Attempt {opened['attempt']} is open: {opened['execution']}", markup=False, soft_wrap=True)
    return True


def _dead_letters(deployed: Deployed, workflow: str, *, json: bool) -> None:
    sqs, queue = deployed.aws.client("sqs"), queue_name(deployed.stage.stage)
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    started, left = [], 0
    for letter in redrive_dead_letters(sqs, deployed.aws.workflows, url, workflow):
        if letter.execution is None:
            left += 1
        else:
            started.append({"about": letter.about, "execution": letter.execution})
        said = f"started {letter.execution}" if letter.execution else "left: it is no event"
        stderr().print(f"{printable(letter.about, 100)}: {said}", markup=False, soft_wrap=True)
    if json:
        emit({"queue": queue, "started": started, "left": left})
    else:
        stdout().print(f"{counted(len(started), 'execution')} started with events of {queue}.", markup=False, soft_wrap=True)
    if left:
        raise DeadLettersLeft(queue, left)
