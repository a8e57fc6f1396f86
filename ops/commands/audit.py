"""``python -m ops audit``: what happened to a file, to one of its rows, and the proof that what is kept still agrees."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import RenderableType

from ops.audit import view
from ops.audit.checks import AGREES, DIFFERS, UNKNOWN, Check
from ops.audit.rows import find
from ops.audit.story import story
from ops.audit.verification import Verifier
from ops.errors import FileUnknown, NotEnded, VerificationFailed
from ops.follow import Progress, look
from ops.live import read_bar
from ops.options import DEFAULT_STAGE, Deployed, FileIdArgument, JsonOption, RegionOption, StageOption, connect
from ops.terminal import emit, stderr, stdout
from runtime.aws.object_store import ObjectStore
from runtime.core.models import FileStatus
from runtime.formats.registry import load_contracts


def audit(
    file_id: FileIdArgument,
    row: Annotated[int | None, typer.Option(min=1, metavar="N", help="What became of row N, counted from 1 after the header.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Read original and outputs again and prove that they agree.")] = False,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Tell the whole story of a file, or what became of one of its rows; or verify what is kept of it.

    Example: python -m ops audit 0123456789abcdef0123456789abcdef --row 7
    """
    deployed = connect(stage, region)
    progress = look(deployed.tracking, file_id)
    if progress.file is None:
        raise FileUnknown(file_id, stage)
    events = list(deployed.tracking.events(file_id))
    store = ObjectStore(deployed.aws.s3, deployed.stage.data_bucket_name)
    told = story(progress.file, progress.chunks, list(deployed.tracking.chunks(file_id)), events)
    found = None if row is None else find(row, progress.file, progress.chunks, store)
    checks = _verified(deployed, store, progress, events) if verify else None
    if json:
        verification = None if checks is None else _document(checks)
        emit({**told, "row": found.to_dict() if found else None, "verification": verification})
    else:
        _show(view.summary(told))
        if found is not None:
            _show(view.fate(found, str(told["reading"]["encoding"])))
        if checks is not None:
            _show(view.findings(checks))
        if found is None and checks is None:
            _show(view.history(told))
            _show(view.chunk_list(told))
    if checks is not None and any(check.result != AGREES for check in checks):
        counted = (sum(check.result == result for check in checks) for result in (DIFFERS, UNKNOWN))
        raise VerificationFailed(file_id, *counted)


def _verified(deployed: Deployed, store: ObjectStore, progress: Progress, events: list[dict[str, Any]]) -> list[Check]:
    file = progress.file or {}
    if file["file_status"] not in FileStatus.ENDED:
        raise NotEnded(file["file_id"], file["file_status"])
    with read_bar(stderr(), "Verifying", int(file["size"])) as advance:
        return list(Verifier(file, progress.chunks, events, store, deployed.aws.s3, load_contracts(), advance).checks())


def _document(checks: list[Check]) -> dict[str, Any]:
    return {"verified": all(check.result == AGREES for check in checks), "checks": [check.to_dict() for check in checks]}


def _show(what: RenderableType) -> None:
    stdout().print(what, soft_wrap=True)
