"""One short line for each step, with the seconds that it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


class Steps:
    """Says what is being done: a spinner on a terminal, a line when it is done everywhere."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """Yield what to call with a few words of progress; a step that raises prints no line."""
        began = time.monotonic()
        with self._console.status(what) as status:
            yield lambda detail: status.update(f"{what}: {detail}")
        self.say(f"{what} ({time.monotonic() - began:.1f} s)")
