"""``python -m ops tell``: what a build found, for the subscribers of a topic."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ops.delivery.topic import tell as publish
from ops.terminal import printable


def tell(
    topic: Annotated[str, typer.Option("--topic", metavar="ARN", help="The topic to publish to.")],
    subject: Annotated[str, typer.Option("--subject", metavar="TEXT", help="At most 100 ASCII characters.")],
    advice: Annotated[str, typer.Option("--advice", metavar="TEXT", help="What to do about it: the last line.")] = "",
) -> None:
    """Tell a topic what is read from the standard input.

    Example: python -m pipeline.gates.advisories | python -m ops tell --topic ARN --subject "Known vulnerabilities"
    """
    lines = [printable(line) for line in sys.stdin.read().splitlines()]
    publish(topic, subject, "\n".join(lines), advice)
