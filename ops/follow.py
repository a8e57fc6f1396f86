"""Watching one file until it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ops.errors import NotFinished
from runtime.aws.tracking import Tracking
from runtime.core.errors import TransientError
from runtime.core.keys import INCOMING
from runtime.core.models import ChunkStatus, FileStatus

Item = dict[str, Any]

#: Seconds between two looks: short at first, since small files end within seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0
#: A rejected or failed file is first marked, then moved; the move is awaited for so many seconds.
MOVE_GRACE_SECONDS = 20.0
#: Looks in a row that may fail before the error is believed.
PATIENCE = 5


@dataclass(frozen=True)
class Progress:
    """One look at a file. ``bytes_done`` counts the input bytes of finished chunks; ``seconds`` run from the first look."""

    file: Item | None
    chunks: tuple[Item, ...]
    seconds: float

    @property
    def status(self) -> str | None:
        return self.file["file_status"] if self.file else None

    @property
    def chunks_total(self) -> int | None:
        return None if self.file is None or "chunks" not in self.file else int(self.file["chunks"])

    @property
    def done(self) -> tuple[Item, ...]:
        return tuple(chunk for chunk in self.chunks if chunk["status"] == ChunkStatus.DONE)

    @property
    def bytes_done(self) -> int:
        return sum(int(chunk["end"]) - int(chunk["start"]) for chunk in self.done)

    def rows(self, name: str) -> int:
        return sum(int(chunk.get(name, 0)) for chunk in self.done)

    @property
    def ended(self) -> bool:
        return self.status in FileStatus.ENDED

    @property
    def settled(self) -> bool:
        """The file has ended and its original is where it stays."""
        return self.ended and not was_left_in_incoming(self.file or {})


def look(tracking: Tracking, file_id: str, seconds: float = 0.0) -> Progress:
    file = tracking.file(file_id)
    return Progress(file, tuple(tracking.planned_chunks(file)) if file else (), seconds)


def was_left_in_incoming(file: Item) -> bool:
    return str((file.get("location") or {}).get("key", INCOMING)).startswith(INCOMING)


def follow(
    tracking: Tracking,
    file_id: str,
    *,
    timeout_seconds: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[Progress]:
    """Yield a Progress at each look, the last one when the file has ended; NotFinished after the time-out.

    A look that fails for a passing reason is repeated; the same failure PATIENCE times over is raised.
    """
    begun = clock()
    ended_at: float | None = None
    pause, failures = FIRST_PAUSE, 0
    while True:
        started = clock()
        try:
            progress = look(tracking, file_id, started - begun)
            failures = 0
        except TransientError:
            failures += 1
            if failures == PATIENCE:
                raise
            progress = None
        if progress is not None:
            yield progress
            if progress.ended and ended_at is None:
                ended_at = started
            if progress.settled or (ended_at is not None and started - ended_at >= MOVE_GRACE_SECONDS):
                return
            if started - begun >= timeout_seconds and not progress.ended:
                raise NotFinished(file_id, progress.status, started - begun)
        # A look at thousands of chunks costs reads: never spend more than half the time looking.
        sleep(max(pause, clock() - started))
        pause = min(pause * 1.5, LONGEST_PAUSE)
