"""E16: deploying and destroying a stage leaves nothing behind, whatever it holds. The session's stage is destroyed, as its last test."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from local.deployment import destroy
from local.progress import Steps
from tests.e2e.deployed import E2E_STATE, DeployedStage

pytestmark = pytest.mark.e2e


def test_a_stage_with_objects_and_hidden_versions_goes_without_a_trace(stage: DeployedStage) -> None:
    s3 = stage.client("s3")
    for key in ("elsewhere/kept", "elsewhere/deleted"):
        s3.put_object(Bucket=stage.bucket, Key=key, Body=b"1")
    s3.delete_object(Bucket=stage.bucket, Key="elsewhere/deleted")
    assert all(_remains(stage).values()), "before it is destroyed, there is something of every kind"
    destroy(stage.local.emulator, stage.local.assembly, E2E_STATE, Steps(Console(stderr=True)))
    assert _remains(stage) == {kind: [] for kind in _remains(stage)}


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
