"""What nobody works on is found, sent on its road, and ends; what somebody works on is left alone (E25)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Callable

import pytest

from runtime.aws.executions import GONE
from runtime.aws.tracking import utc_now
from runtime.core.errors import AccessRefused, InvalidInput, ObjectMissing
from runtime.core.models import EXECUTION_ENDED, SWEEP_DUE, Redrive
from runtime.handlers import sweep_files as handler
from runtime.steps.fail import record_failure
from runtime.steps.sweep import MIN_AGE, REQUESTER, Sweep
from tests.support.transactions import csv, row
from tests.support.workflow import SETTINGS, TABLE, Workflow

KEY = "incoming/transactions/acme/day.csv"
WORKFLOW = "arn:aws:states:us-east-1:123456789012:stateMachine:etl-workflow-test"
LATER = MIN_AGE + timedelta(minutes=1)


class Executions:
    """Step Functions as the sweep meets it; *statuses* by ARN, those it does not know are gone."""

    class exceptions:  # noqa: N801 - boto3's
        class ExecutionDoesNotExist(Exception): ...

        class InvalidArn(Exception): ...

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.started: list[dict[str, Any]] = []

    def describe_execution(self, executionArn: str) -> dict[str, Any]:  # noqa: N803
        if executionArn not in self.statuses:
            raise self.exceptions.ExecutionDoesNotExist
        return {"status": self.statuses[executionArn]}

    def start_execution(self, stateMachineArn: str, input: str) -> dict[str, Any]:  # noqa: A002, N803
        assert stateMachineArn == WORKFLOW
        self.started.append(json.loads(input))
        return {"executionArn": f"arn:started:{len(self.started)}"}


@pytest.fixture
def states() -> Executions:
    return Executions()


def sweep(workflow: Workflow, states: Any, after: timedelta = LATER) -> Sweep:
    return Sweep(SETTINGS.source_name, workflow.stage.store, workflow.stage.tracking, states, utc_now() + after)


def run(workflow: Workflow, states: Executions, seconds: float = 60) -> dict[str, int]:
    """A sweep, and the executions that it starts."""
    before = len(states.started)
    counted = sweep(workflow, states).run(WORKFLOW, seconds, lambda: 0.0)
    for event in states.started[before:]:
        if event["detail-type"] == EXECUTION_ENDED:
            record_failure(event, "arn:settling", workflow.stage)
        else:
            workflow.run(event)
    return dict(counted)


def dies_after(step: str, workflow: Workflow, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(f"tests.support.workflow.{step}", killed)
        with pytest.raises(KeyboardInterrupt):
            workflow.run(event)


def raising(error: Exception) -> Callable[..., None]:
    def fails(*_: object, **__: object) -> None:
        raise error

    return fails


def deliver(workflow: Workflow, event: dict[str, Any]) -> None:
    """What RecordDelivery writes."""
    workflow.dynamodb.update_item(
        TableName="etl-tracking-test",
        Key={"file_id": {"S": workflow.id_of(event)}, "chunk_id": {"S": "#file"}},
        UpdateExpression="SET published_at = :now",
        ExpressionAttributeValues={":now": {"S": "now"}},
    )


def test_a_probe_that_was_lost_is_sent_on_and_counts_in_no_metric(workflow: Workflow, states: Executions) -> None:  # D4
    workflow.upload("incoming/_validation/run/probe.csv", b"id\n1\n")
    assert sum(run(workflow, states).values()) == 0
    assert len(states.started) == 1


def test_a_file_whose_event_was_lost_is_processed(workflow: Workflow, states: Executions) -> None:  # E25
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    assert run(workflow, states) == {"lost": 1}
    item = workflow.item(event)
    assert (item["file_status"], item["rows_accepted"], item["requester"]) == ("SUCCEEDED", 20, REQUESTER)


def test_every_version_of_a_key_is_a_file_that_can_be_lost(workflow: Workflow, states: Executions) -> None:  # E21
    events = [workflow.upload(KEY, csv(row(number) for number in range(count))) for count in (3, 5)]
    assert run(workflow, states) == {"lost": 2}
    assert sorted(workflow.item(event)["rows_accepted"] for event in events) == [3, 5]


def test_what_came_just_now_and_what_is_no_file_is_left_alone(workflow: Workflow, states: Executions) -> None:
    workflow.upload(KEY, csv([row(1)]))
    assert list(sweep(workflow, states, timedelta(minutes=1)).findings()) == []
    workflow.s3.delete_object(Bucket=SETTINGS.data_bucket, Key="incoming/nothing.csv")
    workflow.upload("incoming/transactions/", b"")
    assert [finding.about for finding in sweep(workflow, states).findings()] == [KEY]


def test_a_file_under_a_folders_name_whose_event_was_lost_is_found_and_rejected(workflow: Workflow, states: Executions) -> None:  # E22
    event = workflow.upload("incoming/transactions/", csv([row(1)]))
    assert run(workflow, states) == {"lost": 1}
    assert (workflow.item(event)["file_status"], workflow.item(event)["error_type"]) == ("REJECTED", "InvalidKey")


def test_a_file_that_is_on_record_is_not_lost_wherever_its_bytes_are(
    workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = workflow.upload(KEY, csv([row(1)]))
    dies_after("validate_file", workflow, event, monkeypatch)
    states.statuses[workflow.item(event)["execution"]] = "RUNNING"
    assert run(workflow, states) == {}


@pytest.mark.parametrize("step", ["validate_file", "plan_chunks", "process", "finalize_file"])
@pytest.mark.parametrize(("status", "error"), [("ABORTED", "ExecutionAborted"), (GONE, "ExecutionGone")])
def test_a_file_whose_execution_is_over_is_brought_to_failed(
    workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch, step: str, status: str, error: str
) -> None:  # E25
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    dies_after(step, workflow, event, monkeypatch)
    if status != GONE:
        states.statuses[workflow.item(event)["execution"]] = status
    assert run(workflow, states) == {"abandoned": 1}
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"], item["location"]["key"].split("/")[0]) == ("FAILED", error, "failed")


def test_a_committed_file_goes_forward(workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch) -> None:  # E22
    event = workflow.upload(KEY, csv([row(1)]))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.finalize.roll_forward", killed)
        with pytest.raises(KeyboardInterrupt):
            workflow.run(event)
    assert workflow.item(event)["file_status"] == "COMMITTED"
    assert run(workflow, states) == {"abandoned": 1}
    assert workflow.item(event)["file_status"] == "SUCCEEDED"


@pytest.mark.parametrize(("body", "status"), [(csv([row(1)]), "SUCCEEDED"), (b"", "REJECTED")])
def test_an_end_that_nobody_was_told_is_told(workflow: Workflow, states: Executions, body: bytes, status: str) -> None:  # E17
    event = workflow.upload(KEY, body)
    workflow.run(event)
    (finding,) = sweep(workflow, states).findings()
    told = record_failure(finding.event, "arn:settling", workflow.stage)
    assert (finding.kind, told["outcome"]["status"], told["outcome"]["publish"]) == ("untold", status, True)
    deliver(workflow, event)
    assert list(sweep(workflow, states).findings()) == []


def notes(workflow: Workflow) -> list[str]:
    return [note["chunk_id"] for note in workflow.stage.tracking.owed()]


@pytest.mark.parametrize("days", [0, 3, 400])
def test_the_outcome_of_a_file_that_is_taken_up_again_long_after_it_came_is_told(
    workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:  # E17 E25
    clock = utc_now()
    monkeypatch.setattr(workflow.stage.tracking, "_now", lambda: clock)
    event = workflow.upload(KEY, csv([row(1)]))
    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.finalize._reconcile", raising(InvalidInput("broken")))
        workflow.run(event)
    deliver(workflow, event)
    sweep(workflow, states).run(WORKFLOW, 60, lambda: 0.0)
    assert (states.started, notes(workflow)) == ([], []), "it was told of its first attempt"
    clock += timedelta(days=days)
    workflow.run(Redrive(workflow.id_of(event), 1, "somebody", from_start=False).to_event())
    assert (workflow.item(event)["file_status"], workflow.item(event).get("published_at")) == ("SUCCEEDED", None)
    clock += timedelta(days=days)
    (finding,) = sweep(workflow, states, timedelta(days=2 * days) + LATER).findings()
    assert (finding.kind, finding.about) == ("untold", workflow.id_of(event))
    assert record_failure(finding.event, "arn:settling", workflow.stage)["outcome"]["publish"]


def test_a_note_stays_until_all_is_told_and_no_longer(workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch) -> None:
    told, untold, again = (workflow.upload(f"incoming/transactions/acme/{name}.csv", b"") for name in ("told", "untold", "again"))
    for event in (told, untold, again):
        workflow.run(event)
    assert sorted(notes(workflow)) == sorted(map(workflow.id_of, (told, untold, again)))
    deliver(workflow, told)
    look = sweep(workflow, states)
    assert len(list(look.findings())) == 2
    assert len(notes(workflow)) == 3, "who only looks takes none away"
    (note,) = [note for note in workflow.stage.tracking.owed() if note["chunk_id"] == workflow.id_of(again)]
    dies_after("validate_file", workflow, Redrive(workflow.id_of(again), 1, "somebody", from_start=True).to_event(), monkeypatch)
    run(workflow, states)
    assert sorted(notes(workflow)) == sorted(map(workflow.id_of, (untold, again)))
    workflow.stage.tracking.settle(note)
    assert workflow.id_of(again) in notes(workflow), "it has ended once more since"


def test_of_a_file_that_is_not_there_no_note_stays(workflow: Workflow, states: Executions) -> None:
    event = workflow.upload(KEY, b"")
    workflow.run(event)
    workflow.dynamodb.delete_item(TableName=TABLE, Key={"file_id": {"S": workflow.id_of(event)}, "chunk_id": {"S": "#file"}})
    assert sweep(workflow, states).run(WORKFLOW, 60, lambda: 0.0) == {}
    assert notes(workflow) == []


def test_a_move_that_is_refused_for_more_than_a_day_is_left_to_people(
    workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = workflow.upload(KEY, b"")
    monkeypatch.setattr(workflow.stage.store, "move", raising(AccessRefused("S3 CopyObject", "a policy")))
    workflow.run(event)
    deliver(workflow, event)
    assert [finding.kind for finding in sweep(workflow, states, timedelta(hours=23)).findings()] == ["unmoved"]
    sweep(workflow, states, timedelta(hours=25)).run(WORKFLOW, 60, lambda: 0.0)
    assert (states.started, notes(workflow)) == ([], [])


@pytest.mark.parametrize(("body", "status", "place"), [(csv([row(1)]), "SUCCEEDED", "processed"), (b"", "REJECTED", "failed")])
def test_an_original_whose_move_was_refused_is_moved_once_it_may_be(
    workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch, body: bytes, status: str, place: str
) -> None:  # E22 E24
    def refused(*_: object) -> None:
        raise AccessRefused("S3 CopyObject", "a policy of the deployment before")

    event = workflow.upload(KEY, body)
    with monkeypatch.context() as broken:
        broken.setattr(workflow.stage.store, "move", refused)
        workflow.run(event)
        deliver(workflow, event)
        before = workflow.item(event)
        assert run(workflow, states) == {}, "E9: it is no lost work"
        assert len(states.started) == 1
        assert workflow.item(event) == before, "what is refused again changes nothing"
    assert run(workflow, states) == {}
    item = workflow.item(event)
    assert (item["file_status"], item["location"]["key"].split("/")[0], item["not_moved"]) == (status, place, None)
    assert workflow.read(item["location"]["key"]) == body
    assert workflow.keys("incoming/") == []
    last = max(workflow.stage.tracking.events(item["file_id"]), key=lambda found: found["chunk_id"])
    assert (last["from_status"], last["to_status"], last["detail"]["moved"]["location"]) == (status, status, item["location"])
    assert list(sweep(workflow, states).findings()) == []


def test_the_function_counts_what_it_found_and_removed(workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow.run(event := workflow.upload("incoming/transactions/acme/done.csv", b""))
    deliver(workflow, event)
    left = f"curated/transactions/{workflow.id_of(event)}/00000-{'e' * 16}.parquet"
    workflow.s3.put_object(Bucket=SETTINGS.data_bucket, Key=left, Body=b"half")
    workflow.upload(KEY, csv([row(1)]))
    monkeypatch.setattr(handler, "current_stage", lambda: workflow.stage)
    monkeypatch.setattr(handler, "utc_now", lambda: utc_now() + timedelta(hours=49))
    monkeypatch.setattr(handler.executions, "make_client", lambda: states)
    answer = handler.handler({"workflow": WORKFLOW}, None)
    assert answer == {"found": {"lost": 1}, "removed": {"versions": 1, "bytes": 4}}
    assert workflow.keys("curated/") == []


def test_an_original_that_somebody_deleted_is_not_looked_for_again(
    workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> None:
        raise ObjectMissing(KEY, "v")

    event = workflow.upload(KEY, csv([row(1)]))
    with monkeypatch.context() as broken:
        broken.setattr(workflow.stage.store, "move", gone)
        workflow.run(event)
    deliver(workflow, event)
    assert list(sweep(workflow, states).findings()) == []


def test_the_report_of_a_sweeps_own_bad_end_is_nothing(workflow: Workflow) -> None:
    report = {"executionArn": "arn:sweep", "status": "FAILED", "input": json.dumps({"detail-type": SWEEP_DUE, "detail": {}})}
    assert record_failure({"detail-type": EXECUTION_ENDED, "detail": report}, "arn:settling", workflow.stage) == {"decision": "NOTHING"}


def test_probes_are_told_to_nobody(workflow: Workflow, states: Executions) -> None:  # D4
    workflow.run(workflow.upload("incoming/_validation/run-1/probe.csv", b"nothing\n"))
    assert list(sweep(workflow, states).findings()) == []


def test_what_ended_while_the_sweep_looked_is_no_finding(
    workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:  # E21
    event = workflow.upload(KEY, csv([row(1)]))
    dies_after("plan_chunks", workflow, event, monkeypatch)
    describe = states.describe_execution

    def ends_meanwhile(executionArn: str) -> dict[str, Any]:  # noqa: N803
        deliver(workflow, event)
        workflow.dynamodb.update_item(
            TableName="etl-tracking-test",
            Key={"file_id": {"S": workflow.id_of(event)}, "chunk_id": {"S": "#file"}},
            UpdateExpression="ADD revision :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        return describe(executionArn)

    monkeypatch.setattr(states, "describe_execution", ends_meanwhile)
    assert run(workflow, states) == {}


def test_a_run_that_is_out_of_time_is_continued_by_the_next(
    workflow: Workflow, states: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:  # E8
    for number in range(7):
        workflow.upload(f"incoming/transactions/acme/{number}.csv", csv([row(number)]))
    listed = workflow.s3.list_object_versions
    monkeypatch.setattr(workflow.s3, "list_object_versions", lambda **asked: listed(**asked, MaxKeys=2))
    monkeypatch.setattr("runtime.steps.sweep._BATCH", 1)
    found = []
    for _ in range(4):
        before = len(states.started)
        sweep(workflow, states).run(WORKFLOW, 0, lambda: 0.0)
        found.append([event["detail"]["object"]["key"][-5] for event in states.started[before:]])
    assert found == [["0", "1"], ["2", "3"], ["4", "5"], ["6"]]
    assert sweep(workflow, states).run(WORKFLOW, 60, lambda: 0.0) == {"lost": 7}
