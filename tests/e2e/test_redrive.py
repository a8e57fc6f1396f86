"""Files that are taken up again on the deployed stage (E25), by the command that an operator has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest

from tests.e2e.deployed import DeployedStage
from tests.e2e.files import StageFiles, wait_until
from tests.support.transactions import csv, row

pytestmark = [pytest.mark.e2e, pytest.mark.dear]
ROOT = Path(__file__).resolve().parents[2]
ROWS = 1000


@pytest.fixture(scope="module")
def files(stage: DeployedStage) -> StageFiles:
    return StageFiles(stage)


@pytest.fixture
def failed(stage: DeployedStage, files: StageFiles, small_chunks: None) -> dict[str, Any]:
    """A file none of whose chunks could be processed, since their function was deployed broken; it is mended."""
    functions, name = stage.client("lambda"), f"etl-process-chunk-{stage.suffix}"
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler="runtime.handlers.nosuch.handler")
    try:
        item = files.send("incoming/transactions/acme/taken up again.csv", csv(row(number) for number in range(ROWS)))
    finally:
        functions.update_function_configuration(FunctionName=name, Handler=handler)
    assert item["file_status"] == "FAILED"
    return item


def finish(stage: DeployedStage, files: StageFiles, item: dict[str, Any], count: int) -> None:
    """A late worker of the attempt that failed brings its first *count* chunks to their end."""
    for task in json.loads(files.read(item["manifest_key"]))[:count]:
        payload = json.dumps({"chunk": {**task, "source": item["location"]}, "attempt": 1, "execution": item["execution"]})
        answer = stage.client("lambda").invoke(FunctionName=f"etl-process-chunk-{stage.suffix}", Payload=payload)
        assert "FunctionError" not in answer, answer["Payload"].read()


def ops(stage: DeployedStage, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ops", *arguments, "--stage", stage.suffix, "--region", stage.region]
    return subprocess.run(line, env=stage.environment, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)


def test_a_redrive_finishes_a_failed_file_and_repeats_no_finished_chunk(
    stage: DeployedStage, files: StageFiles, failed: dict[str, Any]
) -> None:  # E17 E25
    files.outcomes()
    finish(stage, files, failed, 3)
    finished = files.chunks(failed["file_id"])[:3]
    assert [chunk["status"] for chunk in finished] == ["DONE"] * 3
    done = ops(stage, "redrive", failed["file_id"], "--wait", "--json")
    assert done.returncode == 0, done.stderr
    redriven = json.loads(done.stdout)
    assert (redriven["status"], redriven["rows_accepted"], redriven["error"]) == ("SUCCEEDED", ROWS, None)
    item = files.ended(failed["file_id"])
    assert (item["attempt"], item["location"]["key"].split("/")[0]) == (2, "processed")
    assert files.chunks(failed["file_id"])[:3] == finished
    assert [accepted["transaction_id"] for accepted in files.accepted(item)] == [f"{number:032x}" for number in range(ROWS)]
    assert files.keys("failed/transactions/acme/" + failed["file_id"]) == []
    assert [(outcome["status"], outcome["attempt"]) for outcome in files.outcomes()] == [("SUCCEEDED", 2)]
    assert item["published_at"]
    again = ops(stage, "redrive", failed["file_id"])
    assert (again.returncode, "nothing left to do" in again.stderr) == (0, True)


@pytest.fixture
def disabled_rule(stage: DeployedStage) -> Iterator[None]:
    rules, name = stage.client("events"), f"etl-arrived-{stage.suffix}"
    rules.disable_rule(Name=name)
    yield
    rules.enable_rule(Name=name)


@pytest.mark.usefixtures("disabled_rule")
def test_an_event_of_the_dead_letter_queue_is_delivered_by_hand(stage: DeployedStage, files: StageFiles) -> None:  # E5 E25
    key, body = "incoming/transactions/acme/dead letter.csv", csv([row(1), row(2)])
    identity = files.upload(key, body)
    version = files.s3.head_object(Bucket=stage.bucket, Key=key)
    stored = {"key": key, "size": len(body), "etag": version["ETag"].strip('"'), "version-id": version["VersionId"]}
    event = {
        "detail-type": "Object Created",
        "time": "2026-11-20T13:00:00Z",
        "detail": {"bucket": {"name": stage.bucket}, "object": stored},
    }
    queue = files.sqs.get_queue_url(QueueName=f"etl-events-dlq-{stage.suffix}")["QueueUrl"]
    for _ in range(2):
        files.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    done = ops(stage, "redrive", "--dead-letters", "--json")
    assert done.returncode == 0, done.stderr
    started = [entry["execution"] for entry in json.loads(done.stdout)["started"]]
    assert len(started) == 2
    item = files.ended(identity)
    assert (item["file_status"], item["attempt"], item["execution"] in started) == ("SUCCEEDED", 1, True)
    wait_until(lambda: not files.running(), "the duplicate to end")
    assert {files.states.describe_execution(executionArn=one)["status"] for one in started} == {"SUCCEEDED"}
