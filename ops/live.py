"""Progress while a file travels: bars on a terminal, one line per change elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars
from rich.text import Text

from ops.follow import Progress
from ops.outcome import COLOURS
from ops.terminal import INTERRUPTED, bytes_text, printable

#: Bytes. What is smaller is read before a line about it would be.
_WORTH_A_LINE = 100_000_000


@contextmanager
def upload_bar(console: Console, name: str, size: int) -> Iterator[Callable[[int], None]]:
    """Yield what to call with the number of bytes that went."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(f"Uploading {printable(name, 40)}", total=size)
        yield lambda count: bars.advance(task, count)
    console.print(f"Uploaded {printable(name, 60)} ({bytes_text(size)})", markup=False, soft_wrap=True)


@contextmanager
def read_bar(console: Console, what: str, size: int) -> Iterator[Callable[[int], None]]:
    """Yield what to call with the number of bytes that were read; a log gets a line at each tenth of *size*."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    seen = 0

    def advance(count: int) -> None:
        nonlocal seen
        bars.advance(task, count)
        tenth, seen = seen * 10 // max(size, 1), seen + count
        if not console.is_terminal and size > _WORTH_A_LINE and seen * 10 // size > tenth:
            console.print(f"{what}: {bytes_text(seen)} of {bytes_text(size)} of the original read", soft_wrap=True)

    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=size)
        yield advance


def watch(console: Console, looks: Iterable[Progress]) -> Progress:
    """Show each look at a file; return the last one."""
    last, before = Progress(None, (), 0.0), None
    if not console.is_terminal:
        shown: tuple[object, ...] | None = None
        for last in looks:
            before = last.bytes_done if before is None else before
            if _milestone(last) != shown:
                console.print(_line(last, before), soft_wrap=True)
                shown = _milestone(last)
        return last
    with Live(console=console, transient=True, refresh_per_second=8) as live:
        for last in looks:
            before = last.bytes_done if before is None else before
            live.update(_line(last, before))
    return last


def left_alone(console: Console, follow_it: str) -> NoReturn:
    """End a command whose waiting was broken off (Ctrl-C): the file goes on in its stage, and *follow_it* is how to look at it."""
    console.print(f"No longer waiting; the file goes on. Follow it: {follow_it}", markup=False, soft_wrap=True)
    raise typer.Exit(INTERRUPTED)


def _milestone(progress: Progress) -> tuple[object, ...]:
    """What is worth a new line in a log: the state, and each tenth of the chunks."""
    total = progress.chunks_total
    return progress.status, len(progress.done) * 10 // total if total else 0


def _line(progress: Progress, before: int) -> Text:
    """*before* are the bytes that were done at the first look: nobody saw how long they took."""
    status = progress.status or "WAITING"
    line = Text.assemble((f"{status:<11}", f"bold {COLOURS.get(status, 'cyan')}"))
    if progress.chunks_total is not None:
        line.append(f" {len(progress.done):,}/{progress.chunks_total:,} chunks")
        line.append(f" · {progress.rows('rows_accepted'):,} accepted · {progress.rows('rows_rejected'):,} rejected")
        if progress.bytes_done > before and progress.seconds:
            line.append(f" · {bytes_text((progress.bytes_done - before) / progress.seconds)}/s")
    line.append(f" · {progress.seconds:,.1f} s", style="dim")
    return line
