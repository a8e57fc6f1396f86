"""Locks of a pipeline's stages: one execution at a time, and of those that wait only the newest (superseded mode).

Executions are processes of their own. A stage is a locked file, so it is free again however its holder ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from local.delivery.errors import Stopped, Superseded
from local.delivery.files import locked, read_json, try_lock, write_json

_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class StageQueue:
    """The numbers of the execution that waits before a stage, and of the last that went in."""

    waiting: int | None
    entered: int | None


class StageLocks:
    """The stages of one pipeline. *alive* says whether the execution of a number still runs."""

    def __init__(self, directory: Path, alive: Callable[[int], bool]) -> None:
        self._directory = directory
        self._alive = alive

    @contextmanager
    def occupy(self, stage: str, number: int, stop: threading.Event, say: Callable[[str], None]) -> Iterator[None]:
        """Be in *stage*; waits for it. Raises Superseded when a newer execution waits as well, and Stopped."""
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / f"{stage}.lock").open("a") as holder:
            self._join(stage, number)
            waited = False
            while not self._admitted(stage, number, holder):
                if not waited:
                    say(f"waiting for stage {stage}, which another execution is in")
                    waited = True
                if stop.wait(_POLL_SECONDS):
                    raise Stopped(f"stopped while waiting for stage {stage}")
            yield

    def _join(self, stage: str, number: int) -> None:
        with self._mutex():
            queue = self._read(stage)
            ahead = [other for other in (queue.waiting, queue.entered) if other is not None and other > number]
            # One that waited and died is no reason to give way; one that has been inside is, dead or not: its commit is newer.
            newer = [other for other in ahead if other == queue.entered or self._alive(other)]
            if newer:
                raise Superseded(max(newer))
            self._keep(stage, StageQueue(waiting=number, entered=queue.entered))

    def _admitted(self, stage: str, number: int, holder: TextIO) -> bool:
        with self._mutex():
            queue = self._read(stage)
            if queue.waiting != number:
                raise Superseded(queue.waiting or queue.entered or number)
            if not try_lock(holder):
                return False
            self._keep(stage, StageQueue(waiting=None, entered=number))
            return True

    def _read(self, stage: str) -> StageQueue:
        file = self._file(stage)
        return StageQueue(**read_json(file)) if file.exists() else StageQueue(None, None)

    def _keep(self, stage: str, queue: StageQueue) -> None:
        write_json(self._file(stage), asdict(queue))

    def _file(self, stage: str) -> Path:
        return self._directory / f"{stage}.json"

    def _mutex(self) -> AbstractContextManager[None]:
        return locked(self._directory / "mutex.lock")
