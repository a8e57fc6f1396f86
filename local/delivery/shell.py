"""The commands of a build, one after the other, as if in one shell: directory and exported variables carry over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from local.delivery.errors import ActionFailed, Stopped

_POLL_SECONDS = 0.1
_DUMP = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"


class Shell:
    """Runs commands with ``sh`` or ``bash``; *state* is a private directory for what is handed from one command to the next."""

    def __init__(
        self, name: str, state: Path, directory: Path, environment: Mapping[str, str], log: TextIO, stop: threading.Event, deadline: float
    ) -> None:
        """*deadline* is on the monotonic clock, in seconds."""
        self._name, self._state, self._directory, self._environment = name, state, directory, dict(environment)
        self._log, self._stop, self._deadline = log, stop, deadline
        state.mkdir(parents=True, exist_ok=True)

    def run(self, command: str, variables: Mapping[str, str], *, fresh: bool = False) -> int:
        """The command's exit status; *variables* are set on top, and *fresh* drops what earlier commands left.

        Raises Stopped, or ActionFailed when the time is over; either way nothing that the command started goes on.
        """
        if fresh:
            self._forget()
        script = self._state / "command.sh"
        script.write_text(self._script(command, variables), encoding="utf-8")
        self._log.write("$ " + command.rstrip().replace("\n", "\n> ") + "\n")
        self._log.flush()
        process = subprocess.Popen(
            [self._name, str(script)],
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return self._wait(process)
        finally:
            _end(process)

    def exported(self) -> dict[str, str]:
        """The environment as the last command left it."""
        script = f'{self._restore()}\nexec {_quoted(sys.executable)} -I -c "$LEDGERLINE_DUMP"'
        environment = self._environment | {"LEDGERLINE_DUMP": _DUMP}
        done = subprocess.run([self._name, "-c", script], env=environment, cwd=self._directory, capture_output=True, check=True)
        return {name: value for name, value in json.loads(done.stdout).items() if name != "LEDGERLINE_DUMP"}

    def _script(self, command: str, variables: Mapping[str, str]) -> str:
        keep = f"export -p > {_quoted(self._state / 'exports')}; pwd > {_quoted(self._state / 'directory')}"
        settings = "\n".join(f"export {name}={_quoted(value)}" for name, value in variables.items())
        return f"{self._restore()}\n{settings}\ntrap {_quoted(keep)} EXIT\n{command}\n"

    def _restore(self) -> str:
        exports, directory = _quoted(self._state / "exports"), _quoted(self._state / "directory")
        return f'if [ -f {exports} ]; then . {exports}; cd "$(cat {directory})"; fi'

    def _forget(self) -> None:
        (self._state / "exports").unlink(missing_ok=True)

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        while (status := process.poll()) is None:
            if self._stop.wait(_POLL_SECONDS):
                raise Stopped("the build was stopped")
            if time.monotonic() > self._deadline:
                raise ActionFailed("the build ran longer than its project's timeout, and was ended")
        return status


def _end(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the command's process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "'\\''") + "'"
