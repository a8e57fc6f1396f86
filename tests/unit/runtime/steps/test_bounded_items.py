"""What grows with a file, or with how often something failed, fits DynamoDB's items; the store of these tests refuses the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runtime.contracts.model import Contract
from runtime.core.errors import InvalidInput, OwnershipLost, StorageThrottled, TrackingThrottled
from runtime.core.models import EXECUTION_ENDED, ChunkTask
from runtime.steps.fail import record_failure
from runtime.steps.process import process
from runtime.steps.reasons import ALL_REASONS, COMMONEST, COMMONEST_BYTES, OTHERS, commonest
from tests.support.item_sizes import LIMIT, ItemPastLimit, item_bytes
from tests.support.records import make_contract
from tests.support.transactions import csv, row
from tests.support.workflow import BUCKET, TABLE, Workflow
from tests.unit.runtime.steps.test_workflow import execution_ended, stopped_before

KEY = "incoming/transactions/acme/day.csv"
COLUMNS = [f"column_{number:04d}_with_a_long_name" for number in range(2000)]
#: Each breaks every column in a way of its own.
BAD = ("", "x", "-1", "10")
CODES = ("required", "type-error", "minimum", "maximum")


def wide(threshold: float | None = None) -> Contract:
    constraints = {"required": True, "minimum": 0, "maximum": 9}
    fields = [{"name": name, "type": "integer", "constraints": constraints} for name in COLUMNS]
    return make_contract(schema={"fields": fields}, **({"rejectedRowsThreshold": threshold} if threshold else {}))


def wide_file(workflow: Workflow, contract: Contract) -> dict[str, Any]:
    """A file of more than one chunk, with 8,000 reasons in one of them."""
    vars(workflow.stage)["contracts"] = {contract.dataset: contract}
    good = ",".join(["1"] * len(COLUMNS)) + "\n"
    bad = [",".join([value] * len(COLUMNS)) + "\n" for value in BAD]
    workflow.chunk_bytes = 45_000
    return workflow.upload(
        f"incoming/{contract.dataset}/acme/day.csv", (",".join(COLUMNS) + "\n" + good * 12 + "".join(bad) + good).encode()
    )


def every_item(workflow: Workflow) -> list[dict[str, Any]]:
    return list(workflow.dynamodb.scan(TableName=TABLE)["Items"])


@pytest.mark.parametrize(("threshold", "status"), [(None, "SUCCEEDED"), (0.1, "REJECTED")])
def test_a_file_that_is_broken_in_8000_ways_comes_to_its_end_with_all_of_them(
    workflow: Workflow, threshold: float | None, status: str
) -> None:  # E20 E22
    event = wide_file(workflow, wide(threshold))
    assert workflow.run(event)["outcome"]["status"] == status
    item = workflow.item(event)
    assert (item["file_status"], item["chunks"] > 1, item["rows_rejected"]) == (status, True, len(BAD))
    assert workflow.read_json(item["reject_report"])["reasons"] == {f"{name}:{code}": 1 for name in COLUMNS for code in CODES}
    for told in (item, next(chunk for chunk in workflow.stage.tracking.chunks(item["file_id"]) if ALL_REASONS in chunk)):
        assert len(told["reasons"]) == COMMONEST + 1
        assert sum(told["reasons"].values()) == len(COLUMNS) * len(CODES)
    assert max(map(item_bytes, every_item(workflow))) < LIMIT / 10


def test_a_report_of_rejects_keeps_no_file_from_its_end(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E25
    event = wide_file(workflow, wide(0.1))
    stopped_before("finalize_file", workflow, event, monkeypatch)
    (written,) = [chunk[ALL_REASONS] for chunk in workflow.stage.tracking.chunks(workflow.id_of(event)) if ALL_REASONS in chunk]
    workflow.s3.delete_object(Bucket=BUCKET, Key=written["key"])
    record_failure(execution_ended(event, workflow.item(event)["execution"], "ABORTED"), "arn:settling", workflow.stage)
    item = workflow.item(event)
    assert item["file_status"] == "FAILED"
    assert workflow.read_json(item["reject_report"])["reasons"] == item["reasons"]


def test_of_reasons_the_commonest_are_kept_and_none_goes_uncounted() -> None:
    reasons = {f"c{number:04d}:enum": number for number in range(1, 1001)}
    kept = commonest(reasons)
    assert set(kept) == {*(f"c{number:04d}:enum" for number in range(801, 1001)), OTHERS}
    assert sum(kept.values()) == sum(reasons.values())
    assert commonest(kept) == kept, "what was bounded is bounded"
    assert commonest({"*:field-count": 3}) == {"*:field-count": 3}


def test_a_name_that_is_longer_than_all_names_may_be_is_counted_with_the_others() -> None:
    assert commonest({f"{'n' * COMMONEST_BYTES}:enum": 5, "a:enum": 1}) == {"a:enum": 1, OTHERS: 5}


def test_however_often_a_file_is_begun_anew_its_items_have_room(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E25
    event = workflow.upload(KEY, csv(row(number) for number in range(5)))
    task = stopped_before("process", workflow, event, monkeypatch)
    first = ChunkTask.from_dict(workflow.read_json(workflow.item(event)["manifest_key"])[0])
    for plan in range(1, 7):
        chunk = ChunkTask.from_dict({**first.to_dict(), "plan": plan})
        workflow.stage.tracking.plan_chunks([chunk])
        for number in range(21):
            workflow.stage.tracking.fail_chunk(chunk, "StorageThrottled", f"{number}" + "ß" * 2000)
    (item,) = workflow.stage.tracking.chunks(task.file_id)
    kept = [recorded["plan"] for recorded in item["superseded"]]
    assert kept == [3, 4, 5], "what is oldest goes first"
    assert max(map(item_bytes, every_item(workflow))) < LIMIT * 0.75


@pytest.mark.parametrize("known", ["StorageThrottled", "X" * 100_000])
def test_what_failed_is_told_within_bounds_whatever_it_is_called(workflow: Workflow, known: str) -> None:  # E25
    event = workflow.upload(KEY, csv([row(1)]))
    cause = json.dumps({"errorType": known, "errorMessage": "ß" * 200_000})
    detail = {"executionArn": "arn:dead", "status": "FAILED", "error": known, "cause": cause, "input": json.dumps(event)}
    record_failure({"detail-type": EXECUTION_ENDED, "detail": detail}, "arn:settling", workflow.stage)
    assert workflow.item(event)["file_status"] == "FAILED"
    direct = workflow.upload(KEY, csv([row(2)]))
    record_failure({**direct, "error": {"Error": known, "Cause": cause}}, "arn:dead", workflow.stage)
    assert workflow.item(direct)["file_status"] == "FAILED"
    assert max(map(item_bytes, every_item(workflow))) < LIMIT / 10


def test_throttling_for_hours_is_told_by_its_first_and_last_errors_and_still_is_throttling(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:  # E23
    event = workflow.upload(KEY, csv(row(number) for number in range(5)))
    task = stopped_before("process", workflow, event, monkeypatch)
    chunk = ChunkTask.from_dict(workflow.read_json(workflow.item(event)["manifest_key"])[0])
    tries = 100

    def throttled(*_: object, **__: object) -> None:
        raise StorageThrottled("GetObject", "k" * 1000, "SlowDown")

    with monkeypatch.context() as throttling:
        throttling.setattr(workflow.stage.store, "read_range", throttled)
        for _ in range(tries):
            with pytest.raises(StorageThrottled):
                process(chunk, workflow.stage)
    (item,) = workflow.stage.tracking.chunks(task.file_id)
    assert (item["attempts"], item["errors_counted"], len(item["errors"])) == (tries, tries, 20)
    told = [error["at"] for error in item["errors"]]
    assert told == sorted(told)
    process(chunk, workflow.stage)
    assert next(workflow.stage.tracking.chunks(task.file_id))["status"] == "DONE"


@pytest.mark.parametrize("unrecorded", [TrackingThrottled("UpdateItem", "x"), OwnershipLost("f", 1, "x"), InvalidInput("x")])
def test_an_error_that_cannot_be_recorded_is_still_the_one_that_counts(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch, unrecorded: Exception
) -> None:  # E7 E23
    event = workflow.upload(KEY, csv([row(1)]))
    stopped_before("process", workflow, event, monkeypatch)
    chunk = ChunkTask.from_dict(workflow.read_json(workflow.item(event)["manifest_key"])[0])

    def throttled(*_: object, **__: object) -> None:
        raise StorageThrottled("GetObject", "k", "SlowDown")

    def fails(*_: object) -> None:
        raise unrecorded

    monkeypatch.setattr(workflow.stage.store, "read_range", throttled)
    monkeypatch.setattr(workflow.stage.tracking, "fail_chunk", fails)
    with pytest.raises(StorageThrottled):
        process(chunk, workflow.stage)


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("big", [{"S": "x" * LIMIT}, {"L": [{"L": []}] * (LIMIT // 4)}], ids=["text", "structure"])
def test_the_tests_own_store_holds_dynamodbs_limit(workflow: Workflow, update: bool, big: dict[str, Any]) -> None:
    name = {"file_id": {"S": "f"}, "chunk_id": {"S": "#file"}}
    put = {"TransactItems": [{"Put": {"TableName": TABLE, "Item": {**name, "big": big}}}]}
    changed = {"TableName": TABLE, "Key": name, "UpdateExpression": "SET big = :big", "ExpressionAttributeValues": {":big": big}}
    with pytest.raises(ItemPastLimit):
        workflow.dynamodb.update_item(**changed) if update else workflow.dynamodb.transact_write_items(**put)
