"""The steps together, on a store with a real S3 and DynamoDB API: every file comes to one explained end."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from runtime.core.errors import AccessRefused, ObjectMissing, OwnershipLost, ReconciliationFailed, StorageUnavailable
from runtime.core.models import EXECUTION_ENDED, ChunkTask, FileTask
from runtime.formats.csv.files import CsvFile
from runtime.formats.registry import load_contracts, parse_contract
from runtime.steps.fail import record_failure
from runtime.steps.finalize import finalize_file
from runtime.steps.plan import plan_chunks
from runtime.steps.process import process
from tests.support.transactions import HEADER, csv, row
from tests.support.workflow import BUCKET, Workflow

KEY = "incoming/transactions/acme/day 1+ü.csv"


def accepted_rows(workflow: Workflow, event: dict[str, Any]) -> list[dict[str, Any]]:
    """What a reader of the commit manifest sees."""
    manifest = workflow.read_json(workflow.item(event)["commit_manifest"])
    tables = [pq.read_table(io.BytesIO(workflow.read(entry["key"]))) for entry in manifest["objects"]]
    return [line for table in tables for line in table.to_pylist()]


def rejected_rows(workflow: Workflow, event: dict[str, Any]) -> list[dict[str, Any]]:
    """What a reader of the reject report sees, with rows numbered in the file from 1."""
    report = workflow.read_json(workflow.item(event)["reject_report"])
    found = []
    for entry in report["objects"]:
        for line in workflow.read(entry["key"]).splitlines():
            reject = json.loads(line)
            found.append({**reject, "number": entry["first_row"] + reject["row"]})
    return found


def test_a_good_file_of_many_chunks_ends_as_typed_rows_in_order(workflow: Workflow) -> None:  # E1 E2 E20 E22
    body = csv(row(number) for number in range(60))
    event = workflow.upload(KEY, body)
    answer = workflow.run(event)
    item = workflow.item(event)
    assert answer["outcome"]["status"] == item["file_status"] == "SUCCEEDED"
    assert item["chunks"] > 5
    assert (item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == (60, 60, 0)
    rows = accepted_rows(workflow, event)
    assert [line["transaction_id"] for line in rows] == [f"{number:032x}" for number in range(60)]
    assert rows[5]["merchant"] == 'Smith, Jones\nand "Co"'
    assert item["reject_report"] is None


def test_the_original_moves_and_its_copy_is_the_same_bytes(workflow: Workflow) -> None:  # E22
    body = csv(row(number) for number in range(5))
    event = workflow.upload(KEY, body)
    workflow.run(event)
    moved = f"processed/transactions/acme/{workflow.id_of(event)}-day 1+ü.csv"
    assert workflow.keys("incoming/") == []
    assert workflow.read(moved) == body
    assert workflow.item(event)["location"]["key"] == moved


def test_bad_rows_are_data_with_their_place_and_every_reason(workflow: Workflow) -> None:  # E6 E22
    lines = [row(number) for number in range(40)]
    lines[7] = row(7, amount="12,3", currency="XXQ")
    lines[30] = row(30, booking_date="2026-02-30")
    lines[31] = "only,three,cells\n"
    event = workflow.upload(KEY, csv(lines))
    workflow.run(event)
    item = workflow.item(event)
    assert item["file_status"] == "SUCCEEDED"
    # An unquoted decimal comma is one more cell.
    assert (item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == (40, 37, 3)
    rejects = {reject["number"]: reject for reject in rejected_rows(workflow, event)}
    assert sorted(rejects) == [8, 31, 32]
    body = csv(lines)
    for reject in rejects.values():
        raw = body[reject["offset"] : reject["offset"] + reject["length"]]
        assert raw.decode().rstrip("\n") == reject["raw"]
    assert rejects[31]["errors"][0]["column"] == "booking_date"
    assert rejects[32]["errors"][0]["code"] == "field-count"


def test_the_chunks_tell_the_files_whole_story(workflow: Workflow) -> None:  # E20
    body = csv(row(number) for number in range(60))
    event = workflow.upload(KEY, body)
    workflow.run(event)
    chunks = list(workflow.stage.tracking.chunks(workflow.id_of(event)))
    assert chunks[0]["start"] == len(HEADER)
    assert chunks[-1]["end"] == len(body)
    assert all(one["end"] == other["start"] for one, other in zip(chunks, chunks[1:]))
    assert all(chunk["attempts"] == 1 and chunk["parquet"]["sha256"] for chunk in chunks)
    events = [event["to_status"] for event in workflow.stage.tracking.events(workflow.id_of(event))]
    assert events == ["REGISTERED", "VALIDATED", "PROCESSING", "COMMITTED", "SUCCEEDED"]
    item = workflow.item(event)
    assert (item["requester"], item["source_ip"], item["size"]) == ("111122223333", "192.0.2.1", len(body))


def test_a_header_only_file_succeeds_with_no_rows(workflow: Workflow) -> None:
    event = workflow.upload(KEY, HEADER.encode())
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["rows_read"], item["chunks"]) == ("SUCCEEDED", 0, 0)
    assert accepted_rows(workflow, event) == []


BROKEN_FILES = {
    "zero bytes": (b"", "EmptyFile"),
    "other columns": (b"a,b,c\n1,2,3\n", "HeaderMismatch"),
    "semicolons": (csv([row(1)]).replace(b",", b";"), "DelimiterMismatch"),
    "a column twice": (HEADER.replace("amount", "currency").encode(), "HeaderMismatch"),
    "latin-1": (HEADER.encode() + row(1, description="f\xfcr").encode("latin-1"), "EncodingMismatch"),
    "a zip": (b"PK\x03\x04" + bytes(200), "NotCsv"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(200), "NotCsv"),
    "an open quote": (csv([row(1), row(2, merchant='"never closed'), row(3), row(4)]), "UnterminatedQuote"),
    "German dates": (csv(row(number, booking_date="20.11.2026") for number in range(30)), "SampleMismatch"),
}


@pytest.mark.parametrize(("body", "error"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_file_that_breaks_its_contract_is_rejected_with_a_reason(workflow: Workflow, body: bytes, error: str) -> None:
    event = workflow.upload(KEY, body)
    answer = workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == ("REJECTED", error)
    assert item["error_message"]
    assert answer["outcome"]["alert"]
    assert answer["outcome"]["publish"]
    # The original is kept, and nothing of it is visible.
    assert workflow.keys("incoming/") == []
    assert workflow.read(item["location"]["key"]) == body
    assert item["location"]["key"].startswith("failed/")
    assert workflow.keys("curated/transactions/_files/") == []


def test_an_unknown_dataset_is_rejected_and_the_known_ones_are_named(workflow: Workflow) -> None:
    event = workflow.upload("incoming/nosuch/acme/a.csv", csv([row(1)]))
    workflow.run(event)
    item = workflow.item(event)
    assert item["error_type"] == "UnknownDataset"
    assert "transactions" in item["error_message"]
    assert "_validation" not in item["error_message"]


def test_a_key_that_may_not_be_used_is_rejected_and_kept(workflow: Workflow) -> None:
    event = workflow.upload("incoming/transactions/../x.csv", csv([row(1)]))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == ("REJECTED", "InvalidKey")
    assert item["location"]["key"] == f"failed/_invalid/{workflow.id_of(event)}"


def test_a_key_without_a_dataset_finds_its_contract_by_header(workflow: Workflow) -> None:
    event = workflow.upload("incoming/today.csv", csv([row(1)]))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["dataset"], item["partner"]) == ("SUCCEEDED", "transactions", "_none")


def test_a_folder_made_by_a_console_is_nobodys_file(workflow: Workflow) -> None:
    event = workflow.upload("incoming/transactions/", b"")
    assert workflow.run(event) == {"decision": "NOTHING"}
    assert workflow.stage.tracking.file(workflow.id_of(event)) is None


def test_a_duplicate_event_changes_nothing(workflow: Workflow) -> None:  # E21
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    workflow.run(event)
    before = workflow.item(event), workflow.keys("")
    assert workflow.run(event)["decision"] == "NOTHING"
    assert (workflow.item(event), workflow.keys("")) == before


def test_an_overwritten_key_is_two_files(workflow: Workflow) -> None:  # E21
    first = workflow.upload(KEY, csv(row(number) for number in range(3)))
    second = workflow.upload(KEY, csv(row(number) for number in range(10, 20)))
    workflow.run(second)
    workflow.run(first)
    assert [workflow.item(event)["rows_read"] for event in (first, second)] == [3, 10]
    assert len(workflow.keys("processed/")) == 2


def test_repeated_primary_keys_are_reported_by_row(workflow: Workflow) -> None:  # G3
    lines = [row(number) for number in range(40)] + [row(3)]
    event = workflow.upload(KEY, csv(lines))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["duplicate_keys"], item["duplicate_rows"]) == ("SUCCEEDED", 1, [[4, 41]])


def stopped_before(step: str, workflow: Workflow, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> FileTask:
    """A file whose execution died before *step*, and the task that would go on."""
    with monkeypatch.context() as patched:
        patched.setattr(f"tests.support.workflow.{step}", stop_here)
        with pytest.raises(Stopped):
            workflow.run(event)
    item = workflow.item(event)
    return FileTask(item["file_id"], item["attempt"], item["execution"])


def processed(workflow: Workflow, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> FileTask:
    """A file whose chunks are done and which is about to be finalized."""
    return stopped_before("finalize_file", workflow, event, monkeypatch)


class Stopped(BaseException):
    """The execution dies here."""


def stop_here(*_: object) -> None:
    raise Stopped


def test_parquet_that_lost_a_row_fails_the_file(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E20
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    task = processed(workflow, event, monkeypatch)
    entry = next(workflow.stage.tracking.chunks(task.file_id))["parquet"]
    shorter = io.BytesIO()
    table = pq.read_table(io.BytesIO(workflow.read(entry["key"])))
    pq.write_table(table.slice(1), shorter)
    workflow.s3.put_object(Bucket=BUCKET, Key=entry["key"], Body=shorter.getvalue())
    name = {"file_id": {"S": task.file_id}, "chunk_id": {"S": "00000"}}
    workflow.dynamodb.update_item(
        TableName="etl-tracking-test",
        Key=name,
        UpdateExpression="SET parquet.#size = :s",
        ExpressionAttributeNames={"#size": "size"},
        ExpressionAttributeValues={":s": {"N": str(len(shorter.getvalue()))}},
    )
    with pytest.raises(Exception, match="rows in the Parquet of chunk 00000"):
        finalize_file(task, workflow.stage)
    assert workflow.item(event)["file_status"] == "PROCESSING"
    assert workflow.keys("curated/transactions/_files/") == []


@pytest.mark.parametrize("column", ["rows_read", "rows_accepted", "rows_rejected"])
def test_counts_that_do_not_add_up_fail_the_file(workflow: Workflow, monkeypatch: pytest.MonkeyPatch, column: str) -> None:  # E20
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    task = processed(workflow, event, monkeypatch)
    workflow.dynamodb.update_item(
        TableName="etl-tracking-test",
        Key={"file_id": {"S": task.file_id}, "chunk_id": {"S": "00001"}},
        UpdateExpression=f"ADD {column} :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    with pytest.raises(Exception, match="does not add up"):
        finalize_file(task, workflow.stage)


def test_rejects_that_are_not_as_many_as_were_counted_fail_the_file(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E20
    """The log of rejects is short of a row that the counts have."""
    event = workflow.upload(KEY, csv([*(row(number) for number in range(20)), row(20, amount="many")]))
    task = processed(workflow, event, monkeypatch)
    (chunk,) = [chunk for chunk in workflow.stage.tracking.chunks(task.file_id) if "rejects" in chunk]
    workflow.dynamodb.update_item(
        TableName="etl-tracking-test",
        Key={"file_id": {"S": task.file_id}, "chunk_id": {"S": chunk["chunk_id"]}},
        UpdateExpression="SET rejects.#rows = :none",
        ExpressionAttributeNames={"#rows": "rows"},
        ExpressionAttributeValues={":none": {"N": "0"}},
    )
    with pytest.raises(ReconciliationFailed, match=f"rejects of chunk {chunk['chunk_id']} should be 1, found 0"):
        finalize_file(task, workflow.stage)
    assert workflow.item(event)["file_status"] == "PROCESSING"


@pytest.mark.parametrize(("bad", "status"), [(1, "SUCCEEDED"), (2, "REJECTED"), (3, "REJECTED")])
def test_a_file_is_rejected_from_the_contracts_threshold_on(workflow: Workflow, bad: int, status: str) -> None:  # E6 G3
    strict(workflow, rejectedRowsThreshold=0.5)
    faults = [{"amount": "x"}, {"currency": "x"}, {"booking_date": "x"}]
    event = workflow.upload(
        KEY, csv([*(row(number, **faults[number]) for number in range(bad)), *(row(number) for number in range(bad, 4))])
    )
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["rows_read"], item["rows_rejected"]) == (status, 4, bad)
    assert item.get("error_type") == ("TooManyRejectedRows" if status == "REJECTED" else None)


def test_keys_that_may_not_repeat_reject_the_file(workflow: Workflow) -> None:  # G3
    strict(workflow, duplicateKeys="reject")
    event = workflow.upload(KEY, csv([*(row(number) for number in range(40)), row(3)]))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == ("REJECTED", "DuplicateKeys")
    assert "row 41 repeats row 4" in item["error_message"]


def strict(workflow: Workflow, **changes: Any) -> None:
    """The contract of `transactions` with *changes*."""
    document = {**load_contracts()["transactions"].document, **changes}
    vars(workflow.stage)["contracts"] = {"transactions": parse_contract(document, "strict")}


def test_a_chunk_that_is_not_done_fails_the_file(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    task = processed(workflow, event, monkeypatch)
    workflow.dynamodb.delete_item(TableName="etl-tracking-test", Key={"file_id": {"S": task.file_id}, "chunk_id": {"S": "00001"}})
    with pytest.raises(Exception, match="finished chunks"):
        finalize_file(task, workflow.stage)


@pytest.mark.parametrize("dies_at", ["write", "move", "transition"])
def test_a_committed_file_rolls_forward_whoever_comes_next(workflow: Workflow, monkeypatch: pytest.MonkeyPatch, dies_at: str) -> None:
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    task = processed(workflow, event, monkeypatch)
    with monkeypatch.context() as patched:
        if dies_at == "transition":
            real = workflow.stage.tracking.transition

            def transition(task: FileTask, to_status: str, *more: Any, **named: Any) -> Any:
                return stop_here() if to_status == "SUCCEEDED" else real(task, to_status, *more, **named)

            patched.setattr(workflow.stage.tracking, "transition", transition)
        else:
            patched.setattr(workflow.stage.store, dies_at, stop_here)
        with pytest.raises(Stopped):
            finalize_file(task, workflow.stage)
    assert workflow.item(event)["file_status"] == "COMMITTED"
    # The execution is reported dead; recording its failure must not fail what is committed.
    answer = record_failure(execution_ended(event, task.execution, "TIMED_OUT"), "arn:settling", workflow.stage)
    assert answer["outcome"]["status"] == workflow.item(event)["file_status"] == "SUCCEEDED"
    assert len(accepted_rows(workflow, event)) == 20
    assert workflow.keys("incoming/") == []


def execution_ended(event: dict[str, Any], execution: str, status: str) -> dict[str, Any]:
    detail = {"executionArn": execution, "status": status, "input": json.dumps(event)}
    return {"detail-type": EXECUTION_ENDED, "source": "aws.states", "detail": detail}


@pytest.mark.parametrize(("status", "error"), [("TIMED_OUT", "ExecutionTimedOut"), ("ABORTED", "ExecutionAborted")])
def test_an_execution_that_ends_badly_brings_its_file_to_an_end(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch, status: str, error: str
) -> None:  # E25
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    task = processed(workflow, event, monkeypatch)
    answer = record_failure(execution_ended(event, task.execution, status), "arn:settling", workflow.stage)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == ("FAILED", error)
    assert answer["outcome"]["status"] == "FAILED"
    assert item["location"]["key"].startswith("failed/")


@pytest.mark.parametrize(("status", "error"), [("TIMED_OUT", "ExecutionTimedOut"), ("ABORTED", "ExecutionAborted"), ("FAILED", "NotCsv")])
def test_only_an_execution_that_failed_may_have_failed_for_a_chunk(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch, status: str, error: str
) -> None:  # E20 E25
    event = workflow.upload(KEY, csv(row(number) for number in range(60)))
    task = stopped_before("process", workflow, event, monkeypatch)
    first, second, *_ = (ChunkTask.from_dict(chunk) for chunk in workflow.read_json(workflow.item(event)["manifest_key"]))
    workflow.stage.tracking.fail_chunk(first, "NotCsv", "too much of it is no CSV")
    workflow.stage.tracking.start_chunk(second)
    record_failure(execution_ended(event, task.execution, status), "arn:settling", workflow.stage)
    assert workflow.item(event)["error_type"] == error


def test_throttling_is_never_why_a_file_failed(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E23
    event = workflow.upload(KEY, csv(row(number) for number in range(60)))
    task = stopped_before("process", workflow, event, monkeypatch)
    first, second, *_ = (ChunkTask.from_dict(chunk) for chunk in workflow.read_json(workflow.item(event)["manifest_key"]))
    workflow.stage.tracking.fail_chunk(first, "StorageThrottled", "SlowDown")
    workflow.stage.tracking.start_chunk(second)
    map_failed = {"Error": "States.ExceedToleratedFailureThreshold", "Cause": "exceeded"}
    record_failure(task.to_dict(error=map_failed), task.execution, workflow.stage)
    item = workflow.item(event)
    assert item["error_type"] == "ChunkWithoutAnswer"
    assert "chunk 00001" in item["error_message"]


def test_a_commit_that_comes_between_is_rolled_forward_not_given_up(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E17
    """The execution is aborted while FinalizeFile runs on: RecordFailure has read PROCESSING when the commit is made."""
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    task = processed(workflow, event, monkeypatch)
    real = workflow.stage.tracking.transition

    def commit_first(moved: FileTask, to_status: str, *more: Any, **named: Any) -> Any:
        monkeypatch.setattr(workflow.stage.tracking, "transition", real)
        monkeypatch.setattr("runtime.steps.finalize.roll_forward", stop_here)
        with pytest.raises(Stopped):
            finalize_file(task, workflow.stage)
        return real(moved, to_status, *more, **named)

    monkeypatch.setattr(workflow.stage.tracking, "transition", commit_first)
    answer = record_failure(execution_ended(event, task.execution, "ABORTED"), "arn:settling", workflow.stage)
    assert answer["outcome"]["status"] == workflow.item(event)["file_status"] == "SUCCEEDED"
    assert answer["outcome"]["publish"]
    assert len(accepted_rows(workflow, event)) == 20


def test_two_planners_at_once_make_one_plan(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E21
    """Another version of the code cuts elsewhere and comes too late; nothing of its plan counts."""
    body = csv(row(number) for number in range(200))
    event = workflow.upload(KEY, body)
    task = stopped_before("plan_chunks", workflow, event, monkeypatch)
    item = workflow.item(event)
    plan = CsvFile.plan

    def overtaken(*_: object, **__: object) -> list[tuple[int, int]]:
        monkeypatch.setattr(CsvFile, "plan", plan)
        plan_chunks(task, None, workflow.stage)
        return [(item["header_bytes"], len(body))]

    monkeypatch.setattr(CsvFile, "plan", overtaken)
    state = plan_chunks(task, None, workflow.stage)
    assert state["chunks"] > 10
    for chunk in workflow.manifest(state):
        process(ChunkTask.from_dict(chunk), workflow.stage)
    finalize_file(task, workflow.stage)
    assert workflow.item(event)["rows_read"] == 200


def test_two_planners_at_once_make_one_exact_plan(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E21
    """Both were sent back to the same byte; the file is in the same state before and after, so only the plan's number tells."""
    body = csv(row(number) for number in range(200))
    event = workflow.upload(KEY, body)
    task = stopped_before("process", workflow, event, monkeypatch)
    kept, again, *_ = workflow.stage.tracking.planned_chunks(workflow.item(event))
    plan = CsvFile.plan
    first: list[dict[str, Any]] = []

    def overtaken(*_: object, **__: object) -> list[tuple[int, int]]:
        monkeypatch.setattr(CsvFile, "plan", plan)
        plan_chunks(task, again["start"], workflow.stage)
        first.append(workflow.item(event))
        return [(kept["start"], kept["end"]), (again["start"], len(body))]

    monkeypatch.setattr(CsvFile, "plan", overtaken)
    state = plan_chunks(task, again["start"], workflow.stage)
    assert [workflow.item(event)] == first
    assert state["manifest"]["key"] == first[0]["manifest_key"]


def test_an_operators_change_of_the_chunk_size_reaches_no_file_in_progress(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    event = workflow.upload(KEY, csv(row(number) for number in range(60)))
    task = stopped_before("plan_chunks", workflow, event, monkeypatch)
    workflow.chunk_bytes = 50_000_000
    assert plan_chunks(task, None, workflow.stage)["chunks"] > 5


def test_a_chunk_size_too_small_for_a_record_is_the_operators_to_mend(workflow: Workflow) -> None:
    workflow.chunk_bytes = 150
    event = workflow.upload(KEY, csv(row(number, description="x" * 400) for number in range(5)))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == ("FAILED", "InvalidInput")
    assert "chunk-bytes" in item["error_message"]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_chunk_size_that_would_make_too_many_chunks_is_the_operators_to_mend(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch, compressed: bool
) -> None:
    monkeypatch.setattr("runtime.core.limits.MAX_CHUNKS", 20)
    body = csv(row(number) for number in range(400))
    event = workflow.upload(KEY, gzip.compress(body) if compressed else body)
    workflow.chunk_bytes = len(body) // 25
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == ("FAILED", "InvalidInput")
    assert f"{len(body):,} bytes are more than 20 chunks" in item["error_message"]
    assert "raise the chunk-bytes parameter" in item["error_message"]


@pytest.mark.parametrize("before", [0, 60_000], ids=["first", "in the middle"])
@pytest.mark.parametrize("chunk_bytes", [50_000_000, 9_000_000, 1_000_000], ids=["one chunk", "several chunks", "chunks too small"])
def test_a_record_that_is_too_long_rejects_the_file_however_it_is_cut(workflow: Workflow, chunk_bytes: int, before: int) -> None:  # E2
    """It ends, and its quotes are in order; one chunk sees it whole, or a guess falls into it."""
    workflow.chunk_bytes = chunk_bytes
    rows = csv(row(number) for number in range(before))
    long = row(before, description='"' + "word and\n" * 1_000_000 + '"')
    event = workflow.upload(KEY, rows + long.encode() + csv(row(number) for number in range(60_000)))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == ("REJECTED", "RecordTooLong")
    assert f"within 8,388,608 bytes after byte {len(rows)};" in item["error_message"]


@pytest.mark.parametrize("refused", [AccessRefused("HeadObject", "incoming/x"), ObjectMissing("incoming/x", "v")], ids=["refused", "gone"])
@pytest.mark.parametrize("body", [csv([row(1)]), b""], ids=["committed", "rejected"])
def test_an_original_that_cannot_be_moved_silences_nobody(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch, body: bytes, refused: Exception
) -> None:  # E17 E19
    def move(*_: object) -> None:
        raise refused

    monkeypatch.setattr(workflow.stage.store, "move", move)
    event = workflow.upload(KEY, body)
    outcome = workflow.run(event)["outcome"]
    item = workflow.item(event)
    assert outcome["publish"]
    assert item["file_status"] == outcome["status"] == ("SUCCEEDED" if body else "REJECTED")
    assert type(refused).__name__ in item["not_moved"]
    assert item["location"]["key"] == KEY


@pytest.mark.parametrize(("body", "place"), [(csv([row(1)]), "processed"), (b"", "failed")], ids=["committed", "rejected"])
def test_who_may_not_move_an_original_says_nothing_of_one_that_another_has_moved(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch, body: bytes, place: str
) -> None:  # E22
    store, move = workflow.stage.store, workflow.stage.store.move

    def refused(*_: object) -> None:
        raise AccessRefused("S3 CopyObject", "a policy")

    def refused_while_another_moves_it(*_: object) -> None:
        monkeypatch.setattr(store, "move", move)
        record_failure(report, "arn:quick", workflow.stage)
        raise AccessRefused("S3 DeleteObject", "another policy")

    event = workflow.upload(KEY, body)
    monkeypatch.setattr(store, "move", refused)
    workflow.run(event)
    report = execution_ended(event, workflow.item(event)["execution"], "TIMED_OUT")
    monkeypatch.setattr(store, "move", refused_while_another_moves_it)
    record_failure(report, "arn:slow", workflow.stage)
    item = workflow.item(event)
    assert (item["location"]["key"].split("/")[0], item["not_moved"]) == (place, None)
    assert workflow.read(item["location"]["key"]) == body


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_a_file_that_came_into_an_archive_is_rejected_at_once(workflow: Workflow, storage_class: str) -> None:  # E7 E19 E22
    event = workflow.upload(KEY, csv([row(1)]), StorageClass=storage_class)
    outcome = workflow.run(event)["outcome"]
    item = workflow.item(event)
    assert (outcome["status"], item["error_type"]) == ("REJECTED", "ObjectArchived")
    assert "send it in storage class STANDARD" in item["error_message"]
    assert (item["location"]["key"], item["not_moved"].split(":")[0]) == (KEY, "ObjectArchived"), "not even its copy can be made"
    assert workflow.keys("incoming/") == [KEY]


def test_the_cause_is_what_no_retry_could_mend(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    event = workflow.upload(KEY, csv(row(number) for number in range(60)))
    task = stopped_before("process", workflow, event, monkeypatch)
    item = workflow.item(event)
    first, *_, last = (ChunkTask.from_dict(chunk) for chunk in workflow.read_json(item["manifest_key"]))
    workflow.stage.tracking.fail_chunk(first, "StorageUnavailable", "SlowDown")
    workflow.stage.tracking.fail_chunk(last, "NotCsv", "too much of it is no CSV")
    map_failed = {"Error": "States.ExceedToleratedFailureThreshold", "Cause": "The specified tolerated failure threshold was exceeded"}
    record_failure(task.to_dict(error=map_failed), task.execution, workflow.stage)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == ("REJECTED", "NotCsv")


def test_a_chunk_whose_function_was_killed_is_named(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E20
    event = workflow.upload(KEY, csv(row(number) for number in range(60)))
    task = stopped_before("process", workflow, event, monkeypatch)
    item = workflow.item(event)
    first = ChunkTask.from_dict(workflow.read_json(item["manifest_key"])[0])
    workflow.stage.tracking.start_chunk(first)
    map_failed = {"Error": "States.ExceedToleratedFailureThreshold", "Cause": "exceeded"}
    record_failure(task.to_dict(error=map_failed), task.execution, workflow.stage)
    item = workflow.item(event)
    assert item["error_type"] == "ChunkWithoutAnswer"
    assert "chunk 00000 did not answer in attempt 1" in item["error_message"]


def test_the_reason_survives_a_failure_of_recording_it(workflow: Workflow) -> None:
    """RecordFailure itself failed; the execution's end, reported by EventBridge, still carries why."""
    event = workflow.upload(KEY, csv([row(1)]))
    ended = execution_ended(event, "arn:dead", "FAILED")
    ended["detail"].update(error="HeaderMismatch", cause=json.dumps({"errorMessage": "Header: missing 'x'", "stackTrace": ["secret"]}))
    record_failure(ended, "arn:settling", workflow.stage)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"], item["error_message"]) == ("REJECTED", "HeaderMismatch", "Header: missing 'x'")


def test_finalizing_a_file_that_has_failed_changes_nothing(workflow: Workflow) -> None:
    event = workflow.upload(KEY, b"")
    workflow.run(event)
    before = workflow.item(event)
    with pytest.raises(OwnershipLost):
        finalize_file(FileTask(before["file_id"], 1, before["execution"]), workflow.stage)
    assert workflow.item(event) == before


def test_a_file_that_fails_while_it_is_finalized_is_not_committed(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E21
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    task = processed(workflow, event, monkeypatch)

    def fail(*_: object) -> None:
        workflow.stage.tracking.transition(task, "FAILED", ("PROCESSING",))

    monkeypatch.setattr("runtime.steps.finalize._check_threshold", fail)
    with pytest.raises(OwnershipLost):
        finalize_file(task, workflow.stage)
    assert workflow.item(event)["file_status"] == "FAILED"
    assert workflow.keys("curated/transactions/_files/") == []


def test_no_value_of_a_row_reaches_the_outcome_or_the_log(workflow: Workflow, capsys: pytest.CaptureFixture[str]) -> None:
    body = csv(row(number, account_id=f"SECRET{number:04d}") for number in range(40))
    outcome = workflow.run(workflow.upload(KEY, body))["outcome"]
    assert "SampleMismatch" in outcome["body"]
    assert "SECRET" not in outcome["body"] + capsys.readouterr().out


def test_a_sample_with_one_fault_in_many_columns_is_left_to_the_rows(workflow: Workflow) -> None:
    lines = [row(number, **{("amount" if number % 2 else "currency"): "x"}) for number in range(40)]
    event = workflow.upload(KEY, csv(lines))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["error_type"], item["rows_rejected"]) == ("TooManyRejectedRows", 40)
    assert item["reject_report"]


def test_an_execution_that_died_before_it_wrote_still_ends_its_file(workflow: Workflow) -> None:  # E25
    event = workflow.upload(KEY, csv([row(1)]))
    record_failure(execution_ended(event, "arn:dead", "FAILED"), "arn:settling", workflow.stage)
    item = workflow.item(event)
    assert item["file_status"] == "FAILED"
    assert workflow.keys("incoming/") == []


def test_the_end_of_a_duplicates_execution_is_nothing(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    event = workflow.upload(KEY, csv([row(1)]))
    processed(workflow, event, monkeypatch)
    assert record_failure(execution_ended(event, "arn:another", "ABORTED"), "arn:settling", workflow.stage) == {"decision": "NOTHING"}
    assert workflow.item(event)["file_status"] == "PROCESSING"


def test_a_failed_files_end_is_recorded_once(workflow: Workflow) -> None:
    event = workflow.upload(KEY, b"")
    workflow.run(event)
    before = workflow.item(event)
    again = record_failure(execution_ended(event, before["execution"], "FAILED"), "arn:settling", workflow.stage)
    assert again["outcome"]["status"] == "REJECTED"
    assert workflow.item(event) == before


def test_a_chunk_that_keeps_failing_names_itself_and_why(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E7
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    calls = []

    def unavailable(*_: object, **__: object) -> None:
        calls.append(1)
        raise StorageUnavailable("PutObject", "curated/x", "SlowDown")

    monkeypatch.setattr("runtime.steps.process.process_chunk", unavailable)
    workflow.run(event)
    item = workflow.item(event)
    assert len(calls) == 4
    assert (item["file_status"], item["error_type"]) == ("FAILED", "StorageUnavailable")
    chunk = next(workflow.stage.tracking.chunks(item["file_id"]))
    assert (chunk["attempts"], len(chunk["errors"])) == (4, 4)


def test_a_finished_chunk_is_not_processed_again(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E21
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    processed(workflow, event, monkeypatch)
    item = workflow.item(event)
    chunks = [ChunkTask.from_dict(chunk) for chunk in workflow.read_json(item["manifest_key"])]
    before = workflow.keys("")
    monkeypatch.setattr("runtime.steps.process.process_chunk", stop_here)
    for chunk in chunks:
        process(chunk, workflow.stage)
    assert workflow.keys("") == before


def test_a_contract_is_fixed_when_the_file_is_validated(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E24
    event = workflow.upload(KEY, csv(row(number) for number in range(20)))
    task = stopped_before("plan_chunks", workflow, event, monkeypatch)
    monkeypatch.setattr("runtime.steps.stage.load_contracts", dict)
    state = plan_chunks(task, None, workflow.stage)
    for chunk in workflow.manifest(state):
        process(ChunkTask.from_dict(chunk), workflow.stage)
    assert finalize_file(task, workflow.stage)["outcome"]["status"] == "SUCCEEDED"


def test_a_probe_of_the_system_reaches_no_queue_no_topic_and_no_metric(
    workflow: Workflow, capsys: pytest.CaptureFixture[str]
) -> None:  # D4
    event = workflow.upload("incoming/_validation/run-1/probe.csv", b"nothing,like,the,contract\n")
    answer = workflow.run(event)
    assert not answer["outcome"]["publish"]
    assert not answer["outcome"]["alert"]
    assert "CloudWatchMetrics" not in capsys.readouterr().out


@pytest.mark.parametrize("key", ["incoming/_x.csv", "incoming/_nosuch/acme/x.csv", "incoming/_validation"])
def test_a_partners_file_that_looks_reserved_is_not_passed_over_in_silence(workflow: Workflow, key: str) -> None:
    outcome = workflow.run(workflow.upload(key, b"nothing,like,the,contract\n"))["outcome"]
    assert outcome["publish"]
    assert outcome["alert"]


def test_metrics_say_what_went_through(workflow: Workflow, capsys: pytest.CaptureFixture[str]) -> None:  # E9
    lines = [row(number) for number in range(30)]
    lines[3] = row(3, status="LOST")
    workflow.run(workflow.upload(KEY, csv(lines)))
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    total = {
        name: sum(document.get(name, [0])[0] for document in documents)
        for name in ("RowsRead", "RowsAccepted", "RowsRejected", "FilesSucceeded")
    }
    assert total == {"RowsRead": 30, "RowsAccepted": 29, "RowsRejected": 1, "FilesSucceeded": 1}
    assert {tuple(document["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]) for document in documents} == {("stage",)}


def test_the_outcome_is_what_a_partner_can_act_on(workflow: Workflow) -> None:  # E17
    event = workflow.upload(KEY, b"a,b\n1,2\n")
    outcome = workflow.run(event)["outcome"]
    message = json.loads(outcome["body"])
    assert outcome["group"] == message["partner"] == "acme"
    assert outcome["deduplication"] == f"{workflow.id_of(event)}-REJECTED"
    assert message["error"]["type"] == "HeaderMismatch"
    assert message["key"] == KEY
    assert len(outcome["subject"]) <= 100
    assert outcome["body"].isascii()
