"""The commands, and how their errors reach a person: one line on stderr and an exit status.

0 done; 1 the file was rejected or failed, the validation differs, or AWS said no; 2 wrong usage; 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from ops.commands import branch, contract
from ops.commands.audit import audit
from ops.commands.compare import compare
from ops.commands.drift import drift
from ops.commands.notify import notify
from ops.commands.publish import publish
from ops.commands.redrive import redrive
from ops.commands.rejects import rejects
from ops.commands.rollback import rollback
from ops.commands.status import status
from ops.commands.submit import submit
from ops.commands.sweep import sweep
from ops.commands.template import template
from ops.commands.validate import validate
from ops.errors import EXPECTED, OutputClosed, explain
from ops.terminal import INTERRUPTED
from ops.usage import plainly


class Group(TyperGroup):
    """Turns what can be expected to go wrong into one line; a defect keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            # Closed by the shell (>&-), it is no stream at all.
            if sys.stdout is None:
                raise OutputClosed
            return super().invoke(ctx)
        except typer.BadParameter as error:
            raise plainly(error) from error
        except KeyboardInterrupt:
            typer.echo("stopped", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except EXPECTED as error:
            typer.echo(f"error: {explain(error)}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=Group,
    name="ops",
    help="Submit files to a deployed Ledgerline stage, see what became of them, and take them up again.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"max_content_width": 120},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("submit")(submit)
app.command("status")(status)
app.command("rejects")(rejects)
app.command("audit")(audit)
app.command("compare")(compare)
app.command("redrive")(redrive)
app.command("sweep")(sweep)
app.command("validate")(validate)
app.command("rollback")(rollback)
app.command("template")(template)
app.command("publish")(publish)
app.command("drift")(drift)
app.command("notify")(notify)
app.add_typer(contract.app, name="contract")
app.add_typer(branch.app, name="branch")
