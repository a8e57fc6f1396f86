"""SweepFiles: files that no execution works on are started again in the workflow (docs/adr/0002).

Each finding contains an event, with which an execution is started: the lost arrival, or the report of an execution's end,
which was lost or had no effect. The workflow ignores events for files that need no work after all.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, NamedTuple

from runtime.aws import executions
from runtime.aws.item_table import Item
from runtime.aws.object_store import Arrived, ObjectStore, VersionPage
from runtime.aws.tracking import Tracking, iso
from runtime.core import keys
from runtime.core.errors import AccessRefused
from runtime.core.models import EXECUTION_ENDED, FileStatus, file_id
from runtime.steps.outcome import is_reserved
from runtime.steps.register import named_by

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

#: Minimum time since a file's last change before the sweep looks for its execution.
MIN_AGE = timedelta(minutes=30)
#: Time after a file's end in which a refused move of its original is retried: a deployment may have refused it.
RECENT = timedelta(days=1)
#: The requester of an arrival whose S3 event is lost.
REQUESTER = "unknown (found by the sweep)"

#: Kinds of findings.
LOST, ABANDONED, UNTOLD, UNMOVED = "lost", "abandoned", "untold", "unmoved"

_BOOKMARK = "sweep"
#: Maximum keys of one BatchGetItem.
_BATCH = 100


class Finding(NamedTuple):
    """``kind`` of problem, the key or file that it is ``about``, and the input ``event`` of the execution to start.

    ``counted`` is true for lost work: false for the system's own probes and for originals that only remain to be moved.
    """

    kind: str
    about: str
    event: dict[str, Any]
    counted: bool


@dataclass(frozen=True)
class Sweep:
    """One sweep of a stage; *now* is the time from which ages are counted."""

    source_name: str
    store: ObjectStore
    tracking: Tracking
    states: SFNClient
    now: datetime
    min_age: timedelta = MIN_AGE

    def run(self, workflow: str, seconds: float, clock: Callable[[], float]) -> Counter[str]:
        """Start an execution of *workflow* (ARN) for each finding; return the number of counted findings by kind.

        Half of the *seconds* are for files, half for objects, plus at most a page of each. Under ``incoming/``
        the next run continues where this one stopped; files are taken oldest first.
        """
        counted: Counter[str] = Counter()

        def settle(findings: Iterator[Finding]) -> None:
            for finding in findings:
                self.start(workflow, finding)
                counted.update([finding.kind] if finding.counted else [])

        half = clock() + seconds / 2
        settle(self._files(lambda: clock() < half, self.tracking.settle))
        place = self.tracking.bookmark(_BOOKMARK)
        after, until = ((place["key"], place["version_id"]) if place else None), clock() + seconds / 2
        for page in self.store.versions(keys.INCOMING, after):
            settle(self._lost(page))
            after = page.after
            if clock() >= until:
                break
        self.tracking.set_bookmark(_BOOKMARK, {"key": after[0], "version_id": after[1]} if after else None)
        return counted

    def findings(self) -> Iterator[Finding]:
        """All findings; starts no execution."""
        yield from self._files(lambda: True, lambda _: None)
        for page in self.store.versions(keys.INCOMING):
            yield from self._lost(page)

    def start(self, workflow: str, finding: Finding) -> str:
        """Start an execution for a finding; return its ARN."""
        return executions.start(self.states, workflow, finding.event)

    def _lost(self, page: VersionPage) -> Iterator[Finding]:
        """Objects without a recorded arrival."""
        old = [one for one in page.objects if one.modified <= self.now - self.min_age and not keys.is_folder(one.ref.key, one.size)]
        for start in range(0, len(old), _BATCH):
            ids = {self._id(one): one for one in old[start : start + _BATCH]}
            known = self.tracking.known(list(ids))
            for identity, one in ids.items():
                if identity not in known:
                    yield Finding(LOST, one.ref.key, _arrival(one), not is_reserved({"dataset": named_by(one.ref.key).dataset}))

    def _id(self, one: Arrived) -> str:
        return file_id(self.source_name, one.ref.key, str(one.ref.version_id))

    def _files(self, go_on: Callable[[], bool], settled: Callable[[Item], None]) -> Iterator[Finding]:
        """Files in progress without an execution; files that ended unpublished, or whose original may be moved now.

        Calls *settled* with the notes of files that need no more work.
        """
        for status in (*FileStatus.OPEN, FileStatus.COMMITTED):
            files = takewhile(lambda _: go_on(), self.tracking.files(status))
            yield from self._unattended((ABANDONED, item) for item in files)
        yield from self._unattended(self._owed(takewhile(lambda _: go_on(), self.tracking.owed()), settled))

    def _owed(self, notes: Iterable[Item], settled: Callable[[Item], None]) -> Iterator[tuple[str, Item]]:
        for note in notes:
            item = self.tracking.file(note["chunk_id"])
            if item and item["file_status"] not in FileStatus.ENDED:
                continue  # the file was redriven; its next end writes the note again
            kind = _lacks(item, recent=note["at"] >= iso(self.now - RECENT)) if item else None
            if item and kind:
                yield kind, item
            else:
                settled(note)

    def _unattended(self, files: Iterable[tuple[str, Item]]) -> Iterator[Finding]:
        before = iso(self.now - self.min_age)
        for kind, listed in files:
            if listed["updated_at"] > before:
                continue
            ended = executions.look_up(self.states, listed["execution"])
            # The index may be behind, and an execution that has just ended may have changed the item since.
            item = self.tracking.file(listed["file_id"])
            if ended.status != "RUNNING" and item and item["revision"] == listed["revision"]:
                counted = kind != UNMOVED and not is_reserved(listed)
                yield Finding(kind, listed["file_id"], _report(listed, ended), counted)


def _lacks(item: Item, *, recent: bool) -> str | None:
    """The kind of work that a file that has ended still needs; None if it needs none."""
    if not item.get("published_at"):
        return UNTOLD
    # A policy or a deployment may have refused the move, which is temporary. A missing object or a different copy is permanent.
    return UNMOVED if recent and str(item.get("not_moved") or "").startswith(AccessRefused.__name__) else None


def _arrival(one: Arrived) -> dict[str, Any]:
    stored = {"key": one.ref.key, "size": one.size, "etag": one.etag, "version-id": one.ref.version_id}
    detail = {"bucket": {"name": one.ref.bucket}, "object": stored, "requester": REQUESTER}
    return {"detail-type": "Object Created", "source": "ledgerline.sweep", "time": iso(one.modified), "detail": detail}


def _report(item: Item, ended: executions.Execution) -> dict[str, Any]:
    """An event like EventBridge's report of an execution's end. Its input names the file instead of repeating the execution's input."""
    detail = {"executionArn": item["execution"], "status": ended.status, "input": json.dumps({"file_id": item["file_id"]})}
    why = {name: value for name, value in (("error", ended.error), ("cause", ended.cause)) if value}
    return {"detail-type": EXECUTION_ENDED, "source": "ledgerline.sweep", "detail": {**detail, **why}}
