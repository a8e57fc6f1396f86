"""``python -m ops sweep``: what the stage itself does every 15 minutes, now, or only said."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from ops.options import DEFAULT_STAGE, JsonOption, RegionOption, RoleOption, StageOption, connect
from ops.stage import workflow_of
from ops.terminal import counted, emit, printable, stderr, stdout
from runtime.aws.object_store import ObjectStore
from runtime.aws.tracking import utc_now
from runtime.steps.orphaned_outputs import Leftovers
from runtime.steps.sweep import ABANDONED, LOST, MIN_AGE, UNMOVED, UNTOLD, Sweep

_MEANING = {
    LOST: "arrived and was not recorded",
    ABANDONED: "is in progress without a running execution",
    UNTOLD: "has ended, and its outcome was not published",
    UNMOVED: "has ended, and the move of its original was refused",
}


def sweep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what is found; start and remove nothing.")] = False,
    min_age: Annotated[
        int, typer.Option("--min-age", min=0, metavar="MINUTES", help="Leave alone what changed in the last MINUTES.")
    ] = int(MIN_AGE.total_seconds() // 60),
    leftovers: Annotated[
        bool, typer.Option("--leftovers", help="Also look at every output, and remove those that nothing refers to.")
    ] = False,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    role_arn: RoleOption = None,
    json: JsonOption = False,
) -> None:
    """Find files that nobody works on, and send each on its way; with --leftovers, outputs that are no file's.

    Example: python -m ops sweep --dry-run
    """
    deployed = connect(stage, region, role_arn)
    workflow = workflow_of(stage, deployed.aws.region, deployed.aws.cloudformation)
    store = ObjectStore(deployed.aws.s3, deployed.stage.data_bucket_name)
    look = Sweep(
        deployed.stage.source_name, store, deployed.tracking, deployed.aws.workflows, utc_now(), min_age=timedelta(minutes=min_age)
    )
    found = []
    for finding in look.findings():
        execution = None if dry_run else look.start(workflow, finding)
        found.append({"kind": finding.kind, "about": finding.about, "execution": execution})
        did = f": started {execution}" if execution else ""
        stderr().print(f"{printable(finding.about, 100)} {_MEANING[finding.kind]}{did}", markup=False, soft_wrap=True)
    unnamed = _leftovers(Leftovers(store, deployed.tracking, utc_now()), dry_run) if leftovers else []
    if json:
        emit({"found": found, **({"leftovers": unnamed} if leftovers else {})})
    else:
        outputs = f", and {counted(len(unnamed), 'output')} that nothing names" if leftovers else ""
        stdout().print(f"{len(found):,} found{outputs}{'; nothing was started or removed' if dry_run else ''}.", markup=False)


def _leftovers(look: Leftovers, dry_run: bool) -> list[dict[str, Any]]:
    listed = []
    for one in look.found():
        if not dry_run:
            look.store.delete(one.ref)
        listed.append({"key": one.ref.key, "version_id": one.ref.version_id, "size": one.size, "removed": not dry_run})
        did = "" if dry_run else ": removed"
        stderr().print(f"{printable(one.ref.key, 200)} is not referred to by anything{did}", markup=False, soft_wrap=True)
    return listed
