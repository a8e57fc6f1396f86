"""E7 E20 E21 E22 E25: exactly once, whatever the schedule.

Hypothesis makes schedules of events that come twice, late and out of order, workers that die in the middle of a call
or that nobody waits for any more, calls that fail, are throttled or lose their answer, executions that are
stopped, events that are lost, files sent again, taken up again and swept, and originals deleted. Then everything
is driven to rest by the sweep, and every promise is checked; and files that failed are taken up again until they end as they deserve.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Callable, Dict, List, NamedTuple, Set, Tuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from runtime.aws.tracking import utc_now
from runtime.core.models import ChunkStatus, FileStatus, Redrive
from runtime.steps.redrive import obstacle
from runtime.steps.sweep import MIN_AGE as SWEPT_AGE
from runtime.steps.sweep import Sweep
from tests.faults.budget import long
from tests.faults.executions import Execution, Invocation, WiredWorkflow, one_call_at_a_time
from tests.faults.files import CHUNK_BYTES, KEYS, KINDS, Sent
from tests.faults.network import FAULTS, served, store
from tests.faults.promises import check_file, check_outputs, nothing_unfinished_is_visible
from tests.support.workflow import BUCKET, SETTINGS

#: By the store. A schedule takes about half a second of a processor in memory and two on moto, which tells more of AWS.
SCHEDULES = {"memory": 45, "moto": 2}
LONG_SCHEDULES = {"memory": 800, "moto": 200}
STEPS = 30
FILES = 3
RUNNING = 4
#: More would leave no file to succeed.
WORKERS_LEFT = 3
#: Longer than anything but a redrive comes after a file.
DAYS = 3

done: Counter[str] = Counter()
which = st.integers(0, 3)


class Upload(NamedTuple):
    event: Dict[str, Any]
    sent: Sent
    error: str


class Schedules(RuleBasedStateMachine):
    """Lists only grow, so *which* stays meaningful while Hypothesis shrinks: it counts from the newest."""

    def __init__(self, emptied: Callable[[], Tuple[Any, Any]]) -> None:
        super().__init__()
        self.days = 0
        self.workflow = WiredWorkflow(*emptied(), chunk_bytes=CHUNK_BYTES, now=self.now)
        self.machine = Machine(self)
        self.checked = 0
        self.uploads: List[Upload] = []
        self.delivered: Set[int] = set()
        self.executions: List[Execution] = []
        self.left: List[Invocation] = []
        self.reported: Set[str] = set()
        self.tampered: Set[str] = set()
        self.finished: Dict[Tuple[str, int, str], int] = {}

    def now(self) -> datetime:
        return utc_now() + timedelta(days=self.days)

    def items(self) -> List[Dict[str, Any]]:
        return [self.workflow.item(upload.event) for upload in self.uploads]

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
    @rule(which=which, fault=st.sampled_from(sorted(FAULTS)), after=st.integers(0, 55), calls=st.sampled_from([1, 1, 1, 2, 4, 7, 30]))
    def disturb(self, which: int, fault: str, after: int, calls: int) -> None:
        execution = self.running()[-1 - which % len(self.running())]
        done[fault] += 1
        for send in [served] * after + [FAULTS[fault]] * calls:
            if execution.status == "RUNNING":
                execution.go_on(send)

    @precondition(lambda self: self.running() and len(self.left) < WORKERS_LEFT)
    @rule(which=which, after=st.integers(0, 55))
    def lose_touch(self, which: int, after: int) -> None:
        execution = self.running()[-1 - which % len(self.running())]
        for _ in range(after):
            if execution.status == "RUNNING":
                execution.go_on(served)
        if execution.status == "RUNNING":
            done["lost touch"] += 1
            self.left.append(execution.lose_touch())

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

    @precondition(lambda self: self.ended_badly() and len(self.running()) < RUNNING)
    @rule(which=which, from_start=st.booleans())
    def redrive(self, which: int, from_start: bool) -> None:
        """Somebody takes a file up again, perhaps twice at once."""
        item = self.workflow.stage.tracking.file(self.workflow.id_of(self.uploads[-1 - which % len(self.uploads)].event))
        if item and not obstacle(item, from_start=from_start):
            done["redriven"] += 1
            self.start(Redrive(item["file_id"], item["attempt"], "somebody", from_start).to_event())

    @precondition(lambda self: len(self.running()) < RUNNING)
    @rule()
    def sweep(self) -> None:
        """E25: an hour after the last step, what nobody works on is found."""
        before = len(self.executions)
        tracking, later = self.workflow.stage.tracking, self.now() + 2 * SWEPT_AGE
        Sweep(SETTINGS.source_name, self.workflow.stage.store, tracking, self.machine, later).run("arn:machine", 60, lambda: 0.0)
        done["swept"] += len(self.executions) - before

    @precondition(lambda self: self.ended_badly() and self.days < DAYS)
    @rule()
    def wait_for_days(self) -> None:
        """Everything comes to rest; what happens next happens days after these files came."""
        self._come_to_rest()
        done["waits for days"] += 1
        self.days += DAYS

    @precondition(lambda self: len(self.uploads) > len(self.delivered))
    @rule()
    def lose_arrivals(self) -> None:
        """EventBridge loses every event that it has not delivered yet; the objects are there."""
        done["lost arrivals"] += len(self.uploads) - len(self.delivered)
        self.delivered.update(range(len(self.uploads)))

    @precondition(lambda self: any(execution.arn not in self.reported for execution in self.ended_badly()))
    @rule()
    def lose_reports(self) -> None:
        lost = {execution.arn for execution in self.ended_badly()} - self.reported
        done["lost reports"] += len(lost)
        self.reported |= lost

    @precondition(lambda self: len(self.uploads) == FILES and not self.tampered)
    @rule(which=which)
    def delete_original(self, which: int) -> None:
        """Somebody deletes what is not theirs."""
        event = self.uploads[-1 - which % len(self.uploads)].event
        stored = event["detail"]["object"]
        if self.workflow.stage.tracking.file(self.workflow.id_of(event)) is None:
            return  # of a file that nobody has heard of, nothing would be left to hear of
        done["original deleted"] += 1
        self.tampered.add(stored["version-id"])
        self.workflow.s3.delete_object(Bucket=BUCKET, Key=stored["key"], VersionId=stored["version-id"])

    @invariant()
    def holds_at_every_moment(self) -> None:
        done["steps"] += 1
        self.check_what_was_written()

    def check_what_was_written(self) -> None:
        if self.workflow.wire.writes > self.checked:
            nothing_unfinished_is_visible(self.workflow)
            self.finished_chunks_are_left_alone()
            self.checked = self.workflow.wire.writes

    def finished_chunks_are_left_alone(self) -> None:
        """E21: one that is finished is not processed again, so its attempts count no more. A later plan has chunks of its own."""
        for upload in self.uploads:
            for chunk in self.workflow.stage.tracking.chunks(self.workflow.id_of(upload.event)):
                if chunk["status"] == ChunkStatus.DONE:
                    name = (chunk["file_id"], chunk["plan"], chunk["chunk_id"])
                    assert self.finished.setdefault(name, chunk["attempts"]) == chunk["attempts"], "a finished chunk was processed again"

    def teardown(self) -> None:
        self._come_to_rest()
        self._check()
        done.update(f"files {item['file_status']}" for item in self.items())
        if self._take_up_what_failed():
            self._check()
        done["schedules"] += 1
        done["executions"] += len(self.executions)

    def _check(self) -> None:
        for event, sent, error in self.uploads:
            check_file(self.workflow, event, sent, error, tampered=self._is_tampered(event))
        check_outputs(self.workflow, self.items())
        self.finished_chunks_are_left_alone()

    def _is_tampered(self, event: Dict[str, Any]) -> bool:
        return event["detail"]["object"]["version-id"] in self.tampered

    def _take_up_what_failed(self) -> bool:
        """E25: days later, a redrive brings a file to the end that it deserves; a second one, where the first missed a move.

        Of an end that its own execution tells nobody, everybody is told all the same.
        """
        self.days += DAYS
        failed = [upload for upload in self.uploads if not self._is_tampered(upload.event)]
        failed = [upload for upload in failed if self.workflow.item(upload.event)["file_status"] == FileStatus.FAILED]
        for event, _, error in failed:
            for from_start in (False, True):
                item = self.workflow.item(event)
                if item["file_status"] == FileStatus.FAILED:
                    done["redriven at last"] += 1
                    self.start(Redrive(item["file_id"], item["attempt"], "somebody", from_start).to_event())
                    self._stop_before_it_tells(self.executions[-1], event)
                    self._come_to_rest()
            ended = self.workflow.item(event)
            assert (ended["file_status"], ended.get("error_type", "")) == ("REJECTED" if error else "SUCCEEDED", error)
        return bool(failed)

    def _stop_before_it_tells(self, execution: Execution, event: Dict[str, Any]) -> None:
        while execution.status == "RUNNING" and not self._has_ended_in(execution, event):
            execution.go_on(served)
        if execution.status == "RUNNING":
            execution.stop("ABORTED").go_on(FAULTS["killed_before"])
            self.reported.add(execution.arn)

    def _has_ended_in(self, execution: Execution, event: Dict[str, Any]) -> bool:
        item = self.workflow.item(event)
        return item["execution"] == execution.arn and item["file_status"] in FileStatus.ENDED

    def _come_to_rest(self) -> None:
        """All go on by turns; what was not delivered or reported is, unless it is lost; what is left over then is the sweep's."""
        for sweeps in itertools.count():
            while self._go_on_by_turns() or self._deliver_what_waits():
                self.check_what_was_written()
            begun = len(self.executions)
            self.sweep()
            if len(self.executions) == begun:
                return
            assert sweeps < FILES, "the sweep does not bring it to an end"

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


class Machine:
    """Step Functions as the sweep asks it."""

    class exceptions:  # noqa: N801 - boto3's
        class ExecutionDoesNotExist(Exception): ...

        class InvalidArn(Exception): ...

    def __init__(self, schedule: Schedules) -> None:
        self._schedule = schedule

    def describe_execution(self, executionArn: str) -> Dict[str, Any]:  # noqa: N803
        status = next((execution.status for execution in self._schedule.executions if execution.arn == executionArn), None)
        if status is None:
            raise self.exceptions.ExecutionDoesNotExist
        return {"status": status}

    def start_execution(self, stateMachineArn: str, input: str) -> Dict[str, Any]:  # noqa: A002, N803
        self._schedule.start(json.loads(input))
        return {"executionArn": self._schedule.executions[-1].arn}


@pytest.mark.parametrize(
    ("kept_in", "schedules"), [*SCHEDULES.items(), *(pytest.param(*most, marks=long) for most in LONG_SCHEDULES.items())]
)
def test_every_schedule_ends_with_one_outcome_and_every_row(
    kept_in: str, schedules: int, environment: None, capsys: pytest.CaptureFixture[str]
) -> None:
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
    with one_call_at_a_time(), store(kept_in) as emptied:
        run_state_machine_as_test(functools.partial(Schedules, emptied), settings=configured)
    with capsys.disabled():
        print("\n" + ", ".join(f"{count:,} {what}" for what, count in sorted(done.items())))
    assert done["schedules"] >= schedules or "LEDGERLINE_SCHEDULES" in os.environ
