"""E7 E20 E21 E22 E25: exactly once, whatever the schedule.

Hypothesis makes schedules of events that come twice, late and out of order, workers that die in the middle of a call
or that nobody waits for any more, calls that fail, are throttled or lose their answer, executions that are
stopped, files sent again and originals deleted. Then everything is driven to rest, and every promise is checked.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from typing import Any, Dict, Iterator, List, NamedTuple, Set, Tuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from moto import mock_aws

from runtime.models import ChunkStatus
from tests.faults.budget import long, short
from tests.faults.executions import Execution, Invocation, WiredWorkflow, one_call_at_a_time
from tests.faults.files import CHUNK_BYTES, KEYS, KINDS, Sent
from tests.faults.network import FAULTS, served
from tests.faults.promises import check_file, check_outputs, nothing_unfinished_is_visible
from tests.support.workflow import BUCKET, make_store

#: A schedule takes one to two seconds of a processor; `make test` has fifteen minutes for everything.
SCHEDULES = 40
LONG_SCHEDULES = 1000
STEPS = 30
FILES = 3
RUNNING = 4
#: More would leave no file to succeed.
WORKERS_LEFT = 3

done: Counter[str] = Counter()
which = st.integers(0, 3)


class Upload(NamedTuple):
    event: Dict[str, Any]
    sent: Sent
    error: str


class Schedules(RuleBasedStateMachine):
    """Lists only grow, so *which* stays meaningful while Hypothesis shrinks: it counts from the newest."""

    def __init__(self) -> None:
        super().__init__()
        self._mock = mock_aws()
        self._mock.start()
        self.workflow = WiredWorkflow(*make_store(), chunk_bytes=CHUNK_BYTES)
        self.uploads: List[Upload] = []
        self.delivered: Set[int] = set()
        self.executions: List[Execution] = []
        self.left: List[Invocation] = []
        self.reported: Set[str] = set()
        self.tampered: Set[str] = set()
        self.finished: Dict[Tuple[str, int, str], int] = {}

    def running(self) -> List[Execution]:
        return [execution for execution in self.executions if execution.status == "RUNNING"]

    def ended_badly(self) -> List[Execution]:
        return [execution for execution in self.executions if execution.status not in ("RUNNING", "SUCCEEDED")]

    def start(self, event: Dict[str, Any]) -> None:
        self.executions.append(Execution(self.workflow, event))

    @initialize(kind=st.sampled_from(sorted(KINDS)), key=st.sampled_from([0, 0, 0, 1, 2]))
    def begin(self, kind: str, key: int) -> None:
        self.upload(kind, key)
        self.deliver(0)

    @precondition(lambda self: len(self.uploads) < FILES)
    @rule(kind=st.sampled_from(sorted(KINDS)), key=st.sampled_from([0, 0, 0, 1, 2]))
    def upload(self, kind: str, key: int) -> None:
        """A partner sends a file, or the same one again under the same key."""
        sent, (name, error) = KINDS[kind], KEYS[key]
        self.uploads.append(Upload(self.workflow.upload(name, sent.body), sent, error or sent.error))

    @precondition(lambda self: self.uploads and len(self.running()) < RUNNING)
    @rule(which=which)
    def deliver(self, which: int) -> None:
        """EventBridge delivers an event: the first time, again, early or late."""
        index = -1 - which % len(self.uploads)
        self.delivered.add(len(self.uploads) + index)
        self.start(self.uploads[index].event)

    @precondition(lambda self: self.running())
    @rule(which=which, calls=st.sampled_from([1, 2, 3, 5, 8, 13, 21, 34, 55]))
    def go_on(self, which: int, calls: int) -> None:
        execution = self.running()[-1 - which % len(self.running())]
        for _ in range(calls):
            if execution.status == "RUNNING":
                execution.go_on(served)

    @precondition(lambda self: self.running())
    @rule(which=which, fault=st.sampled_from(sorted(FAULTS)), calls=st.sampled_from([1, 1, 1, 2, 4, 7, 30]))
    def disturb(self, which: int, fault: str, calls: int) -> None:
        execution = self.running()[-1 - which % len(self.running())]
        done[fault] += 1
        for _ in range(calls):
            if execution.status == "RUNNING":
                execution.go_on(FAULTS[fault])

    @precondition(lambda self: self.running() and len(self.left) < WORKERS_LEFT)
    @rule(which=which)
    def lose_touch(self, which: int) -> None:
        done["lost touch"] += 1
        self.left.append(self.running()[-1 - which % len(self.running())].lose_touch())

    @precondition(lambda self: self.running() and len(self.left) < WORKERS_LEFT)
    @rule(which=which, status=st.sampled_from(["ABORTED", "TIMED_OUT"]))
    def stop(self, which: int, status: str) -> None:
        done[status.lower()] += 1
        self.left.append(self.running()[-1 - which % len(self.running())].stop(status))

    @precondition(lambda self: self.left)
    @rule(which=which, calls=st.sampled_from([1, 2, 3, 5, 8, 13, 21]))
    def leave_alone(self, which: int, calls: int) -> None:
        """A worker that nobody waits for goes on writing."""
        worker = self.left[-1 - which % len(self.left)]
        for _ in range(calls):
            if not worker.done:
                worker.go_on(served)

    @precondition(lambda self: self.ended_badly() and len(self.running()) < RUNNING)
    @rule(which=which)
    def report(self, which: int) -> None:
        """EventBridge says that an execution ended badly: for the first time, or again."""
        ended = self.ended_badly()
        execution = ended[-1 - which % len(ended)]
        self.reported.add(execution.arn)
        self.start(execution.report())

    @precondition(lambda self: len(self.uploads) == FILES and not self.tampered)
    @rule(which=which)
    def delete_original(self, which: int) -> None:
        """Somebody deletes what is not theirs."""
        event = self.uploads[-1 - which % len(self.uploads)].event
        stored = event["detail"]["object"]
        done["original deleted"] += 1
        self.tampered.add(stored["version-id"])
        self.workflow.s3.delete_object(Bucket=BUCKET, Key=stored["key"], VersionId=stored["version-id"])

    @invariant()
    def nothing_unfinished_is_visible(self) -> None:
        done["steps"] += 1
        nothing_unfinished_is_visible(self.workflow)

    @invariant()
    def finished_chunks_are_left_alone(self) -> None:
        """E21: one that is finished is not processed again, so its attempts count no more. A later plan has chunks of its own."""
        for upload in self.uploads:
            for chunk in self.workflow.stage.tracking.chunks(self.workflow.id_of(upload.event)):
                if chunk["status"] == ChunkStatus.DONE:
                    name = (chunk["file_id"], chunk["plan"], chunk["chunk_id"])
                    assert self.finished.setdefault(name, chunk["attempts"]) == chunk["attempts"], "a finished chunk was processed again"

    def teardown(self) -> None:
        try:
            self._come_to_rest()
            items = [self.workflow.item(upload.event) for upload in self.uploads]
            for event, sent, error in self.uploads:
                check_file(self.workflow, event, sent, error, tampered=event["detail"]["object"]["version-id"] in self.tampered)
            check_outputs(self.workflow, items)
            self.finished_chunks_are_left_alone()
            done["schedules"] += 1
            done.update(f"files {item['file_status']}" for item in items)
            done["executions"] += len(self.executions)
        finally:
            self._mock.stop()

    def _come_to_rest(self) -> None:
        """All go on by turns; what was not delivered or reported is; what is left over then is the sweep's."""
        for sweeps in itertools.count():
            while self._go_on_by_turns() or self._deliver_what_waits():
                nothing_unfinished_is_visible(self.workflow)
            stuck = [event for upload in self.uploads for event in self._unsettled(upload)]
            if not stuck:
                return
            assert sweeps < FILES, "the sweep does not bring it to an end"
            for event in stuck:
                done["swept"] += 1
                self.start(event)

    def _go_on_by_turns(self) -> bool:
        going = [*self.running(), *(worker for worker in self.left if not worker.done)]
        for each in going:
            each.go_on(served)
        return bool(going)

    def _deliver_what_waits(self) -> bool:
        waiting = [upload.event for index, upload in enumerate(self.uploads) if index not in self.delivered]
        self.delivered.update(range(len(self.uploads)))
        unreported = [execution for execution in self.ended_badly() if execution.arn not in self.reported]
        self.reported.update(execution.arn for execution in unreported)
        for event in [*waiting, *(execution.report() for execution in unreported)]:
            self.start(event)
        return bool(waiting or unreported)

    def _unsettled(self, upload: Upload) -> Iterator[dict[str, Any]]:
        """E25: what the sweep would start for this file: its arrival, if nobody recorded it, or the report of its execution's end."""
        item = self.workflow.stage.tracking.file(self.workflow.id_of(upload.event))
        if item is None:
            yield upload.event
        elif item["file_status"] not in ("SUCCEEDED", "REJECTED", "FAILED") or not item.get("published_at"):
            yield next(execution for execution in self.executions if execution.arn == item["execution"]).report()


@pytest.mark.parametrize("schedules", [pytest.param(SCHEDULES, marks=short), pytest.param(LONG_SCHEDULES, marks=long)])
def test_every_schedule_ends_with_one_outcome_and_every_row(schedules: int, environment: None, capsys: pytest.CaptureFixture[str]) -> None:
    done.clear()
    configured = settings(
        max_examples=int(os.environ.get("LEDGERLINE_SCHEDULES", schedules)),
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    with one_call_at_a_time():
        run_state_machine_as_test(Schedules, settings=configured)
    with capsys.disabled():
        print("\n" + ", ".join(f"{count:,} {what}" for what, count in sorted(done.items())))
    assert done["schedules"] >= schedules or "LEDGERLINE_SCHEDULES" in os.environ
