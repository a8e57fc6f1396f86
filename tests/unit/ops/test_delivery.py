"""What the delivery asks of a deployed stage: its template, a place for the review, and its drift (D5, D10)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from typer.testing import CliRunner, Result

from ops.aws import Aws
from ops.cli import app
from ops.delivery.deployed import NOTHING_DEPLOYED

Run = Callable[..., Result]
TOPIC = "arn:aws:sns:eu-west-1:123456789012:etl-delivery-main"


@pytest.fixture
def cloud(environment: None) -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def cloudformation(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client("cloudformation", region_name="us-east-1")
    monkeypatch.setattr(Aws, "cloudformation", client)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def stack(status: str = "UPDATE_COMPLETE") -> dict[str, Any]:
    return {"Stacks": [{"StackName": "etl-test", "CreationTime": "2026-01-01T00:00:00Z", "StackStatus": status}]}


def test_the_deployed_template_is_printed_as_it_was_submitted(deployed: Any, run: Run) -> None:
    result = run("template", "--stage", "test")
    body = boto3.client("cloudformation", region_name="us-east-1").get_template(StackName="etl-test")["TemplateBody"]
    assert result.exit_code == 0
    assert json.loads(result.stdout) == (json.loads(body) if isinstance(body, str) else body)


def test_a_stage_that_is_not_there_is_an_error_or_an_empty_template(cloud: None, run: Run) -> None:
    missing = run("template", "--stage", "test")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert "there is no stack etl-test" in missing.stderr
    allowed = run("template", "--stage", "test", "--allow-missing")
    assert (allowed.exit_code, json.loads(allowed.stdout)) == (0, {})


@pytest.mark.parametrize("status", sorted(NOTHING_DEPLOYED))
def test_a_stack_that_never_came_to_be_has_nothing_deployed(cloudformation: Stubber, run: Run, status: str) -> None:
    cloudformation.add_response("describe_stacks", stack(status), {"StackName": "etl-test"})
    result = run("template", "--stage", "test", "--allow-missing")
    assert json.loads(result.stdout) == {}


def test_no_permission_is_not_taken_for_a_first_delivery(cloudformation: Stubber, run: Run) -> None:
    cloudformation.add_client_error("describe_stacks", "AccessDenied", "no")
    result = run("template", "--stage", "test", "--allow-missing")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "AWS refused DescribeStacks" in result.stderr


def test_a_review_is_published_with_types_that_a_browser_shows(cloud: None, run: Run, tmp_path: Path) -> None:
    boto3.client("s3").create_bucket(Bucket="artifacts")
    for name in ("review.html", "review.md", "summary.txt", "notes.bin"):
        (tmp_path / name).write_text(name)
    result = run("publish", tmp_path, "--bucket", "artifacts", "--prefix", "reviews/prod-dr/1/")
    assert result.stdout == (
        "https://us-east-1.console.aws.amazon.com/s3/object/artifacts?region=us-east-1&prefix=reviews%2Fprod-dr%2F1%2Freview.html\n"
    )
    listed = boto3.client("s3").list_objects_v2(Bucket="artifacts")["Contents"]
    types = {entry["Key"]: boto3.client("s3").head_object(Bucket="artifacts", Key=entry["Key"])["ContentType"] for entry in listed}
    assert types == {
        "reviews/prod-dr/1/review.html": "text/html; charset=utf-8",
        "reviews/prod-dr/1/review.md": "text/markdown; charset=utf-8",
        "reviews/prod-dr/1/summary.txt": "text/plain; charset=utf-8",
    }


def test_a_directory_without_a_review_is_named(cloud: None, run: Run, tmp_path: Path) -> None:
    result = run("publish", tmp_path, "--bucket", "artifacts", "--prefix", "x")
    assert result.exit_code == 1
    assert "has no review.html; write it with" in result.stderr


def detection(cloudformation: Stubber, *statuses: str, **more: str) -> None:
    cloudformation.add_response("describe_stacks", stack(), {"StackName": "etl-test"})
    cloudformation.add_response("detect_stack_drift", {"StackDriftDetectionId": "id"}, {"StackName": "etl-test"})
    for status in statuses:
        answer = {"StackId": "s", "StackDriftDetectionId": "id", "DetectionStatus": status, "Timestamp": "2026-01-01T00:00:00Z", **more}
        cloudformation.add_response("describe_stack_drift_detection_status", answer, {"StackDriftDetectionId": "id"})


def drifts(cloudformation: Stubber, *pages: list[dict[str, Any]]) -> None:
    for number, page in enumerate(pages):
        asked: dict[str, Any] = {"StackName": "etl-test", "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
        asked |= {"NextToken": str(number)} if number else {}
        token = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        cloudformation.add_response("describe_stack_resource_drifts", {"StackResourceDrifts": page, **token}, asked)


def resource(name: str, status: str = "MODIFIED", **difference: str) -> dict[str, Any]:
    return {
        "StackId": "s",
        "LogicalResourceId": name,
        "PhysicalResourceId": f"etl-{name}",
        "ResourceType": "AWS::SQS::Queue",
        "StackResourceDriftStatus": status,
        "Timestamp": "2026-01-01T00:00:00Z",
        "PropertyDifferences": [{"DifferenceType": "NOT_EQUAL", **difference}] if difference else [],
    }


CHANGED = resource("Queue", PropertyPath="/VisibilityTimeout", ExpectedValue="30", ActualValue="900")


def test_no_drift_is_said_once_detection_has_ended(cloudformation: Stubber, run: Run) -> None:
    detection(cloudformation, "DETECTION_IN_PROGRESS", "DETECTION_IN_PROGRESS", "DETECTION_COMPLETE")
    drifts(cloudformation, [])
    result = run("drift", "--stage", "test")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("No drift of stage test in us-east-1")


def test_drift_names_resource_property_and_both_values(cloudformation: Stubber, run: Run) -> None:
    detection(cloudformation, "DETECTION_COMPLETE")
    drifts(cloudformation, [CHANGED], [resource("Alarm", "DELETED")])
    result = run("drift", "--stage", "test", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["drifted"], [each["logical_id"] for each in found["resources"]]) == (True, ["Alarm", "Queue"])
    assert found["resources"][1]["properties"] == [{"path": "/VisibilityTimeout", "expected": "30", "actual": "900"}]
    assert "Alarm (AWS::SQS::Queue etl-Alarm): DELETED" in result.stderr
    assert "/VisibilityTimeout: the template says 30, it is 900" in result.stderr


@pytest.fixture
def told(cloudformation: Stubber, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """Regions and messages that a topic was given."""
    sent: list[tuple[str, dict[str, str]]] = []

    class Topic:
        def __init__(self, region: str) -> None:
            self.region = region

        def publish(self, **message: str) -> None:
            sent.append((self.region, message))

    monkeypatch.setattr(Aws, "sns", property(lambda aws: Topic(aws.region)))
    return sent


def test_a_topic_is_told_in_its_own_region_what_drifted(cloudformation: Stubber, run: Run, told: list[Any]) -> None:
    detection(cloudformation, "DETECTION_COMPLETE")
    drifts(cloudformation, [CHANGED])
    result = run("drift", "--stage", "test", "--topic", TOPIC)
    ((region, message),) = told
    assert (result.exit_code, region) == (0, "eu-west-1")
    assert (message["TopicArn"], message["Subject"]) == (TOPIC, "Drift of stage test")
    assert "/VisibilityTimeout: the template says 30, it is 900" in message["Message"]
    assert "docs/runbook.md" in message["Message"]


def test_a_topic_is_not_told_of_nothing(cloudformation: Stubber, run: Run, told: list[Any]) -> None:
    detection(cloudformation, "DETECTION_COMPLETE")
    drifts(cloudformation, [])
    assert run("drift", "--stage", "test", "--topic", TOPIC).exit_code == 0
    assert told == []


def test_a_message_stays_below_what_a_topic_takes(cloudformation: Stubber, run: Run, told: list[Any]) -> None:
    detection(cloudformation, "DETECTION_COMPLETE")
    drifts(cloudformation, [resource("Queue", PropertyPath="/Policy", ExpectedValue="ü" * 150_000, ActualValue="ü" * 150_000)])
    run("drift", "--stage", "test", "--topic", TOPIC)
    assert 100_000 < len(told[0][1]["Message"].encode()) < 262_144


def test_a_topic_is_told_what_a_build_found(told: list[Any]) -> None:  # G8
    found = "runtime/layers/requirements-3.9.txt: urllib3 1.26.20: GHSA-2xpw\n\x1b[31mred\n"
    result = CliRunner().invoke(app, ["notify", "--topic", TOPIC, "--subject", "Known", "--advice", "Look."], input=found)
    ((region, message),) = told
    assert (result.exit_code, region, message["Subject"]) == (0, "eu-west-1", "Known")
    assert message["Message"].startswith("runtime/layers/requirements-3.9.txt: urllib3 1.26.20: GHSA-2xpw\n")
    assert message["Message"].endswith("\n\nLook.\n")
    assert "\x1b" not in message["Message"]


def test_a_stack_that_is_being_changed_is_not_asked(cloudformation: Stubber, run: Run) -> None:
    cloudformation.add_response("describe_stacks", stack("UPDATE_IN_PROGRESS"), {"StackName": "etl-test"})
    result = run("drift", "--stage", "test")
    assert result.exit_code == 1
    assert "the stack is UPDATE_IN_PROGRESS; look again when that has ended" in result.stderr


def test_a_detection_that_fails_is_an_error_and_not_no_drift(cloudformation: Stubber, run: Run) -> None:
    detection(cloudformation, "DETECTION_FAILED", DetectionStatusReason="Failed to detect drift on resource [Queue]")
    result = run("drift", "--stage", "test")
    assert result.exit_code == 1
    assert "drift is not known: Failed to detect drift on resource [Queue]" in result.stderr


def test_a_detection_that_does_not_end_is_an_error(cloudformation: Stubber, run: Run) -> None:
    detection(cloudformation, "DETECTION_IN_PROGRESS", "DETECTION_IN_PROGRESS")
    result = run("drift", "--stage", "test", "--timeout", 10)
    assert result.exit_code == 1
    assert "detection did not end in 10 s" in result.stderr
