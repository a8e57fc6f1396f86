"""``python -m local``: the stage on this machine, from the command line."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich.console import Console

from local import emulator
from local.delivery import approval
from local.delivery import deliver as deliveries
from local.delivery.actions import Policy
from local.delivery.remote import make_remote
from local.emulator import ROOT
from local.errors import LocalError
from local.interpreters import RUNTIMES
from local.progress import Steps
from local.run import SAMPLE, SAMPLE_DATASET, SAMPLE_PARTNER
from local.run import run as run_file
from local.stage import STATE
from local.stage import up as bring_up
from ops.errors import explain
from ops.upload import incoming_key
from ops.usage import plainly
from runtime.core.errors import InvalidKey, LedgerlineError, UnknownDataset
from runtime.formats.registry import load_contracts


def _known_runtime(value: Optional[str]) -> Optional[str]:
    if value is not None and value not in RUNTIMES:
        raise typer.BadParameter(f"{value!r} is no runtime of a function; choose one of {', '.join(RUNTIMES)}")
    return value


RuntimeOption = Annotated[
    Optional[str],
    typer.Option(
        help="The functions' Python, such as 3.13. Default: cdk.json's.",
        envvar="LEDGERLINE_RUNTIME",
        show_envvar=True,
        callback=_known_runtime,
    ),
]
ExecutionArgument = Annotated[Optional[str], typer.Argument(show_default=False, help="Default: the one that waits.")]
CommentOption = Annotated[str, typer.Option(help="A comment for the execution's record.")]


class Group(typer.core.TyperGroup):
    """Shows what can be expected to go wrong as one line on stderr, exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]  # Whatever this shell points at, nothing here may reach it.
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            raise plainly(error) from error
        except (LocalError, LedgerlineError, OSError) as error:
            typer.echo(f"error: {_sentence(error)}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=Group,
    name="local",
    help="The delivery and a stage on this machine, with no AWS account.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def up(
    port: Annotated[Optional[int], typer.Option(min=1024, max=65535, help="Default: a free one.")] = None,
    runtime: RuntimeOption = None,
) -> None:
    """Start the emulator and deploy the primary stage into it; again after a change, to deploy the change.

    Example: python -m local up && eval "$(python -m local env)" && python -m ops status
    """
    bring_up(STATE, _steps(), port=port, runtime=runtime)
    typer.echo('Point this shell at it: eval "$(python -m local env)"     Stop it: python -m local down')


@app.command()
def down() -> None:
    """Stop the emulator, and with it everything that it holds.

    Example: python -m local down
    """
    typer.echo("The emulator is stopped" if emulator.stop(STATE) else "The emulator was not running")


@app.command()
def status() -> None:
    """Say whether the emulator runs, and where, and show the last executions; exit status 1 when it does not run.

    Example: python -m local status
    """
    running = emulator.running(STATE)
    if running is None:
        typer.echo("The emulator is not running; 'python -m local up' or 'deliver' starts it")
    else:
        deployed = "the stage is deployed" if (STATE / "deployed.txt").exists() else "no stage was deployed by 'up'"
        typer.echo(f"The emulator runs on {running.endpoint} (process {running.pid}, log {running.log}); {deployed}")
    deliveries.show(STATE, Console(highlight=False))
    for request in approval.waiting(STATE / "delivery"):
        typer.echo(f"Execution {request.execution} waits for an approval, {request.label}: {request.custom_data}")
    if running is None:
        raise typer.Exit(1)


@app.command()
def deliver(
    approve_all: Annotated[bool, typer.Option("--approve", help="Approve every request. Also: APPROVE=yes.")] = False,
    approval_minutes: Annotated[int, typer.Option(min=1, help="How long an approval waits that sets no time-out of its own.")] = 60,
) -> None:
    """Rehearse the whole pipeline for the current commit; what is not committed is not delivered.

    Example: python -m local deliver --approve
    """
    policy = Policy(approve=approve_all or os.environ.get("APPROVE") == "yes", approval_minutes=approval_minutes)
    delivery = deliveries.Delivery(STATE, Console(file=sys.stderr, highlight=False), policy)
    if not delivery.deliver_checkout(ROOT):
        raise typer.Exit(1)


@app.command()
def remote() -> None:
    """Make the git remote 'local' of this machine: a push to it delivers.

    Example: python -m local remote && git push local main
    """
    bare = make_remote(STATE)
    typer.echo(f"The remote 'local' is {bare}")
    typer.echo("git push local main               delivers, and prints the execution's progress")
    typer.echo("git push local BRANCH             brings up that branch's stage")
    typer.echo("git push local --delete BRANCH    takes it down")


@app.command()
def approve(execution: ExecutionArgument = None, comment: CommentOption = "") -> None:
    """Approve what an execution waits for.

    Example: python -m local approve --comment "looked at the review"
    """
    _decide(approval.APPROVED, comment, execution)


@app.command()
def reject(execution: ExecutionArgument = None, comment: CommentOption = "") -> None:
    """Reject what an execution waits for; the execution fails.

    Example: python -m local reject --comment "not on a Friday"
    """
    _decide(approval.REJECTED, comment, execution)


@app.command()
def env() -> None:
    """Print the shell exports that point any AWS client at the emulator.

    Example: eval "$(python -m local env)"
    """
    running = emulator.running(STATE)
    if running is None:
        raise LocalError("the emulator is not running; 'python -m local up' starts it")
    typer.echo("unset AWS_PROFILE AWS_SESSION_TOKEN")
    for name, value in running.variables().items():
        typer.echo(f"export {name}={shlex.quote(value)}")


@app.command()
def gaps() -> None:
    """List what the emulator does not do as AWS does: what is fixed, what is only accepted, what cannot be shown.

    Example: python -m local gaps
    """
    from local.gaps import GAPS  # noqa: PLC0415 — loads the emulator, which nothing else here needs
    from local.gaps.accepted_types import ACCEPTED  # noqa: PLC0415
    from local.gaps.limits import LIMITS  # noqa: PLC0415

    _list("Fixed here. Without the fix:", [(gap.name, gap.alone) for gap in GAPS])
    _list("Accepted in a template, without effect:", [(accepted.type, accepted.missing) for accepted in ACCEPTED])
    _list("Not shown on this machine:", [(limit.what, limit.instead) for limit in LIMITS])


@app.command()
def run(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, show_default=False, help="Default: a bundled sample.")
    ] = SAMPLE,
    dataset: Annotated[Optional[str], typer.Option(help="Its dataset. Default: found by its header.")] = None,
    partner: Annotated[Optional[str], typer.Option(help="Who sends it.")] = None,
    runtime: RuntimeOption = None,
) -> None:
    """Process one file from nothing: start, deploy, submit, show what came of it, fetch the outputs, stop.

    Example: python -m local run may.csv --dataset transactions --partner acme
    """
    if file == SAMPLE:
        dataset, partner = dataset or SAMPLE_DATASET, partner or SAMPLE_PARTNER
    try:
        incoming_key(file.name, dataset, partner, load_contracts())
    except (InvalidKey, UnknownDataset, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    raise typer.Exit(run_file(file.resolve(), dataset, partner, _steps(), runtime))


def _sentence(error: Exception) -> str:
    text = explain(error)
    if isinstance(error, OSError) and str(error.filename).startswith(str(STATE)):
        return f"{text}; it is below the directory where this machine's stage is kept: LEDGERLINE_STATE names another one"
    return text


def _list(title: str, rows: list[tuple[str, str]]) -> None:
    typer.echo(title)
    for name, text in rows:
        typer.echo(f"  {name}: {text}")


def _decide(decision: str, comment: str, execution: str | None) -> None:
    state = STATE / "delivery"
    if emulator.running(STATE) is None and not any(approval.waiting(state)):
        raise LocalError("no execution waits for an approval: no emulator runs; 'python -m local deliver' starts a rehearsal")
    request = approval.decide(state, decision, comment, execution)
    typer.echo(f"{decision}: {request.label} of execution {request.execution}")


def _steps() -> Steps:
    return Steps(Console(file=sys.stderr, highlight=False))
