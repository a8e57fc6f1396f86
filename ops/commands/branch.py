"""``python -m ops branch``: stages of branches, as the builds of the delivery and people work on them."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ops.aws import Aws
from ops.branches.deployment import Deployment
from ops.branches.errors import BranchKept, NotABranchStage
from ops.branches.lock import Locks
from ops.branches.reaper import Reaper
from ops.branches.repository import Repository, by_suffix
from ops.branches.stages import branch_stages
from ops.branches.teardown import Teardown
from ops.commands.validate import validate
from ops.errors import OpsError
from ops.options import JsonOption, RegionOption
from ops.terminal import cell, counted, emit, printable, stderr, stdout
from pipeline import slugs
from runtime.aws.tracking import utc_now

app = typer.Typer(help="Stages of branches: deploy, list, destroy, reap.", no_args_is_help=True, rich_markup_mode=None)

#: Seconds that a build waits for another one that works on the same stage.
WAIT = 3600

BranchOption = Annotated[str, typer.Option("--branch", metavar="NAME", help="The branch, as git names it.")]
RepositoryOption = Annotated[
    str | None,
    typer.Option(
        "--repository", metavar="URL", envvar="LEDGERLINE_REPOSITORY_URL", help="The repository whose branches decide which stages stay."
    ),
]
LocksOption = Annotated[
    str,
    typer.Option(
        "--locks", metavar="TABLE", envvar="LEDGERLINE_BRANCH_LOCKS", help="The table of locks: one build at a time works on a stage."
    ),
]
BaseOption = Annotated[
    str,
    typer.Option("--base", metavar="NAME", envvar="LEDGERLINE_SOURCE_BRANCH", help="The pipeline's own branch, which always exists."),
]
DEFAULT_LOCKS, DEFAULT_BASE = "etl-branch-locks-main", "main"


@app.command("deploy")
def deploy(
    branch: BranchOption,
    assembly: Annotated[Path, typer.Option(metavar="DIRECTORY", exists=True, file_okay=False, help="What pipeline_app.py wrote.")] = Path(
        "cdk.out"
    ),
    cli: Annotated[Path, typer.Option("--cdk", metavar="PATH", help="The CDK CLI.")] = Path("node_modules/.bin/cdk"),
    repository: RepositoryOption = None,
    locks: LocksOption = DEFAULT_LOCKS,
    region: RegionOption = None,
) -> None:
    """Deploy the stage that was synthesized for a branch, and validate it; a stage that is stuck is taken down first.

    With --repository, a branch that is gone by then is not deployed.
    Example: python -m ops branch deploy --branch feature/x
    """
    aws = Aws(region)
    with _locks(aws, locks).hold(slugs.suffix(branch), WAIT):
        if repository is not None and branch not in Repository(repository).branches():
            _tell(f"The repository has no branch {branch} any more: nothing is deployed")
            return
        suffix = Deployment(Teardown(aws, _tell), cli.absolute(), assembly.absolute(), _tell).run(branch)
        validate(stage=suffix, region=aws.region, record=True)


@app.command("list")
def list_stages(region: RegionOption = None, json: JsonOption = False) -> None:
    """The stages of branches that are deployed.

    Example: python -m ops branch list
    """
    stages = branch_stages(Aws(region).cloudformation)
    now = utc_now()
    if json:
        emit(
            [
                {
                    "suffix": stage.suffix,
                    "branch": stage.branch,
                    "status": stage.status,
                    "deployed_at": stage.deployed_at,
                    "expires_at": stage.deployed_at + stage.time_to_live if stage.time_to_live else None,
                }
                for stage in stages
            ]
        )
        return
    table = Table("branch", box=None)
    for name in ("suffix", "status", "deployed", "expires in"):
        table.add_column(name, no_wrap=True)
    for stage in stages:
        left = f"{(stage.deployed_at + stage.time_to_live - now).total_seconds() / 3600:,.1f} h" if stage.time_to_live else "never"
        table.add_row(cell(stage.branch), stage.suffix, stage.status, f"{stage.deployed_at:%Y-%m-%d %H:%M}", left)
    stdout().print(table if stages else "No branch has a stage.")


@app.command("destroy")
def destroy(
    branch: Annotated[str | None, typer.Option("--branch", metavar="NAME", help="The branch, as git names it.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", metavar="SUFFIX", help="The stage by its suffix, br-…, instead.")] = None,
    repository: RepositoryOption = None,
    pull_request: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="A closed pull request: its own branch may still be there.")
    ] = None,
    if_gone: Annotated[bool, typer.Option("--if-gone", help="Do nothing, successfully, while the branch is still there.")] = False,
    base: BaseOption = DEFAULT_BASE,
    locks: LocksOption = DEFAULT_LOCKS,
    region: RegionOption = None,
) -> None:
    """Take a branch's stage down, wait, and prove that nothing of it is left.

    With --repository, a stage whose branch is still there is refused.
    Example: python -m ops branch destroy --branch feature/x
    """
    suffix = _suffix(branch, stage, base)
    aws = Aws(region)
    with _locks(aws, locks).hold(suffix, WAIT):
        kept = _kept(Repository(repository), suffix, pull_request) if repository is not None else None
        if kept is None:
            Teardown(aws, _tell).run(suffix)
        elif if_gone:
            _tell(f"The repository still has branch {kept}: its stage {suffix} stays")
        else:
            raise BranchKept(kept, suffix)


@app.command("reap")
def reap(
    repository: Annotated[
        str,
        typer.Option(
            "--repository",
            metavar="URL",
            envvar="LEDGERLINE_REPOSITORY_URL",
            help="The repository whose branches decide which stages stay.",
        ),
    ],
    base: BaseOption = DEFAULT_BASE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what would be removed, and remove nothing.")] = False,
    locks: LocksOption = DEFAULT_LOCKS,
    region: RegionOption = None,
    json: JsonOption = False,
) -> None:
    """Take down the stages whose branch is gone, and those that outlived their time.

    Example: python -m ops branch reap --repository https://github.com/example/ledgerline.git --dry-run
    """
    aws = Aws(region)
    reaper = Reaper(aws, Repository(repository), base, _locks(aws, locks), Teardown(aws, _tell), _tell)
    report = reaper.run(utc_now(), dry_run=dry_run)
    if json:
        emit({"due": report.due, "removed": report.removed, "busy": report.busy, "failed": report.failed})
    else:
        counts = f"{len(report.removed)} removed, {len(report.busy)} busy, {len(report.failed)} failed"
        due = counted(len(report.due), "branch stage is", "branch stages are")
        stdout().print(f"{due} due: {'nothing was removed (--dry-run)' if dry_run else counts}.", soft_wrap=True)
    if report.failed:
        raise OpsError(f"{counted(len(report.failed), 'stage is', 'stages are')} not gone: {'; '.join(report.failed.values())}")


def _suffix(branch: str | None, stage: str | None, base: str) -> str:
    if (branch is None) == (stage is None):
        raise typer.BadParameter("name the branch (--branch) or its stage (--stage), one of the two")
    if branch == base:
        raise typer.BadParameter(f"branch {base!r} is the pipeline's own, which has no branch stage; its stages are never destroyed here")
    if branch is not None:
        return slugs.suffix(branch)
    if stage is None or not slugs.is_branch_suffix(stage):
        raise typer.BadParameter(str(NotABranchStage(str(stage))))
    return stage


def _kept(repository: Repository, suffix: str, pull_request: int | None) -> str | None:
    """The branch that keeps the stage: there it is, and it is not the one whose pull request was closed."""
    branch = by_suffix(repository.branches()).get(suffix)
    closed = branch is not None and pull_request is not None and repository.is_head_of_pull_request(branch, pull_request)
    return None if closed else branch


def _locks(aws: Aws, table: str) -> Locks:
    # Who waits is told who has it: a build by its id, a person by the process.
    build = os.environ.get("CODEBUILD_BUILD_ID") or f"process {os.getpid()}"
    return Locks(aws.dynamodb, table, f"{build} ({uuid.uuid4().hex[:8]})", tell=_tell)


def _tell(line: str) -> None:
    stderr().print(printable(line), markup=False, soft_wrap=True)
