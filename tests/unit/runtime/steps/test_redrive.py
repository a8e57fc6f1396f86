"""Files that are taken up again: what is finished stays, what is told is told of the attempt (E25)."""

from __future__ import annotations

import dataclasses
import gzip
import json
from typing import Any

import pytest

from runtime.chunk.process import process_chunk
from runtime.contracts.model import Contract
from runtime.core.errors import AccessRefused, InvalidInput, OwnershipLost
from runtime.core.models import EXECUTION_ENDED, ChunkTask, FileTask, Redrive
from runtime.formats.registry import load_contracts, parse_contract
from runtime.handlers import register_file as handler
from runtime.steps.fail import record_failure
from runtime.steps.plan import plan_chunks
from runtime.steps.process import process
from runtime.steps.redrive import obstacle, redrive_file
from tests.support.transactions import csv, row
from tests.support.workflow import Workflow

KEY = "incoming/transactions/acme/day.csv"
ROWS = 60


@pytest.fixture
def failed(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The event of a file that FAILED when its third chunk, and each one after it, could not be processed."""
    event = workflow.upload(KEY, csv(row(number) for number in range(ROWS)))
    begun = 0

    def fails(*arguments: Any, **named: Any) -> Any:
        nonlocal begun
        begun += 1
        if begun > 2:
            raise AccessRefused("S3 GetObject", "a policy")
        return process_chunk(*arguments, **named)

    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.process.process_chunk", fails)
        workflow.run(event)
    assert workflow.item(event)["file_status"] == "FAILED"
    return event


def redrive(workflow: Workflow, event: dict[str, Any], **change: Any) -> dict[str, Any]:
    wish = Redrive(workflow.id_of(event), workflow.item(event)["attempt"], "arn:aws:iam::123456789012:user/ada", from_start=False)
    return workflow.run(dataclasses.replace(wish, **change).to_event())


def chunks(workflow: Workflow, event: dict[str, Any]) -> list[dict[str, Any]]:
    return list(workflow.stage.tracking.chunks(workflow.id_of(event)))


def events(workflow: Workflow, event: dict[str, Any]) -> list[dict[str, Any]]:
    return list(workflow.stage.tracking.events(workflow.id_of(event)))


def test_finished_chunks_are_not_repeated(workflow: Workflow, failed: dict[str, Any]) -> None:  # E25
    finished = [chunk for chunk in chunks(workflow, failed) if chunk["status"] == "DONE"]
    assert len(finished) == 2
    assert redrive(workflow, failed)["outcome"]["status"] == "SUCCEEDED"
    item = workflow.item(failed)
    assert (item["file_status"], item["rows_accepted"], item["attempt"]) == ("SUCCEEDED", ROWS, 2)
    assert [chunk for chunk in chunks(workflow, failed) if chunk in finished] == finished
    assert len(workflow.read_json(item["manifest_key"])) == item["chunks"] - 2


def test_the_original_is_read_where_it_is_and_ends_under_processed(workflow: Workflow, failed: dict[str, Any]) -> None:  # E22 E25
    kept = workflow.item(failed)["location"]
    assert kept["key"].startswith("failed/")
    redrive(workflow, failed)
    item = workflow.item(failed)
    assert all(task["source"] == kept for task in workflow.read_json(item["manifest_key"]))
    assert item["location"]["key"] == f"processed/transactions/acme/{item['file_id']}-day.csv"
    assert workflow.keys("failed/") == []


def test_nothing_of_the_failure_is_left_on_the_item_and_all_of_it_on_the_trail(workflow: Workflow, failed: dict[str, Any]) -> None:  # E20
    redrive(workflow, failed)
    assert not {"error_type", "error_message"} & set(workflow.item(failed))
    story = [(event["to_status"], event["attempt"]) for event in events(workflow, failed)]
    assert story == [
        ("REGISTERED", 1), ("VALIDATED", 1), ("PROCESSING", 1), ("FAILED", 1), ("FAILED", 1),
        ("VALIDATED", 2), ("PROCESSING", 2), ("COMMITTED", 2), ("SUCCEEDED", 2),
    ]  # fmt: skip
    (taken_up,) = [event for event in events(workflow, failed) if event["from_status"] == "FAILED" and event["to_status"] == "VALIDATED"]
    assert taken_up["detail"]["redriven_by"] == "arn:aws:iam::123456789012:user/ada"


def test_of_two_redrives_at_once_one_counts(workflow: Workflow, failed: dict[str, Any]) -> None:  # E21 E25
    wish = Redrive(workflow.id_of(failed), 1, "ada", from_start=False)
    answers = [redrive_file(wish, execution, workflow.stage)["decision"] for execution in ("arn:one", "arn:other", "arn:one")]
    assert answers == ["PROCESS", "NOTHING", "PROCESS"]
    assert workflow.item(failed)["attempt"] == 2


def test_a_redrive_that_loses_while_it_looks_changes_nothing(
    workflow: Workflow, failed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:  # E21
    wish = Redrive(workflow.id_of(failed), 1, "ada", from_start=False)
    seen = workflow.item(failed)
    redrive_file(wish, "arn:first", workflow.stage)
    look = workflow.stage.tracking.file
    stale = iter([seen, seen])
    monkeypatch.setattr(workflow.stage.tracking, "file", lambda identity: next(stale, None) or look(identity))
    assert redrive_file(wish, "arn:second", workflow.stage)["decision"] == "NOTHING"
    assert workflow.item(failed)["execution"] == "arn:first"


def test_a_redrive_that_runs_twice_at_once_goes_on_in_its_execution(
    workflow: Workflow, failed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:  # E21
    wish = Redrive(workflow.id_of(failed), 1, "ada", from_start=False)
    seen = workflow.item(failed)
    redrive_file(wish, "arn:same", workflow.stage)
    look = workflow.stage.tracking.file
    stale = iter([seen])
    monkeypatch.setattr(workflow.stage.tracking, "file", lambda identity: next(stale, None) or look(identity))
    assert redrive_file(wish, "arn:same", workflow.stage)["decision"] == "PROCESS"


def test_what_did_not_add_up_is_processed_anew(workflow: Workflow, failed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:  # E20
    seen = {**workflow.item(failed), "error_type": "ReconciliationFailed"}
    look = workflow.stage.tracking.file
    stale = iter([seen])
    monkeypatch.setattr(workflow.stage.tracking, "file", lambda identity: next(stale, None) or look(identity))
    redrive_file(Redrive(workflow.id_of(failed), 1, "ada", from_start=False), "arn:new", workflow.stage)
    item = workflow.item(failed)
    assert item["file_status"] == "REGISTERED"
    assert "manifest_key" not in item


def test_the_failed_attempts_own_steps_can_do_nothing_any_more(workflow: Workflow, failed: dict[str, Any]) -> None:  # E21
    before = workflow.item(failed)
    redrive_file(Redrive(before["file_id"], 1, "ada", from_start=False), "arn:new", workflow.stage)
    with pytest.raises(OwnershipLost):
        plan_chunks(FileTask(before["file_id"], 1, before["execution"]), None, workflow.stage)
    report = {"executionArn": before["execution"], "status": "FAILED", "input": json.dumps(failed)}
    late = record_failure({"detail-type": EXECUTION_ENDED, "detail": report}, "arn:settling", workflow.stage)
    assert late == {"decision": "NOTHING"}


def test_a_late_worker_of_the_failed_attempt_finishes_what_the_new_one_would(workflow: Workflow, failed: dict[str, Any]) -> None:  # E21
    left = workflow.read_json(workflow.item(failed)["manifest_key"])[2]
    original = workflow.s3.get_object(Bucket=left["source"]["bucket"], Key=workflow.item(failed)["location"]["key"])["Body"].read()
    late = {**left, "source": workflow.item(failed)["location"]}
    process(ChunkTask.from_dict(late), workflow.stage)
    redrive(workflow, failed)
    item = workflow.item(failed)
    assert (item["file_status"], item["rows_accepted"]) == ("SUCCEEDED", ROWS)
    assert workflow.read(item["location"]["key"]) == original


def test_a_file_that_fails_again_can_be_taken_up_again(
    workflow: Workflow, failed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:  # E25
    def breaks(*_: object, **__: object) -> None:
        raise InvalidInput("broken")

    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.finalize._reconcile", breaks)
        again = redrive(workflow, failed)["outcome"]
    assert (again["status"], workflow.item(failed)["error_type"]) == ("FAILED", "InvalidInput")
    told = redrive(workflow, failed)["outcome"]
    assert (told["status"], workflow.item(failed)["attempt"]) == ("SUCCEEDED", 3)
    assert again["deduplication"] == f"{workflow.id_of(failed)}-FAILED-2"  # E17: the queue would drop a second FAILED
    assert json.loads(told["body"])["attempt"] == 3


def test_a_wish_that_saw_an_older_attempt_end_counts_for_nothing(
    workflow: Workflow, failed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:  # E21
    """The file has ended once more since, so nothing stands in the way but the attempt."""

    def breaks(*_: object, **__: object) -> None:
        raise InvalidInput("broken")

    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.finalize._reconcile", breaks)
        redrive(workflow, failed)
    before = workflow.item(failed)
    assert (before["file_status"], before["attempt"]) == ("FAILED", 2)
    assert redrive(workflow, failed, attempt=1)["decision"] == "NOTHING"
    assert workflow.item(failed) == before


def test_an_old_attempts_chunk_errors_do_not_explain_a_new_failure(
    workflow: Workflow, failed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unforeseen(*_: object, **__: object) -> None:
        raise KeyError("boom")

    monkeypatch.setattr("tests.support.workflow.process", unforeseen)
    with pytest.raises(KeyError):
        redrive(workflow, failed)
    item = workflow.item(failed)
    report = {"executionArn": item["execution"], "status": "FAILED", "error": "States.ItemReaderFailed", "cause": "no manifest"}
    wish = Redrive(item["file_id"], 1, "ada", from_start=False).to_event()
    record_failure({"detail-type": EXECUTION_ENDED, "detail": {**report, "input": json.dumps(wish)}}, "arn:settling", workflow.stage)
    assert workflow.item(failed)["error_type"] == "ExecutionFailed"


def test_a_redrive_whose_execution_died_before_it_wrote_owns_nothing(workflow: Workflow, failed: dict[str, Any]) -> None:  # E25
    before = workflow.item(failed)
    wish = Redrive(before["file_id"], 1, "ada", from_start=False).to_event()
    report = {"executionArn": "arn:died", "status": "ABORTED", "input": json.dumps(wish)}
    settled = record_failure({"detail-type": EXECUTION_ENDED, "detail": report}, "arn:settling", workflow.stage)
    assert settled == {"decision": "NOTHING"}
    assert workflow.item(failed) == before


def test_a_file_that_could_not_be_planned_is_validated_again(workflow: Workflow) -> None:
    """A size of chunks that was too small is fixed at validation; who raised it wants the new one."""
    workflow.chunk_bytes = 10
    event = workflow.upload(KEY, csv([row(1)]))
    workflow.run(event)
    assert workflow.item(event)["error_type"] == "InvalidInput"
    workflow.chunk_bytes = 1000
    assert redrive(workflow, event)["outcome"]["status"] == "SUCCEEDED"
    assert workflow.item(event)["chunk_bytes"] == 1000


def test_a_rejected_file_begins_again_by_the_contract_that_was_mended(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E6
    event = workflow.upload(KEY, csv(row(number, status="NEW") for number in range(ROWS)))
    workflow.run(event)
    assert (workflow.item(event)["file_status"], workflow.item(event)["error_type"]) == ("REJECTED", "SampleMismatch")
    assert redrive(workflow, event) == {"decision": "NOTHING", "file_id": workflow.id_of(event)}
    deployed = load_contracts()["transactions"]
    monkeypatch.setattr("runtime.steps.stage.load_contracts", lambda: {"transactions": with_status(deployed, "NEW")})
    workflow.stage.__dict__.pop("contracts", None)
    assert redrive(workflow, event, from_start=True)["outcome"]["status"] == "SUCCEEDED"
    assert workflow.item(event)["rows_accepted"] == ROWS


def with_status(contract: Contract, status: str) -> Contract:
    document = json.loads(json.dumps(contract.document))
    (field,) = [field for field in document["schema"]["fields"] if field["name"] == "status"]
    field["constraints"]["enum"].append(status)
    return parse_contract(document, "mended")


def test_from_the_start_no_chunk_of_the_old_plan_counts(workflow: Workflow, failed: dict[str, Any]) -> None:  # E21
    old = [ChunkTask.from_dict(task) for task in workflow.read_json(workflow.item(failed)["manifest_key"])]
    workflow.chunk_bytes = 2500
    redrive(workflow, failed, from_start=True)
    item = workflow.item(failed)
    assert (item["file_status"], item["plan"], item["rows_accepted"]) == ("SUCCEEDED", 2, ROWS)
    assert item["chunks"] < len(old)
    assert not any(workflow.stage.tracking.start_chunk(task) for task in old[: item["chunks"]])


@pytest.mark.parametrize(
    ("change", "from_start", "reason"),
    [
        ({}, False, None),
        ({"file_status": "REJECTED"}, True, None),
        ({"file_status": "REJECTED"}, False, "--from-start"),
        ({"file_status": "SUCCEEDED"}, True, "nothing left to do"),
        ({"file_status": "COMMITTED"}, True, "owns it"),
        ({"file_status": "PROCESSING"}, False, "owns it"),
        ({"location": {"key": "incoming/a"}}, False, "being moved"),
        ({"location": {"key": "incoming/a"}, "not_moved": "AccessRefused"}, False, None),
    ],
)
def test_what_stands_in_the_way_is_said(change: dict[str, Any], from_start: bool, reason: str | None) -> None:
    item = {"file_status": "FAILED", "execution": "arn:x", "location": {"key": "failed/a"}, **change}
    found = obstacle(item, from_start=from_start)
    assert found is None if reason is None else reason in str(found)


def test_the_function_tells_a_redrive_from_an_arrival(workflow: Workflow, failed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "current_stage", lambda: workflow.stage)
    wish = Redrive(workflow.id_of(failed), 1, "ada", from_start=False).to_event()
    assert handler.handler({"event": wish, "execution": "arn:x"}, None)["decision"] == "PROCESS"
    assert handler.handler({"event": failed, "execution": "arn:other"}, None)["decision"] == "NOTHING"


def test_from_the_start_old_chunks_do_not_count_even_when_the_new_plan_died_before_its_items(
    workflow: Workflow, failed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:  # E21
    def dies(*_: object, **__: object) -> None:
        raise InvalidInput("broken")

    with monkeypatch.context() as broken:
        broken.setattr(workflow.stage.tracking, "plan_chunks", dies)
        redrive(workflow, failed, from_start=True)
    assert {chunk["plan"] for chunk in chunks(workflow, failed)} == {1}
    assert redrive(workflow, failed)["outcome"]["status"] == "SUCCEEDED"
    assert {chunk["plan"] for chunk in chunks(workflow, failed)} == {2}
    assert workflow.item(failed)["rows_accepted"] == ROWS


def test_an_attempt_that_ends_before_its_chunks_are_planned_tells_no_counts_of_the_one_before(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:  # E20
    """Every chunk of the first plan is done, and as many as the second has: they are not the second's."""

    def breaks(*_: object, **__: object) -> None:
        raise InvalidInput("broken")

    event = workflow.upload(KEY, csv([*(row(number) for number in range(ROWS)), row(ROWS, amount="lots")]))
    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.finalize._reconcile", breaks)
        workflow.run(event)
    assert workflow.item(event)["rows_read"] == ROWS + 1
    with monkeypatch.context() as broken:
        broken.setattr(workflow.stage.tracking, "plan_chunks", breaks)
        redrive(workflow, event, from_start=True)
    item = workflow.item(event)
    assert (item["file_status"], item["plan"]) == ("FAILED", 2)
    assert not {"rows_read", "reasons", "reject_report"} & set(item)


def test_decoded_text_is_read_where_it_stays(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E25
    body = csv(row(number) for number in range(ROWS))
    event = workflow.upload(KEY + ".gz", gzip.compress(body, mtime=0))

    def breaks(*_: object, **__: object) -> None:
        raise InvalidInput("broken")

    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.finalize._reconcile", breaks)
        workflow.run(event)
    before = workflow.item(event)
    assert before["file_status"] == "FAILED"
    assert redrive(workflow, event)["outcome"]["status"] == "SUCCEEDED"
    item = workflow.item(event)
    assert (item["decoded"], item["rows_accepted"]) == (before["decoded"], ROWS)
    assert workflow.read_json(item["manifest_key"]) == []  # every chunk was done
