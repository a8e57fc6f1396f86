"""D7: a deployment is refused unless a small file goes through it with exact counts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Callable
from unittest.mock import Mock

import pytest

from runtime.aws import own_stack
from runtime.core.models import FileStatus, FileTask
from runtime.steps import deployment_check
from runtime.steps.deployment_check import Check
from tests.support.workflow import BUCKET, SETTINGS, TABLE, Workflow

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:etl-workflow-test"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:etl-workflow-test:1"


class States:
    """Step Functions with the executions in ``last_events``, running, and the event with which each one's history ends."""

    def __init__(self) -> None:
        self.last_events: dict[str, dict[str, Any]] = {}

    def fail(self, name: str, cause: str, execution: str = EXECUTION, kind: str = "lambdaFunctionFailed") -> None:
        message = json.dumps({"errorMessage": cause, "errorType": name})
        self.last_events[execution] = {"type": kind, f"{kind}EventDetails": {"error": name, "cause": message}}

    def list_executions(self, **asked: Any) -> dict[str, Any]:
        of_map = "mapRunArn" in asked
        found = [arn for arn in self.last_events if ("/Chunks:" in arn) is of_map]
        return {"executions": [{"executionArn": arn, "startDate": datetime.now(timezone.utc)} for arn in found]}

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        return {"input": '{"detail":{"object":{"key":"incoming/_validation/deployment-x/probe.csv"}}}'}

    def list_map_runs(self, **_: Any) -> dict[str, Any]:
        return {"mapRuns": [{"mapRunArn": "run"}] if any("/Chunks:" in arn for arn in self.last_events) else []}

    def get_execution_history(self, **asked: Any) -> dict[str, Any]:
        return {"events": [self.last_events.get(asked["executionArn"], {"type": "TaskStateEntered"})]}


class Deployment:
    """A stage whose workflow runs on a probe while the check naps; ``notices`` says which of the probes."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow, self.now, self.runs = workflow, 1000.0, 0
        self.notices: Callable[[int], bool] = lambda number: True
        self.meanwhile: Callable[[FileTask], None] = lambda task: None
        self.states = States()
        self.check = Check(
            SETTINGS,
            workflow.s3,
            workflow.dynamodb,
            self.states,  # type: ignore[arg-type]
            MACHINE,
            "deployment-x",
            self.now + 600,
            lambda: self.now,
            self.sleep,
        )
        self.seen: set[str] = set()

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        versions = self.workflow.s3.list_object_versions(Bucket=BUCKET, Prefix="incoming/_validation/").get("Versions", [])
        for version in reversed(versions):
            if version["VersionId"] in self.seen:
                continue
            self.seen.add(version["VersionId"])
            if self.notices(len(self.seen)):
                self.process(version)

    def process(self, version: dict[str, Any]) -> None:
        stored = {"key": version["Key"], "size": version["Size"], "etag": version["ETag"].strip('"'), "version-id": version["VersionId"]}
        event = {
            "detail-type": "Object Created",
            "time": "2026-11-20T13:00:00Z",
            "detail": {"bucket": {"name": BUCKET}, "object": stored},
        }
        self.workflow.run(event)
        self.runs += 1
        item = self.workflow.item(event)
        self.meanwhile(FileTask(item["file_id"], item["attempt"], item["execution"]))

    def left(self) -> tuple[list[str], int]:
        listed = self.workflow.s3.list_object_versions(Bucket=BUCKET)
        objects = [entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in listed.get(kind, [])]
        return objects, self.workflow.dynamodb.scan(TableName=TABLE)["Count"]


@pytest.fixture
def deployment(workflow: Workflow) -> Deployment:
    return Deployment(workflow)


def test_a_good_deployment_passes_and_nothing_of_the_probe_is_left(deployment: Deployment) -> None:
    assert deployment.check.run() == []
    assert deployment.left() == ([], 0)


def test_a_deployment_that_loses_a_row_is_refused_and_the_probe_is_kept_as_evidence(deployment: Deployment) -> None:
    def lose(task: FileTask) -> None:
        deployment.workflow.stage.tracking.transition(
            task, FileStatus.SUCCEEDED, (FileStatus.SUCCEEDED,), {"rows_accepted": 240, "rows_read": 263}
        )

    deployment.meanwhile = lose
    assert deployment.check.run() == ["rows_read: expected 264, found 263", "rows_accepted: expected 241, found 240"]
    assert deployment.left()[1] > 0


def test_a_probe_that_is_published_refuses_the_deployment(deployment: Deployment) -> None:
    def publish(task: FileTask) -> None:
        deployment.workflow.stage.tracking.transition(task, FileStatus.SUCCEEDED, (FileStatus.SUCCEEDED,), {"published_at": "now"})

    deployment.meanwhile = publish
    assert deployment.check.run() == ["results queue: expected nothing about the probe, but its outcome was published at now"]


def test_a_deployment_that_rejects_the_probe_is_refused_with_the_reason(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.steps.stage.load_contracts", dict)
    (problem,) = deployment.check.run()
    assert "expected SUCCEEDED, found REJECTED (UnknownDataset:" in problem


def test_a_probe_that_a_new_bucket_did_not_report_is_sent_again(deployment: Deployment) -> None:
    deployment.notices = lambda number: number == 3
    assert deployment.check.run() == []
    assert len(deployment.check.sent) == 3
    assert deployment.now >= 1000 + 2 * 30
    assert deployment.left() == ([], 0), "what nobody noticed is removed too"


def test_a_probe_that_is_never_noticed_refuses_the_deployment_in_time(deployment: Deployment) -> None:
    deployment.notices = lambda number: False
    (problem,) = replace(deployment.check, until=1100.0).run()
    assert problem == "the probe incoming/_validation/deployment-x/probe.csv was not processed in 100 s"


@pytest.mark.parametrize("execution", [EXECUTION, EXECUTION.replace(":1", "/Chunks:1")], ids=["a state", "a chunk"])
def test_a_fault_refuses_the_deployment_at_its_first_try(deployment: Deployment, execution: str) -> None:
    """The workflow goes on trying for 21 minutes; nobody waits for that."""
    deployment.notices = lambda number: False
    deployment.states.last_events[EXECUTION] = {"type": "MapRunStarted"}
    deployment.states.fail("KeyError", "'the new code is broken'", execution)
    (problem,) = deployment.check.run()
    assert problem.endswith("expected SUCCEEDED, found a fault of what is deployed (KeyError: 'the new code is broken')")
    assert deployment.now < 1000 + 5
    assert len(deployment.check.sent) == 1, "a probe that is being worked on is not sent again"


@pytest.mark.parametrize("passing", ["Lambda.TooManyRequestsException", "StorageUnavailable", "Runtime.ExitError"])
def test_a_failure_that_passes_by_itself_is_waited_for(deployment: Deployment, passing: str) -> None:
    deployment.states.fail(passing, "later")
    assert deployment.check.run() == []


@pytest.mark.parametrize(("seconds", "refused"), [(70, False), (10_000, True)])
def test_a_role_that_was_made_a_moment_ago_is_given_time(deployment: Deployment, seconds: float, refused: bool) -> None:
    deployment.states.fail("AccessRefused", "S3 GetObject on 'probe.csv' was refused")
    process, deployment.process = deployment.process, lambda version: None
    sleep = deployment.sleep

    def nap(pause: float) -> None:
        if deployment.now >= 1000 + seconds:
            deployment.process = process
            deployment.seen.clear()
        sleep(pause)

    problems = replace(deployment.check, sleep=nap).run()
    assert bool(problems) is refused
    assert all("(AccessRefused: S3 GetObject" in problem for problem in problems)
    assert deployment.now < 1000 + 150


def test_an_execution_of_another_file_is_not_the_probes(deployment: Deployment) -> None:
    deployment.states.fail("KeyError", "a partner's file")
    deployment.states.describe_execution = lambda **_: {"input": '{"key":"incoming/d/p/probe.csv"}'}  # type: ignore[method-assign]
    deployment.notices = lambda number: number == 2
    assert deployment.check.run() == []


def test_a_handler_that_does_not_load_is_named() -> None:
    assert deployment_check.unloadable() == []
    (problem,) = deployment_check.unloadable(("runtime.handlers.register_file", "runtime.formats.is_not_there"))
    assert problem == "runtime.formats.is_not_there does not load: ModuleNotFoundError: No module named 'runtime.formats.is_not_there'"


REQUEST = {"RequestType": "Update", "RequestId": "5b2c6f0e-0000-4000-8000-000000000000", "StackId": "etl-test"}


@pytest.mark.parametrize(
    ("status", "problems"),
    [("UPDATE_IN_PROGRESS", ["nothing loads"]), ("CREATE_IN_PROGRESS", ["nothing loads"]), ("UPDATE_ROLLBACK_IN_PROGRESS", [])],
)
def test_a_rollback_is_not_checked_since_it_must_not_fail(monkeypatch: pytest.MonkeyPatch, status: str, problems: list[str]) -> None:
    client = Mock()
    client.describe_stacks.return_value = {"Stacks": [{"StackStatus": status}]}
    monkeypatch.setattr(own_stack, "make_client", lambda: client)
    monkeypatch.setattr(deployment_check, "unloadable", lambda: ["nothing loads"])
    assert deployment_check.check(REQUEST, 900) == problems
    client.describe_stacks.assert_called_once_with(StackName="etl-test")
