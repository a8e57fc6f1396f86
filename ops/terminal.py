"""What is written where: JSON alone on stdout, progress and errors on stderr, and nothing that drives the terminal."""

from __future__ import annotations

import json
import signal
import sys
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.text import Text

#: Exit status of a command that Ctrl-C ended.
INTERRUPTED = 128 + signal.SIGINT


def printable(value: object, limit: int = 0) -> str:
    r"""*value* as text that cannot move the cursor, change colours or reverse the reading direction.

    What is not printable is shown as an escape (``\n``, ``\x1b``, ``\u202e``); *limit* > 0 shortens
    the result to so many characters, the last of which is then an ellipsis.
    """
    text = str(value)
    cut = text if limit <= 0 else text[: limit + 1]
    shown = "".join(character if character.isprintable() else character.encode("unicode_escape").decode() for character in cut)
    return shown if limit <= 0 or len(shown) <= limit else shown[: limit - 1] + "…"


def cell(value: object, limit: int = 0, style: str = "") -> Text:
    """Text from outside, for a rich table: never read as markup."""
    return Text("" if value is None else printable(value, limit), style=style)


#: Columns where nobody looks through a window: a pipe, a log.
_UNBOUNDED = 200


def stdout() -> Console:
    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _UNBOUNDED)


def stderr() -> Console:
    return Console(file=sys.stderr, highlight=False)


def emit(document: object) -> None:
    """Write *document* as the one JSON document on stdout."""
    sys.stdout.write(as_json(document))


def as_json(document: object) -> str:
    """In ASCII: a value from a file may not drive the terminal."""
    return json.dumps(document, indent=2, default=_plain) + "\n"


def _plain(value: Any) -> int | float | str:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def counted(count: int, one: str, several: str | None = None) -> str:
    """``1 row``, ``2 rows``; *several* where it is not *one* with an s."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def bytes_text(count: float) -> str:
    """Decimal units, as storage is sold and as the chunk size is given: ``1.5 MB``."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:,.0f} {unit}" if unit == "B" else f"{count:,.1f} {unit}"
        count /= 1000
    return f"{count:,.2f} GB"
