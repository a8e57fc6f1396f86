"""A stage on an emulator of its own, for as long as it is needed."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Optional

from rich.console import Console

from local import emulator
from local.progress import Steps
from local.stage import up

if TYPE_CHECKING:
    from local.stage import LocalStage


@contextmanager
def deployed_stage(state: Path, *, runtime: Optional[str] = None, keep: Optional[Path] = None) -> Iterator[LocalStage]:
    """A primary stage, just deployed; what is known under *state* is stopped before and afterwards."""
    emulator.stop(state)
    try:
        yield up(state, Steps(Console(stderr=True)), runtime=runtime, keep=keep)
    finally:
        emulator.stop(state)
