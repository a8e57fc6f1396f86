"""The validation of a whole stage: the real steps of the workflow, done while the command sleeps (D4)."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from typer.testing import Result

from ops.aws import Aws
from ops.validated import CURRENT
from runtime.aws.tracking import utc_now
from runtime.core.models import FileStatus, FileTask
from tests.support.workflow import Workflow
from tests.unit.ops.deployed_stage import BUCKET, OUTPUTS, TABLE

pytestmark = pytest.mark.dear

Run = Callable[..., Result]


class Probed:
    """A deployed stage whose workflow runs at the first nap after an arrival."""

    def __init__(self, deployed: Any) -> None:
        self.deployed, self.now = deployed, 0.0
        self.sleeper, self.really_sleep = threading.get_ident(), time.sleep
        self.workflow: Any = Workflow(deployed.s3, deployed.dynamodb)
        self.meanwhile: Callable[[FileTask], None] = lambda task: None
        self.works = True
        self.execution = iter(["RUNNING", "SUCCEEDED"])

    def sleep(self, seconds: float) -> None:
        if threading.get_ident() != self.sleeper:  # a library's own thread: its naps are not the command's
            self.really_sleep(seconds)
            return
        self.now += seconds
        arrived = self.deployed.s3.list_object_versions(Bucket=BUCKET, Prefix="incoming/_validation/").get("Versions", [])
        if not (self.works and arrived):
            return
        event = _event(arrived[0])
        self.workflow.run(event)
        item = self.workflow.item(event)
        self.meanwhile(FileTask(item["file_id"], item["attempt"], item["execution"]))

    def describe_execution(self, executionArn: str) -> dict[str, str]:  # noqa: N803 - AWS's name
        assert executionArn.startswith("arn:aws:states:")
        return {"status": next(self.execution)}


def _event(version: Any) -> dict[str, Any]:
    stored = {"key": version["Key"], "size": version["Size"], "etag": version["ETag"].strip('"'), "version-id": version["VersionId"]}
    return {
        "detail-type": "Object Created",
        "time": "2026-11-20T13:00:00Z",
        "detail": {"bucket": {"name": BUCKET}, "object": stored, "requester": "123456789012", "source-ip-address": "192.0.2.1"},
    }


@pytest.fixture
def stage(deployed: Any, monkeypatch: pytest.MonkeyPatch) -> Probed:
    probed = Probed(deployed)
    monkeypatch.setattr(time, "sleep", probed.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: probed.now)
    monkeypatch.setattr(Aws, "workflows", SimpleNamespace(describe_execution=probed.describe_execution))
    role = boto3.client("iam").create_role(RoleName="etl-test", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "")
    for name in OUTPUTS["FunctionNames"].split(","):
        boto3.client("lambda").create_function(
            FunctionName=name, Runtime="python3.9", Role=role, Handler="handler.handler", Code={"ZipFile": code.getvalue()}
        )
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName="etl-test-errors",
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    # moto has no history of alarms; of one that has not changed since the deployment none is asked for.
    monkeypatch.setattr("ops.commands.validate.deployed_at", lambda *_: utc_now() + timedelta(minutes=1))
    return probed


def _left(deployed: Any) -> tuple[list[str], int]:
    listed = deployed.s3.list_object_versions(Bucket=BUCKET)
    objects = [entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in listed.get(kind, [])]
    return objects, deployed.dynamodb.scan(TableName=TABLE)["Count"]


def test_a_good_stage_passes_and_keeps_nothing_of_the_probe(stage: Probed, run: Run) -> None:
    result = run("validate", "--stage", "test", "--json")
    found = json.loads(result.stdout)
    assert found.pop("file_id")
    assert found == {
        "stage": "test",
        "region": "us-east-1",
        "passed": True,
        "problems": [],
        "remarks": [],
        "rows_read": 264,
        "rows_accepted": 241,
        "rows_rejected": 23,
    }
    assert result.exit_code == 0
    assert _left(stage.deployed) == ([], 0)


def test_a_probe_in_many_chunks_gives_the_same(stage: Probed, run: Run) -> None:
    stage.workflow.chunk_bytes = 700
    result = run("validate", "--stage", "test")
    assert (result.exit_code, result.stdout) == (
        0,
        "Validation of stage test in us-east-1 passed: functions, alarms and 264 probe rows are exactly as expected.\n",
    )


def test_a_row_that_a_stage_loses_is_named_and_the_probe_is_removed_all_the_same(stage: Probed, run: Run) -> None:
    def lose_a_row(task: FileTask) -> None:
        stage.workflow.stage.tracking.transition(
            task, FileStatus.SUCCEEDED, (FileStatus.SUCCEEDED,), {"rows_accepted": 240, "rows_read": 263}
        )

    stage.meanwhile = lose_a_row
    result = run("validate", "--stage", "test", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"] == ["rows_read: expected 264, found 263", "rows_accepted: expected 241, found 240"]
    assert "2 differences" in result.stderr
    assert _left(stage.deployed) == ([], 0)


def test_a_published_probe_fails_the_validation(stage: Probed, run: Run) -> None:
    def publish(task: FileTask) -> None:
        stage.workflow.stage.tracking.transition(
            task, FileStatus.SUCCEEDED, (FileStatus.SUCCEEDED,), {"published_at": "2026-11-20T13:00:00Z"}
        )

    stage.meanwhile = publish
    assert "results queue: expected nothing about validation data" in run("validate", "--stage", "test").stderr


def test_a_workflow_that_fails_after_the_file_was_done_fails_the_validation(stage: Probed, run: Run) -> None:
    stage.execution = iter(["FAILED"])
    assert "workflow: expected its execution SUCCEEDED, found FAILED" in run("validate", "--stage", "test").stderr


def test_a_probe_that_does_not_end_is_left_for_a_later_validation(stage: Probed, run: Run) -> None:
    stage.works = False
    result = run("validate", "--stage", "test", "--timeout", 60)
    assert result.exit_code == 1
    assert "was not registered: its event has not arrived" in result.stderr
    assert len(_left(stage.deployed)[0]) == 1


def test_a_probe_that_is_rejected_is_named_with_its_reason(stage: Probed, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = dict(stage.workflow.stage.contracts)
    del contracts["_validation"]
    monkeypatch.setitem(vars(stage.workflow.stage), "contracts", contracts)
    result = run("validate", "--stage", "test")
    assert result.exit_code == 1
    assert "probe: expected SUCCEEDED, found REJECTED (UnknownDataset:" in result.stderr
    assert _left(stage.deployed) == ([], 0)


def test_an_alarm_that_was_on_before_the_deployment_is_told_and_does_not_fail_it(stage: Probed, run: Run) -> None:  # D4
    boto3.client("cloudwatch").set_alarm_state(AlarmName="etl-test-errors", StateValue="ALARM", StateReason="test")
    result = run("validate", "--stage", "test")
    assert result.exit_code == 0
    assert "Remark: alarm etl-test-errors: in ALARM since" in result.stderr


class _CloudWatch:
    """One alarm that was on for an hour, and is OK now."""

    def __init__(self, began: datetime) -> None:
        over = began + timedelta(hours=1)
        alarm = {"AlarmName": "etl-test-errors", "StateValue": "OK", "StateUpdatedTimestamp": over}
        history = [("Alarm updated from ALARM to OK", over), ("Alarm updated from OK to ALARM", began)]
        self._answers: dict[str, Any] = {
            "describe_alarms": {"MetricAlarms": [alarm]},
            "describe_alarm_history": {"AlarmHistoryItems": [{"HistorySummary": summary, "Timestamp": at} for summary, at in history]},
        }

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [self._answers[operation]])


@pytest.fixture
def validated(stage: Probed, run: Run, monkeypatch: pytest.MonkeyPatch) -> Probed:
    """A stage that was changed 20 days ago, and validated then."""
    assert run("validate", "--stage", "test", "--record").exit_code == 0
    stage.execution = iter(["RUNNING", "SUCCEEDED"])
    changed = utc_now() - timedelta(days=20)
    monkeypatch.setattr("ops.commands.validate.deployed_at", lambda *_: changed)
    return stage


def test_a_delivery_that_changes_nothing_of_a_stage_answers_for_none_of_its_old_alarms(
    validated: Probed, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:  # D4: CloudFormation updates no stack that a push leaves as it is
    monkeypatch.setattr(Aws, "cloudwatch", _CloudWatch(utc_now() - timedelta(days=10)))
    result = run("validate", "--stage", "test")
    assert (result.exit_code, result.stderr.count("alarm etl-test-errors")) == (0, 0)


def test_an_alarm_of_the_validation_itself_fails_it_where_nothing_was_deployed_too(
    validated: Probed, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Aws, "cloudwatch", _CloudWatch(utc_now() + timedelta(minutes=1)))
    result = run("validate", "--stage", "test")
    assert result.exit_code == 1
    assert "after this validation began, and is OK now" in result.stderr


@pytest.mark.parametrize("record", [None, b"{", b'{"commit": null}'], ids=["another template", "no JSON", "no record"])
def test_what_was_deployed_answers_for_every_alarm_since(
    validated: Probed, run: Run, monkeypatch: pytest.MonkeyPatch, record: bytes | None
) -> None:  # D4
    if record is None:
        template = {
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": value} for name, value in OUTPUTS.items()},
        }
        boto3.client("cloudformation").update_stack(StackName="etl-test", TemplateBody=json.dumps(template))
    else:
        boto3.client("s3").put_object(Bucket=BUCKET, Key=CURRENT, Body=record)
    monkeypatch.setattr(Aws, "cloudwatch", _CloudWatch(utc_now() - timedelta(days=10)))
    result = run("validate", "--stage", "test")
    assert result.exit_code == 1
    assert "after the deployment, and is OK now" in result.stderr


def test_no_probe_is_sent_to_functions_that_cannot_run(stage: Probed, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.commands.validate.deployed_at", lambda *_: utc_now() - timedelta(minutes=1))
    boto3.client("lambda").delete_function(FunctionName="etl-process-chunk-test")
    boto3.client("cloudwatch").set_alarm_state(AlarmName="etl-test-errors", StateValue="ALARM", StateReason="test")
    result = run("validate", "--stage", "test", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["file_id"]) == (1, None)
    assert [problem.partition(":")[0] for problem in found["problems"]] == ["function etl-process-chunk-test", "alarm etl-test-errors"]
    assert _left(stage.deployed) == ([], 0)
