"""One execution of a pipeline as it is recorded: what ran when, how it ended, where the logs are."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.delivery.definition import Action, Pipeline
from local.delivery.files import is_locked, locked, read_json, try_lock, write_json
from local.delivery.source import Revision

IN_PROGRESS, SUCCEEDED, FAILED, SUPERSEDED, CANCELLED, STOPPED = "InProgress", "Succeeded", "Failed", "Superseded", "Cancelled", "Stopped"
NOT_STARTED, INTERRUPTED = "-", "Interrupted"


@dataclass
class ActionRecord:
    """``started`` and ``ended`` are seconds since the epoch."""

    name: str
    status: str = NOT_STARTED
    started: float | None = None
    ended: float | None = None
    summary: str = ""
    log: str = ""


@dataclass
class StageRecord:
    name: str
    status: str = NOT_STARTED
    actions: list[ActionRecord] = field(default_factory=list)


@dataclass
class Record:
    """``reason`` says why an execution ended that did not succeed."""

    number: int
    id: str
    pipeline: str
    trigger: str
    commit: str
    branch: str
    message: str
    definition: str
    emulator: int
    status: str = IN_PROGRESS
    started: float = 0.0
    ended: float | None = None
    reason: str = ""
    scratch: str = ""
    stages: list[StageRecord] = field(default_factory=list)


class Execution:
    """A record that is kept on disk with every change; all methods may be called from any thread."""

    def __init__(self, directory: Path, record: Record) -> None:
        self.directory = directory
        self.record = record
        self._saving = threading.Lock()

    @property
    def number(self) -> int:
        return self.record.number

    def log_file(self, action: Action) -> Path:
        path = self.directory / "logs" / f"{action.stage}.{action.name}.log"
        path.parent.mkdir(exist_ok=True)
        return path

    def approval_file(self, action: Action) -> Path:
        return self.directory / "approvals" / f"{action.stage}.{action.name}.json"

    def set_stage(self, stage: str, status: str) -> None:
        with self._saved():
            self._stage(stage).status = status

    def set_action(self, action: Action, status: str, summary: str = "") -> ActionRecord:
        with self._saved():
            record = next(record for record in self._stage(action.stage).actions if record.name == action.name)
            record.status, record.summary = status, summary
            if status == IN_PROGRESS:
                record.started, record.log = time.time(), str(self.log_file(action))
            else:
                record.ended = time.time()
        return record

    def end(self, status: str, reason: str = "") -> None:
        with self._saved():
            self.record.status, self.record.reason, self.record.ended, self.record.scratch = status, reason, time.time(), ""

    @contextmanager
    def _saved(self) -> Iterator[None]:
        with self._saving:
            yield
            write_json(self.directory / "execution.json", asdict(self.record))

    def _stage(self, name: str) -> StageRecord:
        return next(stage for stage in self.record.stages if stage.name == name)


@contextmanager
def begin(home: Path, pipeline: Pipeline, revision: Revision, *, trigger: str, emulator: int, scratch: Path) -> Iterator[Execution]:
    """Make the next execution below *home*, the pipeline's directory; it counts as running for as long as the context lasts."""
    with locked(home / "numbers.lock"):
        number = 1 + max((int(path.name.partition("-")[0]) for path in home.glob("[0-9]*-*")), default=0)
        identity = f"{number:04d}-{revision.commit[:8]}"
        directory = home / identity
        directory.mkdir()
        running = (directory / "running.lock").open("a")
        try_lock(running)
    record = Record(
        number=number,
        id=identity,
        pipeline=pipeline.name,
        trigger=trigger,
        commit=revision.commit,
        branch=revision.branch,
        message=revision.message,
        definition=pipeline.digest,
        emulator=emulator,
        started=time.time(),
        scratch=str(scratch),
        stages=[StageRecord(stage.name, actions=[ActionRecord(action.name) for action in stage.actions]) for stage in pipeline.stages],
    )
    with running:
        write_json(directory / "execution.json", asdict(record))
        yield Execution(directory, record)


def is_running(directory: Path) -> bool:
    """True while the process that runs the execution lives."""
    return is_locked(directory / "running.lock")


def is_alive(home: Path, number: int) -> bool:
    return any(is_running(directory) for directory in home.glob(f"{number:04d}-*"))


def records(home: Path) -> list[Record]:
    """Every execution of a pipeline, oldest first; one whose process died says so."""
    listed = [_read(file) for file in home.glob("[0-9]*-*/execution.json")]
    return sorted(listed, key=lambda record: record.number)


def bury(home: Path, record: Record) -> None:
    """Record for good that the execution's process died."""
    record.scratch = ""
    write_json(home / record.id / "execution.json", asdict(record))


def _read(file: Path) -> Record:
    record = _parsed(file)
    if record.status == IN_PROGRESS and not is_running(file.parent):
        record = _parsed(file)  # It may have ended between the two looks; its process writes before it lets go.
        if record.status == IN_PROGRESS:
            record.status = INTERRUPTED
    return record


def _parsed(file: Path) -> Record:
    content = read_json(file)
    for stage in content["stages"]:
        stage["actions"] = [ActionRecord(**action) for action in stage["actions"]]
    return Record(**{**content, "stages": [StageRecord(**stage) for stage in content["stages"]]})
