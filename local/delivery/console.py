"""An execution as the pipeline's page shows it: a line for each change, on a terminal a table that is kept up to date."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.delivery.definition import Action
from local.delivery.execution import FAILED, IN_PROGRESS, INTERRUPTED, NOT_STARTED, SUCCEEDED, ActionRecord, Record

_STYLES = {SUCCEEDED: "green", FAILED: "red", INTERRUPTED: "red", IN_PROGRESS: "yellow", NOT_STARTED: "dim"}
_WIDTH = 90
_LINES, _LINE = 12, 300
_LOG_WIDTH = 160
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Board:
    """Shows executions on *console*; callable from any thread."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.time) -> None:
        self._console = console
        self._clock = clock
        self._lock = threading.Lock()
        self._progress: dict[tuple[str, str], str] = {}

    @contextmanager
    def showing(self, record: Record) -> Iterator[None]:
        """While an execution runs: on a terminal, its table."""
        self.say(f"Execution {record.id} of {record.pipeline}: {record.branch} at {record.commit[:8]}, {record.message} ({record.trigger})")
        self._progress = {}
        if not self._console.is_terminal:
            yield
            return
        with Live(get_renderable=lambda: self.table(record), console=self._console, refresh_per_second=4, transient=True):
            yield

    def say(self, line: str) -> None:
        with self._lock:
            self._console.print(_plain(line), markup=False, highlight=False, soft_wrap=True)

    def changed(self, action: Action, record: ActionRecord) -> None:
        """An action began or ended."""
        if record.status == IN_PROGRESS:
            if not self._console.is_terminal:
                self.say(f"{_clock_time(record.started)}  {action.label}  {IN_PROGRESS}")
            return
        summary = f"  {record.summary}" if record.summary else ""
        self.say(f"{_clock_time(record.ended)}  {action.label}  {record.status}  {_seconds(record, self._clock())}{summary}")
        if record.status == FAILED:
            self._end_of(Path(record.log))

    def failed(self, log: Path, line: str) -> None:
        """Something that is no action failed: why, with the end of its log."""
        self.say(line)
        self._end_of(log)

    def _end_of(self, log: Path) -> None:
        for line in _last_lines(log):
            self.say(f"          | {line}")
        self.say(f"          its log: {log}")

    def progress(self, action: Action, words: str) -> None:
        """A running action says where it is: on a terminal in the table, elsewhere only what a person must read."""
        with self._lock:
            self._progress[action.stage, action.name] = words

    def ask(self, action: Action, words: str) -> None:
        self.say(f"          {action.label}: {words}")

    def table(self, record: Record) -> Table:
        """Stages and actions with state and time."""
        table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
        for column in ("Stage", "Action", "State", "Time", ""):
            table.add_column(column, no_wrap=column != "")
        for stage in record.stages:
            for index, action in enumerate(stage.actions):
                note = self._progress.get((stage.name, action.name), "") if action.status == IN_PROGRESS else action.summary
                style = _STYLES.get(action.status, "")
                name = stage.name if index == 0 else ""
                table.add_row(name, action.name, Text(action.status, style), _seconds(action, self._clock()), Text(_plain(note)[:_WIDTH]))
        return table

    def brief(self, record: Record) -> None:
        """One line for an execution."""
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(record.started))
        self.say(f"{record.id}  {began}  {record.status:<11}  {record.branch}  {record.message}  ({record.trigger})")

    def finish(self, record: Record) -> None:
        """The whole execution, once it has ended."""
        with self._lock:
            self._console.print(self.table(record), width=None if self._console.is_terminal else _LOG_WIDTH)
        took = (record.ended or self._clock()) - record.started
        reason = f": {record.reason}" if record.reason else ""
        self.say(f"Execution {record.id}: {record.status} after {took:.0f} s{reason}")


def _plain(text: str) -> str:
    """Without colours and control characters: a commit's message and a build's log do not drive this terminal."""
    return "".join(character for character in _COLOUR.sub("", text) if character.isprintable())


def _last_lines(log: Path) -> list[str]:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return [line[:_LINE] for line in lines[-_LINES:]]


def _clock_time(moment: float | None) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))


def _seconds(action: ActionRecord, now: float) -> str:
    if action.started is None:
        return ""
    return f"{(action.ended or now) - action.started:.1f} s"
