"""E16: deploying and destroying a stage leaves nothing behind, whatever it holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from local import emulator
from local.deployment import destroy
from local.progress import Steps
from local.stage import STATE, up
from tests.e2e.deployed import DeployedStage, described

pytestmark = pytest.mark.e2e

STEPS = Steps(Console(stderr=True))
DESTROY_STATE = STATE / "e2e-destroy"


@pytest.fixture
def own_stage() -> Iterator[DeployedStage]:
    """A stage of its own emulator: the session's is needed by the other tests."""
    emulator.stop(DESTROY_STATE)
    try:
        yield described(up(DESTROY_STATE, STEPS, runtime=os.environ.get("LEDGERLINE_RUNTIME")))
    finally:
        emulator.stop(DESTROY_STATE)


def test_a_stage_with_objects_and_hidden_versions_goes_without_a_trace(own_stage: DeployedStage) -> None:
    s3 = own_stage.client("s3")
    for key in ("elsewhere/kept", "elsewhere/deleted"):
        s3.put_object(Bucket=own_stage.bucket, Key=key, Body=b"1")
    s3.delete_object(Bucket=own_stage.bucket, Key="elsewhere/deleted")
    assert all(_remains(own_stage).values()), "before it is destroyed, there is something of every kind"
    destroy(own_stage.local.emulator, own_stage.local.assembly, DESTROY_STATE, STEPS)
    assert _remains(own_stage) == {kind: [] for kind in _remains(own_stage)}


def _remains(stage: DeployedStage) -> dict[str, list[Any]]:
    """Every resource that ends in the stage's suffix or names its stack, by kind."""
    listed: dict[str, list[str]] = {
        "buckets": [bucket["Name"] for bucket in stage.client("s3").list_buckets()["Buckets"]],
        "tables": stage.client("dynamodb").list_tables()["TableNames"],
        "functions": [function["FunctionName"] for function in stage.client("lambda").list_functions()["Functions"]],
        "layers": [layer["LayerName"] for layer in stage.client("lambda").list_layers()["Layers"]],
        "queues": stage.client("sqs").list_queues().get("QueueUrls", []),
        "topics": [topic["TopicArn"] for topic in stage.client("sns").list_topics()["Topics"]],
        "rules": [rule["Name"] for rule in stage.client("events").list_rules()["Rules"]],
        "machines": [machine["name"] for machine in stage.client("stepfunctions").list_state_machines()["stateMachines"]],
        "parameters": [parameter["Name"] for parameter in stage.client("ssm").describe_parameters()["Parameters"]],
        "alarms": [alarm["AlarmName"] for alarm in stage.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboards": [board["DashboardName"] for board in stage.client("cloudwatch").list_dashboards()["DashboardEntries"]],
        "logs": [group["logGroupName"] for group in stage.client("logs").describe_log_groups()["logGroups"]],
        "roles": [role["RoleName"] for role in stage.client("iam").list_roles()["Roles"]],
    }
    return {kind: [name for name in names if "cdk-" not in name] for kind, names in listed.items()}
