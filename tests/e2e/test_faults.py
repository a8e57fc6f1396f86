"""What goes wrong around a file on the deployed stage: workers that die, services that throttle, an alert that cannot be sent."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Iterator

import pytest

from tests.e2e.deployed import DeployedStage
from tests.e2e.files import StageFiles, wait_until
from tests.e2e.gateway import Gateway, Hold, Refusals, dynamodb_throttled, s3_aborted
from tests.e2e.histories import children, entered, failures, waits
from tests.support.transactions import csv, row

pytestmark = [pytest.mark.e2e, pytest.mark.dear]
ROWS = 1000
THROTTLED = "Lambda.TooManyRequestsException"


@pytest.fixture(scope="module")
def files(stage: DeployedStage) -> StageFiles:
    return StageFiles(stage)


@pytest.fixture(scope="module")
def gateway(stage: DeployedStage) -> Iterator[Gateway]:
    gateway = Gateway(stage)
    yield gateway
    gateway.close()


def adds_up(files: StageFiles, item: dict[str, Any], rows: int = ROWS) -> None:
    """Every row is there once, in its order, and every chunk counts once."""
    assert item["file_status"] == "SUCCEEDED", item.get("error_message")
    assert (item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == (rows, rows, 0)
    assert [accepted["transaction_id"] for accepted in files.accepted(item)] == [f"{number:032x}" for number in range(rows)]
    assert [chunk["status"] for chunk in files.chunks(item["file_id"])] == ["DONE"] * item["chunks"]


def body(rows: int = ROWS) -> bytes:
    return csv(row(number) for number in range(rows))


@pytest.mark.usefixtures("small_chunks")
def test_workers_killed_in_mid_chunk_lose_and_repeat_no_row(files: StageFiles, gateway: Gateway) -> None:  # E21 E25
    """They have read their bytes and are about to write their Parquet when they are killed."""
    hold = Hold(lambda call: call.method == "PUT" and call.key.startswith("curated/"))
    with gateway.between("process_chunk", rule=hold):
        identity = files.upload("incoming/transactions/acme/killed.csv", body())
        wait_until(lambda: len(hold.held) > 1, "workers in the middle of their chunks")
        running = sum(chunk["status"] == "RUNNING" for chunk in files.chunks(identity))
        killed = gateway.kill_workers()
        hold.released.set()
        item = files.ended(identity)
    assert killed >= running > 1
    adds_up(files, item)
    chunks = files.chunks(identity)
    assert Counter(chunk["attempts"] for chunk in chunks)[2] >= len(hold.held)
    died = [error for child in children(files, item["execution"]) for error in failures(files, child["executionArn"])]
    assert len(died) >= len(hold.held)
    assert set(died) == {"Runtime.ExitError"}


@pytest.mark.parametrize(
    ("refused", "delayed"),
    [pytest.param(7, False, id="for one try"), pytest.param(29, True, id="for longer than four tries", marks=pytest.mark.long)],
)
def test_a_throttled_table_delays_a_file(files: StageFiles, gateway: Gateway, refused: int, delayed: bool) -> None:  # E7 E23
    """The SDK tries seven times by itself, with waits of its own, before a function gives up."""
    rule = Refusals({"GetItem": 1, "UpdateItem": refused}, dynamodb_throttled)
    with gateway.between("process_chunk", rule=rule):
        item = files.ended(files.upload("incoming/transactions/acme/throttled table.csv", body(10)), deadline_seconds=600)
    assert rule.refused == rule.first
    adds_up(files, item, 10)
    (chunk,) = children(files, item["execution"])
    errors = failures(files, chunk["executionArn"])
    assert set(errors) == {"TrackingThrottled"}
    assert (len(errors) > 3) is delayed


@pytest.fixture
def scaled_waits(stage: DeployedStage) -> Iterator[float]:
    yield from _scaled(stage, 0.25)


@pytest.fixture
def short_waits(stage: DeployedStage) -> Iterator[float]:
    yield from _scaled(stage, 0.001)


def _scaled(stage: DeployedStage, scale: float) -> Iterator[float]:
    stage.set_wait_scale(scale)
    yield scale
    stage.set_wait_scale(0)


def test_a_chunk_that_always_fails_is_retried_three_times_with_growing_waits(
    files: StageFiles, gateway: Gateway, scaled_waits: float
) -> None:  # E7 E22
    """The emulator knows no jitter, so a wait is at least what the state machine says."""
    files.outcomes()
    with gateway.between("process_chunk", rule=lambda call: s3_aborted(call) if call.method == "PUT" else None):
        item = files.send("incoming/transactions/acme/always fails.csv", body(10))
    (child,) = children(files, item["execution"])
    assert failures(files, child["executionArn"]) == ["StorageUnavailable"] * 4
    assert [waited >= seconds * scaled_waits for waited, seconds in zip(waits(files, child["executionArn"]), (2, 4, 8))] == [True] * 3
    (chunk,) = files.chunks(item["file_id"])
    assert (chunk["status"], chunk["attempts"]) == ("FAILED", 4)
    assert [error["type"] for error in chunk["errors"]] == ["StorageUnavailable"] * 4
    assert (item["file_status"], item["error_type"]) == ("FAILED", "StorageUnavailable")
    assert files.read(item["location"]["key"]) == body(10)
    assert files.keys(f"curated/transactions/_files/{item['file_id']}") == []
    assert files.states.describe_execution(executionArn=item["execution"])["error"] == "FileFailed"
    assert [outcome["status"] for outcome in files.outcomes()] == ["FAILED"]


@pytest.mark.parametrize("function", ["register_file", "process_chunk", "record_failure"])
@pytest.mark.usefixtures("short_waits")
def test_a_function_that_may_not_run_delays_a_file_and_never_fails_it(
    stage: DeployedStage, files: StageFiles, function: str
) -> None:  # E23
    """It is refused four times and more, in the main road, in a chunk's own execution, and where failures are recorded."""
    functions, name = stage.client("lambda"), f"etl-{function.replace('_', '-')}-{stage.suffix}"
    before = set(files.running())
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        identity = files.upload("incoming/transactions/acme/no room.csv", b"a;b\n1;2\n" if function == "record_failure" else body(10))
        (execution,) = wait_until(lambda: set(files.running()) - before, "the file's execution")
        wait_until(lambda: refusals(files, execution) > 4, f"{name} to be refused more often than it is retried")
    finally:
        functions.delete_function_concurrency(FunctionName=name)
    item = files.ended(identity)
    assert item["execution"] == execution
    if function == "record_failure":
        assert (item["file_status"], item["error_type"]) == ("REJECTED", "HeaderMismatch")
    else:
        adds_up(files, item, 10)


def refusals(files: StageFiles, execution: str) -> int:
    executions = [execution, *(child["executionArn"] for child in children(files, execution))]
    return sum(failures(files, one).count(THROTTLED) for one in executions)


@pytest.fixture
def small_account(stage: DeployedStage) -> Iterator[None]:
    """Four functions may run at once, whosever they are; a new account of AWS may have ten."""
    stage.set_concurrency(4)
    yield
    stage.set_concurrency(0)


@pytest.mark.long
@pytest.mark.usefixtures("small_account", "small_chunks", "short_waits")
def test_fifty_files_at_once_all_finish_in_a_small_account(files: StageFiles) -> None:  # E23
    """Every tenth is rejected: recording that is throttled like all else."""
    files.outcomes()
    rows = 300
    sent = {
        files.upload(f"incoming/transactions/bank{number % 5}/at once {number}.csv", b"a;b\n" if number % 10 == 9 else body(rows)): number
        for number in range(50)
    }
    items = {identity: files.ended(identity, deadline_seconds=600) for identity in sent}
    for identity, number in sent.items():
        if number % 10 == 9:
            assert (items[identity]["file_status"], items[identity]["error_type"]) == ("REJECTED", "HeaderMismatch")
        else:
            adds_up(files, items[identity], rows)
    assert Counter(outcome["file_id"] for outcome in files.outcomes() if outcome["file_id"] in sent) == dict.fromkeys(sent, 1)
    assert sum(refusals(files, item["execution"]) for item in items.values()) > 0


@pytest.fixture
def lost_topic(stage: DeployedStage) -> Iterator[None]:
    """The alerts topic is deleted; at the end it is there again, with its subscribers."""
    sns, topic = stage.client("sns"), stage.alerts_topic
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    subscribers = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    sns.delete_topic(TopicArn=topic)
    yield
    kept = {name: attributes[name] for name in ("Policy", "KmsMasterKeyId") if name in attributes}
    assert sns.create_topic(Name=topic.rpartition(":")[2], Attributes=kept)["TopicArn"] == topic
    for subscriber in subscribers:
        sns.subscribe(TopicArn=topic, Protocol=subscriber["Protocol"], Endpoint=subscriber["Endpoint"])


@pytest.mark.usefixtures("lost_topic")
def test_a_lost_topic_keeps_no_outcome_from_its_partner_and_is_reported(stage: DeployedStage, files: StageFiles) -> None:  # E17 E19
    files.outcomes()
    rejected = files.send("incoming/transactions/acme/nobody hears.csv", b"a;b\n1;2\n")
    accepted = files.send("incoming/transactions/acme/nobody has to.csv", body(10))
    assert (rejected["file_status"], accepted["file_status"]) == ("REJECTED", "SUCCEEDED")
    assert rejected["published_at"]
    assert {outcome["file_id"]: outcome["status"] for outcome in files.outcomes()} == {
        rejected["file_id"]: "REJECTED",
        accepted["file_id"]: "SUCCEEDED",
    }
    ended = files.states.describe_execution(executionArn=rejected["execution"])
    assert (ended["status"], ended["error"]) == ("FAILED", "AlertUndelivered")
    assert len([error for error in failures(files, rejected["execution"]) if error.startswith(("SNS", "Sns"))]) == 4
    assert files.states.describe_execution(executionArn=accepted["execution"])["status"] == "SUCCEEDED"
    again = wait_until(lambda: reported(files, stage, rejected["execution"]), "the failed execution to be reported")
    wait_until(lambda: entered(files, again)[-1] == "NothingToDo", "nothing to be told twice")


def reported(files: StageFiles, stage: DeployedStage, execution: str) -> str | None:
    """The execution that EventBridge's report of the end of *execution* started."""
    listed = files.states.list_executions(stateMachineArn=stage.state_machine)["executions"]
    for one in listed:
        given = json.loads(files.states.describe_execution(executionArn=one["executionArn"])["input"])
        if given.get("detail", {}).get("executionArn") == execution:
            return str(one["executionArn"])
    return None
