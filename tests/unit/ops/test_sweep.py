"""What ``ops sweep`` says and starts; what is found is tested with the sweep itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta

import boto3
import pytest
from typer.testing import Result

from runtime.aws.tracking import utc_now
from tests.unit.ops.deployed_stage import BUCKET, OUTPUTS, DeployedStage

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:etl-workflow-test"
KEY = "incoming/sales/acme/lost.csv"


@pytest.fixture
def stack(deployed: DeployedStage) -> DeployedStage:
    boto3.client("cloudformation").delete_stack(StackName="etl-test")
    deployed.create_stack({**OUTPUTS, "StateMachineArn": MACHINE})
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    boto3.client("stepfunctions").create_state_machine(
        name="etl-workflow-test", definition=definition, roleArn="arn:aws:iam::123456789012:role/workflow"
    )
    return deployed


def executions() -> int:
    return len(boto3.client("stepfunctions").list_executions(stateMachineArn=MACHINE)["executions"])


@pytest.mark.parametrize(("options", "started"), [(["--dry-run"], 0), ([], 1)])
def test_a_dry_run_says_the_same_and_starts_nothing(
    stack: DeployedStage, run: Callable[..., Result], options: list[str], started: int
) -> None:  # E25
    stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"a\n1\n")
    done = run("sweep", "--min-age", "0", "--stage", "test", "--json", *options)
    assert done.exit_code == 0, done.stderr
    (found,) = json.loads(done.stdout)["found"]
    assert (found["kind"], found["about"], bool(found["execution"])) == ("lost", KEY, bool(started))
    assert f"{KEY} arrived and was not recorded" in done.stderr
    assert executions() == started


@pytest.mark.parametrize("options", [["--dry-run"], []])
def test_outputs_that_nothing_names_are_shown_and_removed_on_demand(
    stack: DeployedStage, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:  # E22
    task = stack.arrive("incoming/sales/acme/a.csv")
    stack.fail(task, "REJECTED", "EmptyFile", "it is empty")
    left = f"curated/sales/{task.file_id}/00000-{'e' * 16}.parquet"
    stack.s3.put_object(Bucket=BUCKET, Key=left, Body=b"half")
    monkeypatch.setattr(sys.modules["ops.commands.sweep"], "utc_now", lambda: utc_now() + timedelta(hours=49))
    assert "leftovers" not in json.loads(run("sweep", "--stage", "test", "--json", "--dry-run").stdout)
    done = run("sweep", "--leftovers", "--stage", "test", "--json", *options)
    (found,) = json.loads(done.stdout)["leftovers"]
    assert (found["key"], found["size"], found["removed"]) == (left, 4, not options)
    assert f"{left} is not referred to by anything" in done.stderr
    assert ("Contents" in stack.s3.list_objects_v2(Bucket=BUCKET, Prefix="curated/")) == bool(options)


def test_what_is_younger_is_left_alone(stack: DeployedStage, run: Callable[..., Result]) -> None:
    stack.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"a\n1\n")
    assert run("sweep", "--stage", "test").stdout == "0 found.\n"
