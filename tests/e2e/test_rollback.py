"""REQUIREMENTS D7: a commit that breaks the stage is taken back, by the deployment itself or after the validation."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.validated import digest_of
from tests.e2e.broken import FAILS, WRONG, Change, Delivery
from tests.e2e.deployed import DeployedStage
from tests.e2e.files import StageFiles
from tests.support.transactions import csv, row

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def delivery(stage: DeployedStage) -> Delivery:
    return Delivery(stage)


def ops(stage: DeployedStage, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ops", command, *arguments, "--stage", stage.suffix, "--region", stage.region, "--json"]
    return subprocess.run(line, cwd=ROOT, env=stage.environment, capture_output=True, text=True, check=False)


def fingerprint(delivery: Delivery) -> tuple[str, dict[str, str]]:
    return digest_of(json.dumps(delivery.template(), sort_keys=True).encode()), delivery.code()


def processes_a_file(stage: DeployedStage, name: str) -> dict[str, Any]:
    item = StageFiles(stage).send(f"incoming/transactions/acme/{name}.csv", csv(row(number) for number in range(30)))
    assert (item["file_status"], item["rows_read"], item["rows_accepted"]) == ("SUCCEEDED", 30, 30)
    return item


def test_the_deployment_left_nothing_of_its_probe(stage: DeployedStage) -> None:
    versions = stage.client("s3").list_object_versions(Bucket=stage.bucket).get("Versions", [])
    assert [version["Key"] for version in versions if "/_validation/deployment-" in version["Key"]] == []


def test_a_deployment_that_cannot_process_a_file_is_rolled_back_by_its_own_check(stage: DeployedStage, delivery: Delivery) -> None:
    before = fingerprint(delivery)
    stack = delivery.deploy(FAILS)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (reason,) = [reason for reason in delivery.reasons() if reason.startswith("DeploymentCheck")]
    assert "This deployment cannot process a file: probe" in reason
    assert "(RuntimeError: the new code is broken)" in reason
    assert fingerprint(delivery) == before
    processes_a_file(stage, "after-the-check")


def test_a_deployment_whose_code_does_not_load_is_refused_before_any_file_is_sent(stage: DeployedStage, delivery: Delivery) -> None:
    before = fingerprint(delivery)
    stack = delivery.deploy(
        Change("runtime/formats/csv/planning.py", "from __future__ import annotations", "import a_module_that_is_not_there")
    )
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (
        "runtime.formats.csv.files does not load: ModuleNotFoundError: No module named 'a_module_that_is_not_there'"
        in delivery.reasons()[0]
    )
    assert fingerprint(delivery) == before


def test_a_stage_that_fails_its_validation_goes_back_to_what_was_last_validated(stage: DeployedStage, delivery: Delivery) -> None:
    validated = ops(stage, "validate", "--record", "--commit", "c0ffee")
    assert validated.returncode == 0, validated.stderr
    before = fingerprint(delivery)

    stack = delivery.deploy(WRONG)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert fingerprint(delivery) != before
    refused = ops(stage, "validate", "--record")
    assert refused.returncode == 1
    assert "reject expected and not found: row" in refused.stderr

    back = ops(stage, "rollback")
    assert back.returncode == 0, back.stderr
    said = json.loads(back.stdout)
    assert (said["commit"], said["functions"], said["passed"], said["problems"]) == ("c0ffee", len(before[1]), True, [])
    assert fingerprint(delivery) == before
    processes_a_file(stage, "after-the-rollback")

    again = ops(stage, "rollback")
    assert again.returncode == 0, "nothing to roll back is no failure"
    assert "there is nothing to roll back" in again.stderr
