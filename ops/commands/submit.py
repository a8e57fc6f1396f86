"""``python -m ops submit``: upload a file, follow it, say what became of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ops.errors import NotFinished
from ops.follow import Progress, follow, look
from ops.live import left_alone, upload_bar, watch
from ops.options import DEFAULT_STAGE, Deployed, JsonOption, RegionOption, StageOption, connect
from ops.outcome import document, next_step, panel, places
from ops.terminal import INTERRUPTED, emit, stderr, stdout
from ops.upload import incoming_key, upload
from runtime.core.errors import InvalidKey, UnknownDataset
from runtime.core.models import FileStatus, file_id
from runtime.formats.registry import load_contracts


def submit(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The file to upload.")],
    dataset: Annotated[str | None, typer.Option(help="Its dataset. Default: found by its header.")] = None,
    partner: Annotated[str | None, typer.Option(help="Who sends it; outcomes are in order per partner.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the file to its end and say what became of it.")] = False,
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="How long --wait waits.")] = 3600,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Upload a file and, with --wait, follow it to its end.

    Example: python -m ops submit may.csv --dataset transactions --partner acme --wait
    """
    try:
        key = incoming_key(file.name, dataset, partner, load_contracts())
    except (InvalidKey, UnknownDataset, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    deployed = connect(stage, region)
    console, bucket = stderr(), deployed.stage.data_bucket_name
    identity = _send(deployed, file, key)
    follow_it = _status(deployed, identity)
    if not wait:
        if json:
            emit(document(Progress(None, (), 0.0), identity, bucket))
        else:
            stdout().print(f"{identity}\nFollow it: {follow_it}", markup=False, soft_wrap=True)
        return
    # Whatever ends the waiting, the file can be found.
    console.print(f"File id: {identity}", markup=False, soft_wrap=True)
    looks = follow(deployed.tracking, identity, timeout_seconds=timeout, clock=time.monotonic, sleep=time.sleep)
    try:
        progress = watch(console, looks)
    except KeyboardInterrupt:
        left_alone(console, follow_it)
    except NotFinished as error:
        if json:
            emit({**document(look(deployed.tracking, identity), identity, bucket), "error": str(error)})
        raise
    if json:
        emit(document(progress, identity, bucket))
    else:
        stdout().print(panel(progress, identity, deployed.follow_up()))
        stdout().print(places(progress, identity, bucket), markup=False, soft_wrap=True)
        step = next_step(progress.file or {}, identity, deployed.follow_up())
        if step:
            stdout().print(step, markup=False, soft_wrap=True)
    if progress.status != FileStatus.SUCCEEDED:
        raise typer.Exit(1)


def _send(deployed: Deployed, file: Path, key: str) -> str:
    """Upload *file* and return its id. Ctrl-C ends the command, which says whether the stage has the file."""
    console, sent = stderr(), list[str]()
    try:
        with upload_bar(console, file.name, file.stat().st_size) as advance:
            upload(deployed.aws.s3, file, deployed.stage.data_bucket_name, key, advance, sent)
    except KeyboardInterrupt:
        if not sent:
            console.print("stopped; nothing was sent")
            raise typer.Exit(INTERRUPTED) from None
        # S3 had the whole file by then, so it is processed.
        left_alone(console, _status(deployed, file_id(deployed.stage.source_name, key, sent[-1])))
    return file_id(deployed.stage.source_name, key, sent[-1])


def _status(deployed: Deployed, identity: str) -> str:
    return f"python -m ops status {identity}{deployed.follow_up()}"
