"""Run commands at the same time and show them as one: ``python -m local.side_by_side TITLE COMMAND [TITLE COMMAND ...]``.

While they run, one line says how far each is. A command that has ended gets one line with its time; what it printed is
shown whole if it failed. Exit status: 0 if every command succeeded.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]

_POLL_SECONDS = 0.2
#: Between two lines of progress where there is no terminal to keep one line on.
_REPORT_SECONDS = 30.0
#: pytest's own progress at the end of a line of dots.
_PERCENT = re.compile(rb"\[ *(\d+)%\]")


@dataclass
class _Running:
    title: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    began: float
    seconds: float | None = None

    def progress(self) -> str:
        percent = _PERCENT.findall(self.printed())
        return f"{self.title} {percent[-1].decode()} %" if percent else self.title

    def printed(self) -> bytes:
        """The whole output. Not by seek and read: the process writes at the position that both share."""
        descriptor = self.output.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


@dataclass(frozen=True)
class Ended:
    """*output* holds standard output and standard error, as they came."""

    title: str
    status: int
    seconds: float
    output: str


def run(commands: Mapping[str, Sequence[str]], console: Console, good: Sequence[int] = (0,)) -> list[Ended]:
    """Run every command at once, in the root of the repository; returns what came of each, in the given order.

    *good* are the exit statuses of success. An interrupt, SIGTERM, or any other exception, ends them all.
    """
    with ExitStack() as stack:
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        stack.callback(signal.signal, signal.SIGTERM, before)
        jobs = [_started(title, command, stack) for title, command in commands.items()]
        reported = time.monotonic()
        with console.status("") as status:
            while any(job.seconds is None for job in jobs):
                time.sleep(_POLL_SECONDS)
                for job in jobs:
                    if job.seconds is None and job.process.poll() is not None:
                        job.seconds = time.monotonic() - job.began
                        _report(job, console, good)
                line = ", ".join(job.progress() for job in jobs if job.seconds is None)
                elapsed = time.monotonic() - jobs[0].began
                status.update(f"{elapsed:.0f} s: {line}")
                if line and not console.is_terminal and time.monotonic() - reported > _REPORT_SECONDS:
                    reported = time.monotonic()
                    _say(console, f"... {elapsed:.0f} s: {line}")
        return [_ended(job) for job in jobs]


def _started(title: str, command: Sequence[str], stack: ExitStack) -> _Running:
    output = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 — the stack closes it
    process = stack.enter_context(
        subprocess.Popen(list(command), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    )
    stack.callback(_terminate, process)
    return _Running(title, process, output, time.monotonic())


def _terminate(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, and all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)


def _report(job: _Running, console: Console, good: Sequence[int]) -> None:
    failed = job.process.returncode not in good
    _say(console, f"{job.title} ({job.seconds:.1f} s)" + (f": FAILED with status {job.process.returncode}" if failed else ""))
    if failed:
        _say(console, job.printed().decode(errors="replace").rstrip() + "\n")


def _ended(job: _Running) -> Ended:
    return Ended(job.title, job.process.returncode, job.seconds or 0.0, job.printed().decode(errors="replace"))


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def main(arguments: Sequence[str]) -> int:
    if not arguments or len(arguments) % 2:
        sys.stderr.write("usage: python -m local.side_by_side TITLE COMMAND [TITLE COMMAND ...]\n")
        return 2
    commands = {title: ["bash", "-euc", command] for title, command in zip(arguments[::2], arguments[1::2])}
    return int(any(ended.status for ended in run(commands, Console(highlight=False))))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
