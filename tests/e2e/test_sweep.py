"""Files that nobody works on, found and ended by the deployed stage (E25)."""

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


@pytest.fixture(scope="module")
def files(stage: DeployedStage) -> StageFiles:
    return StageFiles(stage)


@pytest.fixture
def deaf(stage: DeployedStage) -> Iterator[None]:
    """No arrival and no bad end is told to the stage."""
    rules = stage.client("events")
    names = [f"etl-{kind}-{stage.suffix}" for kind in ("arrived", "ended-badly")]
    for name in names:
        rules.disable_rule(Name=name)
    yield
    for name in names:
        rules.enable_rule(Name=name)


def swept(stage: DeployedStage, *arguments: str) -> list[dict[str, Any]]:
    line = [sys.executable, "-m", "ops", "sweep", *arguments, "--json", "--stage", stage.suffix, "--region", stage.region]
    done = subprocess.run(line, env=stage.environment, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    files: list[dict[str, Any]] = json.loads(done.stdout)["found"]
    return files


@pytest.mark.usefixtures("deaf")
def test_a_file_whose_event_was_lost_ends_as_any_other(stage: DeployedStage, files: StageFiles) -> None:  # E5 E25
    key = "incoming/transactions/acme/lost.csv"
    identity = files.upload(key, csv([row(1), row(2)]))
    (seen,) = swept(stage, "--dry-run", "--min-age", "0")
    assert (seen["kind"], seen["about"], seen["execution"]) == ("lost", key, None)
    assert files.item(identity) is None
    (lost,) = swept(stage, "--min-age", "0")
    item = files.ended(identity)
    assert (item["file_status"], item["rows_accepted"], item["execution"]) == ("SUCCEEDED", 2, lost["execution"])


@pytest.mark.usefixtures("deaf")
def test_a_file_whose_execution_is_gone_is_brought_to_its_end_by_the_schedule(stage: DeployedStage, files: StageFiles) -> None:  # E25
    key, body = "incoming/transactions/acme/abandoned.csv", csv([row(1)])
    identity = files.upload(key, body)
    head = files.s3.head_object(Bucket=stage.bucket, Key=key)
    original = {"bucket": stage.bucket, "key": key, "version_id": head["VersionId"]}
    # Registered an hour ago, by an execution that Step Functions does not know.
    item = {
        **original, "file_id": identity, "chunk_id": "#file", "file_status": "REGISTERED", "partner": "acme", "dataset": "transactions",
        "name": "abandoned.csv", "created_at": "2020-01-01T00:00:00.000Z", "updated_at": "2020-01-01T00:00:00.000Z",
        "execution": f"{stage.state_machine.replace(':stateMachine:', ':execution:')}:nobody",
    }  # fmt: skip
    typed: dict[str, Any] = {name: {"S": value} for name, value in item.items()}
    typed |= {name: {"N": str(value)} for name, value in (("schema", 1), ("revision", 1), ("attempt", 1), ("lease_expires_at", 1))}
    typed |= {"size": {"N": str(len(body))}, "location": {"M": {name: {"S": value} for name, value in original.items()}}}
    files.table.put_item(TableName=stage.table, Item=typed)
    due = json.dumps({"detail-type": "Sweep Due", "source": "ledgerline.schedule", "detail": {}})
    sweep = files.states.start_execution(stateMachineArn=stage.state_machine, input=due)["executionArn"]
    wait_until(lambda: files.states.describe_execution(executionArn=sweep)["status"] != "RUNNING", "the sweep to end")
    described = files.states.describe_execution(executionArn=sweep)
    assert (described["status"], json.loads(described["output"])["found"]["abandoned"]) == ("SUCCEEDED", 1)
    ended = files.ended(identity)
    assert (ended["file_status"], ended["error_type"], ended["location"]["key"].split("/")[0]) == ("FAILED", "ExecutionGone", "failed")
    wait_until(lambda: (files.item(identity) or {}).get("published_at"), "the outcome to be told")
