from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runtime.aws.tracking import Tracking, iso
from runtime.core.errors import AccessRefused, ItemTooLarge, OwnershipLost, TrackingThrottled, TrackingUnavailable
from runtime.core.models import ChunkStatus, ChunkTask, FileStatus, FileTask, ObjectRef
from tests.support.workflow import TABLE, Workflow


@pytest.fixture
def workflow(workflow_on_moto: Workflow) -> Workflow:
    """Another's S3 and DynamoDB, whose answers are nearer to AWS's."""
    return workflow_on_moto


FILE = "f" * 32
TASK = FileTask(FILE, 1, "arn:1")
START = datetime(2026, 11, 20, 13, 0, tzinfo=timezone.utc)


def chunk(index: int = 0, plan: int = 1) -> ChunkTask:
    return ChunkTask(FILE, f"{index:05d}", plan, ObjectRef("b", "incoming/k", "v"), index * 10, index * 10 + 10, False, "manifests/r.json")


@pytest.fixture
def tracking(workflow: Workflow) -> Tracking:
    ticks = iter(range(10_000))
    return Tracking(workflow.dynamodb, TABLE, now=lambda: START + timedelta(milliseconds=next(ticks)))


def register(tracking: Tracking, execution: str = "arn:1") -> Any:
    return tracking.register(FILE, {"size": 3, "nothing": None}, status=FileStatus.REGISTERED, execution=execution, lease_seconds=60)


def test_a_file_is_registered_once(tracking: Tracking) -> None:  # E21
    assert register(tracking) is not None
    assert register(tracking, "arn:2") is None
    item = tracking.file(FILE)
    assert item is not None
    assert (item["execution"], item["size"], item["lease_expires_at"]) == ("arn:1", 3, int(START.timestamp()) + 60)


def test_every_transition_leaves_one_event_with_its_time(tracking: Tracking) -> None:  # E20
    register(tracking)
    tracking.transition(TASK, FileStatus.VALIDATED, (FileStatus.REGISTERED,), {"columns": 4}, {"why": "sampled"})
    tracking.transition(TASK, FileStatus.FAILED, FileStatus.OPEN)
    told = [(event["from_status"], event["to_status"], event["at"], event["detail"]) for event in tracking.events(FILE)]
    assert told == [
        (None, "REGISTERED", "2026-11-20T13:00:00.000Z", {}),
        ("REGISTERED", "VALIDATED", "2026-11-20T13:00:00.001Z", {"why": "sampled"}),
        ("VALIDATED", "FAILED", "2026-11-20T13:00:00.002Z", {}),
    ]
    item = tracking.file(FILE)
    assert item is not None
    assert (item["columns"], item["revision"]) == (4, 3)


def test_an_event_is_never_written_over(tracking: Tracking, workflow: Workflow) -> None:  # E20
    register(tracking)
    earlier = {"file_id": {"S": FILE}, "chunk_id": {"S": f"#event#{iso(START + timedelta(milliseconds=1))}#2"}, "detail": {"S": "earlier"}}
    workflow.dynamodb.put_item(TableName=TABLE, Item=earlier)
    tracking.transition(TASK, FileStatus.VALIDATED, (FileStatus.REGISTERED,))
    assert [event["detail"] for event in tracking.events(FILE)] == [{}, "earlier", {}]


def test_a_transition_made_twice_is_made_once(tracking: Tracking) -> None:  # E21
    register(tracking)
    assert tracking.transition(TASK, FileStatus.VALIDATED, (FileStatus.REGISTERED,)).made
    assert not tracking.transition(TASK, FileStatus.VALIDATED, (FileStatus.REGISTERED,)).made
    assert len(list(tracking.events(FILE))) == 2


@pytest.mark.parametrize("ended", [FileStatus.COMMITTED, FileStatus.SUCCEEDED])
def test_a_committed_file_cannot_fail(tracking: Tracking, ended: str) -> None:
    register(tracking)
    tracking.transition(TASK, ended, FileStatus.OPEN)
    with pytest.raises(OwnershipLost):
        tracking.transition(TASK, FileStatus.FAILED, FileStatus.OPEN)


def test_a_failed_file_cannot_be_committed(tracking: Tracking) -> None:
    register(tracking)
    tracking.transition(TASK, FileStatus.FAILED, FileStatus.OPEN)
    with pytest.raises(OwnershipLost):
        tracking.transition(TASK, FileStatus.COMMITTED, (FileStatus.PROCESSING,))


def test_an_older_attempt_changes_nothing(tracking: Tracking) -> None:
    register(tracking)
    with pytest.raises(OwnershipLost, match="attempt"):
        tracking.transition(FileTask(FILE, 2, "arn:2"), FileStatus.VALIDATED, (FileStatus.REGISTERED,))


def test_a_change_that_comes_between_is_seen_and_not_overwritten(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    register(tracking)
    read = tracking.file
    stale = read(FILE)
    tracking.transition(TASK, FileStatus.VALIDATED, (FileStatus.REGISTERED,), {"columns": 4})
    answers = [stale]
    monkeypatch.setattr(tracking, "file", lambda identity: answers.pop() if answers else read(identity))
    moved = tracking.transition(TASK, FileStatus.FAILED, FileStatus.OPEN)
    assert moved.item["columns"] == 4
    assert [event["to_status"] for event in tracking.events(FILE)] == ["REGISTERED", "VALIDATED", "FAILED"]


def test_a_planned_chunk_that_exists_is_left_alone(tracking: Tracking) -> None:
    tracking.plan_chunks([chunk(0), chunk(1)])
    assert tracking.start_chunk(chunk(0))
    tracking.finish_chunk(chunk(0), ChunkStatus.DONE, {"rows_read": 5})
    tracking.plan_chunks([chunk(0), chunk(1)])
    assert [item["status"] for item in tracking.chunks(FILE)] == ["DONE", "PENDING"]


def test_a_later_plan_replaces_a_chunk_and_the_earlier_one_is_too_late(tracking: Tracking) -> None:
    tracking.plan_chunks([chunk(0)])
    tracking.plan_chunks([chunk(0, plan=2)])
    assert not tracking.finish_chunk(chunk(0), ChunkStatus.DONE, {"rows_read": 5})
    assert next(tracking.chunks(FILE))["status"] == "PENDING"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ({}, []),
        ({"chunks": 2, "plan": 3, "exact_from": None}, [(0, 3), (1, 3)]),
        # Planned again from byte 10: the first chunk is the plan's before; an older plan's may end before that byte, and is none.
        ({"chunks": 4, "plan": 4, "exact_from": 10}, [(0, 3)]),
        ({"chunks": 4, "plan": 4, "exact_from": 20}, [(0, 3), (1, 3)]),
        ({"chunks": 4, "plan": 4, "exact_from": 40}, [(0, 3), (1, 3)]),
    ],
)
def test_an_older_plans_chunks_are_not_the_files(tracking: Tracking, file: dict[str, int], expected: list[tuple[int, int]]) -> None:  # E21
    tracking.plan_chunks(chunk(index) for index in range(4))
    tracking.plan_chunks(chunk(index, plan=3) for index in range(2))
    assert [(int(item["chunk_id"]), item["plan"]) for item in tracking.planned_chunks({"file_id": FILE, **file})] == expected


def test_what_an_older_plans_chunk_recorded_stays_on_the_trail(tracking: Tracking) -> None:  # E20
    for plan in (1, 2):
        tracking.plan_chunks([chunk(plan=plan)])
        tracking.start_chunk(chunk(plan=plan))
        tracking.finish_chunk(chunk(plan=plan), ChunkStatus.DONE, {"rows_read": plan, "parquet": {"key": f"curated/{plan}"}})
    tracking.plan_chunks([chunk(plan=3), chunk(1, plan=3)])
    tracking.plan_chunks([chunk(plan=3)])
    replanned, new = tracking.chunks(FILE)
    assert [(kept["plan"], kept["rows_read"], kept["attempts"], kept["parquet"]["key"]) for kept in replanned["superseded"]] == [
        (1, 1, 1, "curated/1"),
        (2, 2, 1, "curated/2"),
    ]
    assert (replanned["status"], replanned["attempts"], "superseded" in new) == ("PENDING", 0, False)


def test_the_first_worker_to_finish_a_chunk_wins(tracking: Tracking) -> None:  # E21
    tracking.plan_chunks([chunk()])
    assert tracking.finish_chunk(chunk(), ChunkStatus.DONE, {"rows_read": 5, "reasons": {"a:type-error": 1}})
    assert not tracking.finish_chunk(chunk(), ChunkStatus.DONE, {"rows_read": 6})
    assert not tracking.start_chunk(chunk())
    assert not tracking.fail_chunk(chunk(), "Late", "too late")
    item = next(tracking.chunks(FILE))
    assert (item["rows_read"], item["status"]) == (5, "DONE")


def test_what_was_read_must_be_what_was_planned(tracking: Tracking) -> None:  # E20
    tracking.plan_chunks([chunk()])
    wider = dataclasses.replace(chunk(), end=99)
    assert not tracking.start_chunk(wider)
    assert not tracking.finish_chunk(wider, ChunkStatus.DONE, {"rows_read": 99})


def test_a_move_that_another_made_in_between_is_not_made_again(tracking: Tracking) -> None:
    register(tracking)
    tracking.transition(TASK, FileStatus.PROCESSING, (FileStatus.REGISTERED,), {"plan": 1})
    again = {"plan": 2}
    assert tracking.transition(TASK, FileStatus.PROCESSING, (FileStatus.PROCESSING,), again, expecting={"plan": 1}).made
    late = tracking.transition(TASK, FileStatus.PROCESSING, (FileStatus.PROCESSING,), again, expecting={"plan": 1})
    assert (late.made, late.item["plan"]) == (False, 2)


def test_a_chunk_keeps_count_of_its_attempts_and_errors(tracking: Tracking) -> None:  # E20
    tracking.plan_chunks([chunk()])
    for message in ("first", "second"):
        tracking.start_chunk(chunk())
        tracking.fail_chunk(chunk(), "StorageUnavailable", message)
    item = next(tracking.chunks(FILE))
    assert item["attempts"] == 2
    assert [error["message"] for error in item["errors"]] == ["first", "second"]


def test_chunks_come_in_file_order_and_without_the_files_own_items(tracking: Tracking) -> None:
    register(tracking)
    tracking.plan_chunks([chunk(index) for index in (10, 2, 0, 1)])
    assert [item["chunk_id"] for item in tracking.chunks(FILE)] == ["00000", "00001", "00002", "00010"]


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ProvisionedThroughputExceededException", 400, TrackingThrottled),
        ("ThrottlingException", 400, TrackingThrottled),
        ("RequestLimitExceeded", 400, TrackingThrottled),
        ("InternalServerError", 500, TrackingUnavailable),
        ("AccessDeniedException", 400, AccessRefused),
    ],
)
def test_dynamodbs_answers_become_errors_that_say_whether_to_try_again(code: str, status: int, expected: type[Exception]) -> None:  # G2
    class Client:
        def get_item(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetItem")  # type: ignore[typeddict-item]

    with pytest.raises(expected):
        Tracking(Client(), TABLE).file(FILE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("TransactionConflict", TrackingUnavailable),
        ("ThrottlingError", TrackingThrottled),
        ("ProvisionedThroughputExceeded", TrackingThrottled),
        ("ValidationError", AccessRefused),
    ],
)
def test_a_transaction_that_collided_is_worth_a_retry(reason: str, expected: type[Exception]) -> None:
    class Client:
        def transact_write_items(self, **_: object) -> None:
            answer = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": reason}, {"Code": "None"}]}
            raise ClientError(answer, "TransactWriteItems")  # type: ignore[arg-type]

    with pytest.raises(expected):
        Tracking(Client(), TABLE).register(FILE, {}, status=FileStatus.REGISTERED, execution="arn", lease_seconds=1)  # type: ignore[arg-type]


SIZE = "Item size has exceeded the maximum allowed size"


@pytest.mark.parametrize("message", [SIZE, "Item size to update has exceeded the maximum allowed size"])
def test_an_item_that_is_too_large_is_our_defect_and_no_policys(message: str) -> None:  # E7
    class Client:
        def put_item(self, **_: object) -> None:
            answer: Any = {"Error": {"Code": "ValidationException", "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(answer, "PutItem")

        def transact_write_items(self, **_: object) -> None:
            reasons = [{"Code": "ValidationError", "Message": message}, {"Code": "None"}]
            answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(answer, "TransactWriteItems")

    tracking = Tracking(Client(), TABLE)  # type: ignore[arg-type]
    with pytest.raises(ItemTooLarge, match="report this as a defect"):
        tracking.set_bookmark("x", None)
    with pytest.raises(ItemTooLarge):
        tracking.register(FILE, {}, status=FileStatus.REGISTERED, execution="arn", lease_seconds=1)


def test_times_sort_as_text() -> None:
    assert iso(START) < iso(START + timedelta(milliseconds=1)) < iso(START + timedelta(seconds=1))
