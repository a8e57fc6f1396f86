"""What starts the workflow, matched as EventBridge matches (E5, E25)."""

from __future__ import annotations

import json

import pytest
from ministack.services.eventbridge import _matches_pattern

from pipeline.templates import text
from runtime.core.models import Redrive
from tests.infrastructure.reading import only

BUCKET = "etl-data-123456789012-us-east-1-prod"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:etl-workflow-prod"


def created(key="incoming/transactions/acme/a.csv", bucket=BUCKET):
    return {
        "version": "0",
        "id": "1",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": "2026-01-02T03:04:05Z",
        "detail": {"bucket": {"name": bucket}, "object": {"key": key, "version-id": "v", "size": 1, "etag": "e"}},
    }


def ended(status, started_by, machine=MACHINE, compact=True):
    separators = (",", ":") if compact else None
    return {
        "version": "0",
        "id": "2",
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "time": "2026-01-02T03:04:05Z",
        "detail": {
            "executionArn": "arn:x",
            "stateMachineArn": machine,
            "status": status,
            "input": json.dumps(started_by, separators=separators),
        },
    }


def matches(stage, rule, event):
    pattern = json.loads(json.dumps(only(stage, "AWS::Events::Rule", Name=rule)[1]["EventPattern"]))
    detail = pattern["detail"]
    detail.update({"stateMachineArn": [MACHINE]} if "stateMachineArn" in detail else {"bucket": {"name": [BUCKET]}})
    entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
    return _matches_pattern(json.dumps(pattern), entry)


@pytest.mark.parametrize(
    ("event", "starts"),
    [
        (created(), True),
        (created(key="incoming/a b+c/ü.csv"), True),
        (created(key="processed/transactions/acme/a.csv"), False),
        (created(key="xincoming/a.csv"), False),
        (created(bucket="another"), False),
        ({**created(), "detail-type": "Object Deleted"}, False),
    ],
)
def test_only_objects_under_incoming_start_the_workflow(stage, event, starts):
    assert matches(stage, "etl-arrived-prod", event) is starts


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
@pytest.mark.parametrize("compact", [True, False], ids=["as AWS writes it", "with blanks"])
def test_an_execution_that_ends_badly_is_brought_to_its_end(stage, status, compact):
    assert matches(stage, "etl-ended-badly-prod", ended(status, created(), compact=compact))


def test_a_redrive_that_ends_badly_is_brought_to_its_end(stage):  # E25
    assert matches(stage, "etl-ended-badly-prod", ended("FAILED", Redrive("f" * 32, 1, "ada", from_start=False).to_event()))


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
def test_an_execution_that_runs_or_ended_well_is_left_alone(stage, status):
    assert not matches(stage, "etl-ended-badly-prod", ended(status, created()))


@pytest.mark.parametrize("compact", [True, False], ids=["as AWS writes it", "with blanks"])
def test_the_bad_end_of_a_recovery_starts_no_other(stage, compact):
    recovery = ended("FAILED", created(), compact=compact)
    assert not matches(stage, "etl-ended-badly-prod", ended("FAILED", recovery, compact=compact))


def test_a_key_that_quotes_the_guard_is_recovered_all_the_same(stage):
    hostile = created(key='incoming/"detail-type":"Step Functions Execution Status Change"')
    assert matches(stage, "etl-ended-badly-prod", ended("FAILED", hostile))


def test_executions_of_other_machines_are_not_ours(stage):
    assert not matches(stage, "etl-ended-badly-prod", ended("FAILED", created(), machine=f"{MACHINE}-other"))


def test_the_patterns_name_this_stages_bucket_and_machine(stage):
    bucket, _ = only(stage, "AWS::S3::Bucket", BucketName=BUCKET)
    arrived = only(stage, "AWS::Events::Rule", Name="etl-arrived-prod")[1]["EventPattern"]["detail"]
    badly = only(stage, "AWS::Events::Rule", Name="etl-ended-badly-prod")[1]["EventPattern"]["detail"]
    assert arrived["bucket"]["name"] == [{"Ref": bucket}]
    assert [text(arn) for arn in badly["stateMachineArn"]] == ["<WorkflowMachine0C2E3460>"]


def test_a_sweep_is_due_every_quarter_of_an_hour(stage):  # E25
    _, rule = only(stage, "AWS::Events::Rule", Name="etl-sweep-due-prod")
    assert rule["ScheduleExpression"] == "rate(15 minutes)"
    assert json.loads(rule["Targets"][0]["Input"])["detail-type"] == "Sweep Due"


def test_the_bad_end_of_a_sweep_settles_nothing_and_is_no_failure_of_its_own(stage):
    assert matches(stage, "etl-ended-badly-prod", ended("FAILED", {"detail-type": "Sweep Due", "detail": {}}))


def test_events_are_delivered_again_for_a_day_and_then_kept(stage):
    dead, queue = only(stage, "AWS::SQS::Queue", QueueName="etl-events-dlq-prod")
    assert "FifoQueue" not in queue
    for _, rule in stage.of_type("AWS::Events::Rule"):
        (target,) = rule["Targets"]
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": [dead, "Arn"]}}
        assert text(target["Arn"]) == "<WorkflowMachine0C2E3460>"
