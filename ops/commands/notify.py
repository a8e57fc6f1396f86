"""``python -m ops notify``: send text to the subscribers of a topic."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ops.delivery.topic import publish
from ops.terminal import printable


def notify(
    topic: Annotated[str, typer.Option("--topic", metavar="ARN", help="The topic to publish to.")],
    subject: Annotated[str, typer.Option("--subject", metavar="TEXT", help="At most 100 ASCII characters.")],
    advice: Annotated[str, typer.Option("--advice", metavar="TEXT", help="What to do about it: the last line.")] = "",
) -> None:
    """Publish the text of the standard input to a topic.

    Example: python -m pipeline.gates.advisories | python -m ops notify --topic ARN --subject "Known vulnerabilities"
    """
    lines = [printable(line) for line in sys.stdin.read().splitlines()]
    publish(topic, subject, "\n".join(lines), advice)
