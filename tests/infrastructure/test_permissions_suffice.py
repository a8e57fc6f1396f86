"""What the steps really call is what their roles allow (E13): the emulator enforces no policy, AWS does.

Files go through the real steps on an in-process S3 and DynamoDB; every call is recorded with the step that made it
and held against the policy in the template.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from runtime.aws.tracking import utc_now
from runtime.core.errors import StorageUnavailable
from runtime.core.models import EXECUTION_ENDED, Redrive
from runtime.steps import snapshot
from runtime.steps.deployment_check import Check
from runtime.steps.fail import record_failure
from runtime.steps.orphaned_outputs import MIN_AGE, OrphanedOutputs
from runtime.steps.sweep import Sweep
from tests.infrastructure.reading import allowed
from tests.support import workflow as walked
from tests.support.accounts import Account
from tests.support.transactions import csv, row

#: Operations that no key narrows, and the action that authorizes each.
OTHERS = {
    **{
        operation: f"dynamodb:{operation}"
        for operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "BatchWriteItem", "BatchGetItem")
    },
    "ListObjectVersions": "s3:ListBucketVersions",
    **{
        operation: f"states:{operation}"
        for operation in ("ListExecutions", "DescribeExecution", "StartExecution", "ListMapRuns", "GetExecutionHistory")
    },
}
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:etl-workflow-prod"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:etl-workflow-prod:1"
#: Steps whose function is called otherwise.
HANDLERS = {"process": "process_chunk", "redrive_file": "register_file"}
TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


@dataclass
class Calls:
    """(step, IAM action, key or None) of every call; calls outside a step are the test's own."""

    step: str | None = None
    made: set[tuple[str, str, str | None]] = field(default_factory=set)

    def record(self, params, model, **_):
        if self.step is not None:
            self.made |= {(self.step, action, key) for action, key in actions(model.name, params)}


PUTS = ("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")


def actions(operation, params):  # noqa: PLR0911 - one a shape of call
    """The IAM actions that authorize a call, as the service authorization reference lists them."""
    key, version = params.get("Key"), "VersionId" in params
    if operation in ("GetObject", "HeadObject"):
        return [("s3:GetObjectVersion" if version else "s3:GetObject", key)]
    if operation in (*PUTS, "AbortMultipartUpload"):
        return [("s3:PutObject" if operation in PUTS else f"s3:{operation}", key)]
    if operation in ("DeleteObject", "DeleteObjects"):
        deleted = params["Delete"]["Objects"] if operation == "DeleteObjects" else [params]
        return [("s3:DeleteObjectVersion" if "VersionId" in entry else "s3:DeleteObject", entry["Key"]) for entry in deleted]
    if operation == "UploadPartCopy":
        return [("s3:GetObject", params["CopySource"]["Key"]), ("s3:PutObject", key)]
    if operation == "CopyObject":
        source = params["CopySource"]
        reads = [("s3:GetObjectVersion", source["Key"]), ("s3:GetObjectVersionTagging", source["Key"])]
        return [*reads, ("s3:PutObject", key), ("s3:PutObjectTagging", key)]
    if operation == "TransactWriteItems":
        return [(f"dynamodb:{TRANSACTION[kind]}", None) for write in params["TransactItems"] for kind in write]
    assert operation in OTHERS, f"which actions authorize {operation}?"
    return [(OTHERS[operation], None)]


@pytest.fixture
def calls():
    return Calls()


@pytest.fixture
def workflow(monkeypatch, calls):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    call_step = walked.call_step

    def named(step, *arguments):
        before, calls.step = calls.step, HANDLERS.get(step.__name__, step.__name__)
        snapshot.load.cache_clear()  # each step is a function of its own
        try:
            return call_step(step, *arguments)
        finally:
            calls.step = before

    monkeypatch.setattr(walked, "call_step", named)
    with mock_aws():
        clients = walked.make_store()
        for client in clients:
            client.meta.events.register("before-parameter-build.*.*", calls.record)
        yield walked.Workflow(*clients)


def refused(stage, calls):
    """Calls that the policy of their step does not allow."""
    grants = {step: list(allowed(stage, f"etl-{step.replace('_', '-')}-prod").values()) for step, _, _ in calls.made}

    def permits(step, action, key):
        patterns = [pattern for granted, resources in grants[step] if action in granted for pattern in resources]
        objects = [pattern.partition("/")[2] for pattern in patterns]
        return bool(patterns) if key is None else any(fnmatchcase(key, pattern) for pattern in objects)

    return sorted(call for call in calls.made if not permits(*call))


def test_a_file_that_succeeds(stage, workflow, calls):
    body = csv([*(row(number) for number in range(40)), row(3), row(41, amount="many")])
    event = workflow.upload("incoming/transactions/acme/a b+ü.csv", body)
    assert workflow.run(event)["outcome"]["status"] == "SUCCEEDED"
    assert workflow.run(event)["decision"] == "NOTHING"
    assert {step for step, _, _ in calls.made} == {"register_file", "validate_file", "plan_chunks", "process_chunk", "finalize_file"}
    assert refused(stage, calls) == []


def accounts(number=9):
    return b"".join(Account(at).record() for at in range(number))


def test_a_file_that_has_extracts(stage, workflow, calls):  # F1
    assert workflow.run(workflow.upload("incoming/accounts/cardco/acct.ps", accounts()))["outcome"]["status"] == "SUCCEEDED"
    assert {("process_chunk", "s3:PutObject"), ("finalize_file", "s3:GetObject")} <= {
        (step, action) for step, action, key in calls.made if key and key.endswith(".standard.extract")
    }
    assert refused(stage, calls) == []


def test_extracts_that_are_long_enough_to_be_copied(stage, workflow, calls):  # F1
    workflow.chunk_bytes = 20_000_000
    assert workflow.run(workflow.upload("incoming/accounts/cardco/acct.ps", accounts() * 10_000))["outcome"]["status"] == "SUCCEEDED"
    assert len(workflow.read(workflow.keys("extracts/")[0])) == 90_000 * 110
    assert refused(stage, calls) == []


def test_a_file_that_is_decoded(stage, workflow, calls):
    body = gzip.compress(csv(row(number) for number in range(40)))
    assert workflow.run(workflow.upload("incoming/transactions/acme/a.csv.gz", body))["outcome"]["status"] == "SUCCEEDED"
    assert {("plan_chunks", "s3:PutObject"), ("process_chunk", "s3:GetObjectVersion")} <= {
        (step, action)
        for step, action, key in calls.made
        if key and key.startswith("staging/transactions/") and key.endswith("decoded.csv")
    }
    assert refused(stage, calls) == []


def test_a_file_that_cannot_be_decoded_to_its_end(stage, workflow, calls):
    body = gzip.compress(csv(row(number) for number in range(4000)))
    assert workflow.run(workflow.upload("incoming/transactions/acme/a.csv.gz", body[:-9]))["outcome"]["status"] == "REJECTED"
    assert "s3:AbortMultipartUpload" in {action for _, action, _ in calls.made}
    assert refused(stage, calls) == []


def test_a_file_that_is_rejected(stage, workflow, calls):
    event = workflow.upload("incoming/transactions/acme/a.csv", b"this,is,not,the,header\n1,2,3,4,5\n")
    assert workflow.run(event)["outcome"]["status"] == "REJECTED"
    assert "record_failure" in {step for step, _, _ in calls.made}
    assert refused(stage, calls) == []


@pytest.mark.parametrize(("good", "step", "status"), [(9, "finalize_file", "SUCCEEDED"), (0, "record_failure", "REJECTED")])
def test_a_file_with_more_reasons_than_an_item_keeps(stage, workflow, calls, monkeypatch, good, step, status):
    rows = [row(number, **{("amount" if number % 2 else "currency"): "x"}) for number in range(40)]
    rows += [row(number) for number in range(40, 40 + good)]
    with monkeypatch.context() as few:
        few.setattr("runtime.steps.reasons.COMMONEST", 1)
        assert workflow.run(workflow.upload("incoming/transactions/acme/a.csv", csv(rows)))["outcome"]["status"] == status
    assert (step, "s3:GetObject") in {(by, action) for by, action, key in calls.made if key and key.endswith(".reasons.json")}
    assert refused(stage, calls) == []


@pytest.mark.parametrize("key", ["incoming/transactions/acme/a.csv", "incoming/accounts/cardco/a.ps"])
def test_a_file_that_was_committed_and_is_rolled_forward_by_the_failure_path(stage, workflow, calls, monkeypatch, key):
    event = workflow.upload(key, accounts() if "accounts" in key else csv(row(number) for number in range(20)))
    move = workflow.stage.store.move

    def broken(source, key):
        if calls.step == "finalize_file":
            raise StorageUnavailable("CopyObject", key, "SlowDown")
        return move(source, key)

    monkeypatch.setattr(workflow.stage.store, "move", broken)
    assert workflow.run(event)["outcome"]["status"] == "SUCCEEDED"
    assert ("record_failure", "s3:DeleteObjectVersion", key) in calls.made
    assert refused(stage, calls) == []


@pytest.mark.parametrize("from_start", [False, True])
def test_a_file_that_is_taken_up_again(stage, workflow, calls, monkeypatch, from_start):  # E25
    event = workflow.upload("incoming/transactions/acme/a.csv", csv(row(number) for number in range(20)))
    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.process.process_chunk", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            workflow.run(event)
    identity = workflow.id_of(event)
    report = {"executionArn": workflow.item(event)["execution"], "status": "FAILED", "input": json.dumps(event)}
    calls.step = "record_failure"
    record_failure({"detail-type": EXECUTION_ENDED, "detail": report}, "arn:settling", workflow.stage)
    calls.step = None
    assert workflow.run(Redrive(identity, 1, "somebody", from_start).to_event())["outcome"]["status"] == "SUCCEEDED"
    assert ("finalize_file", "s3:DeleteObjectVersion", f"failed/transactions/acme/{identity}-a.csv") in calls.made
    assert refused(stage, calls) == []


def orphaned_outputs(identity):
    """One output of each kind that nothing names."""
    name = f"transactions/{identity}/00000-{'e' * 16}"
    yield "curated", f"{name}.parquet"
    yield "rejected", f"{name}.jsonl"
    yield "rejected", f"{name}.reasons.json"
    yield "rejected", f"transactions/_files/{identity}.json"
    yield "staging", f"{name}.keys"
    yield "staging", f"transactions/{identity}/decoded.csv"


def test_a_sweep(stage, workflow, calls):  # E25
    workflow.upload("incoming/transactions/acme/a.csv", csv([row(1)]))
    done = workflow.upload("incoming/transactions/acme/b.csv", csv([row(1)]))
    workflow.run(done)
    told = workflow.upload("incoming/transactions/acme/c.csv", csv([row(1)]))
    workflow.run(told)
    workflow.dynamodb.update_item(
        TableName=walked.TABLE,
        Key={"file_id": {"S": workflow.id_of(told)}, "chunk_id": {"S": "#file"}},
        UpdateExpression="SET published_at = :now",
        ExpressionAttributeValues={":now": {"S": "now"}},
    )
    left = [f"{area}/{name}" for area, name in orphaned_outputs(workflow.id_of(done))]
    for key in left:
        workflow.s3.put_object(Bucket=walked.BUCKET, Key=key, Body=b"half")
    states = boto3.client("stepfunctions")
    states.meta.events.register("before-parameter-build.*.*", calls.record)
    machine = states.create_state_machine(
        name="etl-workflow-test",
        definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/x",
    )["stateMachineArn"]
    store, later = workflow.stage.store, utc_now() + timedelta(hours=1)
    calls.step = "sweep_files"
    found = Sweep(walked.SETTINGS.source_name, store, workflow.stage.tracking, states, later).run(machine, 60, lambda: 0.0)
    removed = OrphanedOutputs(store, workflow.stage.tracking, later + MIN_AGE).remove(60, lambda: 0.0)
    calls.step = None
    assert found == {"lost": 1, "untold": 1}
    assert sorted(one.ref.key for one in removed) == sorted(left)
    assert {action for step, action, _ in calls.made if step == "sweep_files"} == {
        "s3:ListBucketVersions", "s3:GetObject", "s3:DeleteObjectVersion",
        "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem",
        "states:DescribeExecution", "states:StartExecution",
    }  # fmt: skip
    assert refused(stage, calls) == []


def test_the_check_of_a_deployment(stage, workflow, calls):  # D7
    key = "incoming/_validation/deployment-x/probe.csv"
    states = boto3.client("stepfunctions")
    execution = {"executionArn": EXECUTION, "stateMachineArn": MACHINE, "name": "1", "status": "RUNNING", "startDate": utc_now()}
    run = {"executionArn": EXECUTION, "mapRunArn": "arn:run", "stateMachineArn": MACHINE, "startDate": utc_now()}
    answers = Stubber(states)
    answers.add_response("list_executions", {"executions": [execution]})
    answers.add_response("describe_execution", {**execution, "input": json.dumps({"key": key})})
    answers.add_response("get_execution_history", {"events": []})
    answers.add_response("list_map_runs", {"mapRuns": [run]})
    answers.add_response("list_executions", {"executions": [execution]})
    answers.add_response("get_execution_history", {"events": []})
    answers.activate()
    states.meta.events.register("before-parameter-build.*.*", calls.record)

    def sleep(_seconds):
        """Nothing arrives by itself here: the probe goes through the steps while the check naps."""
        calls.step = None
        for version in workflow.s3.list_object_versions(Bucket=walked.BUCKET, Prefix=key).get("Versions", []):
            stored = {"key": key, "size": version["Size"], "etag": version["ETag"].strip('"'), "version-id": version["VersionId"]}
            detail = {"bucket": {"name": walked.BUCKET}, "object": stored}
            workflow.run({"detail-type": "Object Created", "time": "2026-11-20T13:00:00Z", "detail": detail})
        calls.step = "check_deployment"

    calls.step = "check_deployment"
    check = Check(walked.SETTINGS, workflow.s3, workflow.dynamodb, states, MACHINE, "deployment-x", 1.0, lambda: 0.0, sleep)
    assert check.run() == []
    calls.step = None
    assert {action for step, action, _ in calls.made if step == "check_deployment"} == {
        "s3:PutObject", "s3:ListBucketVersions", "s3:DeleteObjectVersion",
        "dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchWriteItem",
        "states:ListExecutions", "states:DescribeExecution", "states:ListMapRuns", "states:GetExecutionHistory",
    }  # fmt: skip
    assert refused(stage, calls) == []


#: What a policy may grant although the calls below do not need it: by its action, or for one function and place.
ELSEWHERE = {
    "logs:CreateLogStream": "Lambda writes the logs",
    "logs:PutLogEvents": "Lambda writes the logs",
    "xray:PutTelemetryRecords": "Lambda's daemon sends the traces",
    "xray:PutTraceSegments": "Lambda's daemon sends the traces",
    "s3:ListBucket": "S3 asks for it before it calls a key missing and not forbidden",
}
AGAIN = "the original of a file that failed and is sent through again is under failed/"
PARTS = "a copy in parts that cannot be finished is given up by the SDK"
COMPARED = "a copy that neither checksums nor ETags tell from its original is read"
UNUSED = {
    ("validate_file", "ssm:GetParameter", ""): "the handler asks for the size of chunks, and hands it in",
    ("finalize_file", "s3:GetObjectVersion", "processed/*"): COMPARED,
    ("finalize_file", "s3:AbortMultipartUpload", "processed/*"): PARTS,
    ("finalize_file", "s3:AbortMultipartUpload", "extracts/*"): PARTS,
    ("record_failure", "s3:AbortMultipartUpload", "extracts/*"): PARTS,
    ("record_failure", "s3:GetObjectVersion", "failed/*"): AGAIN,
    ("record_failure", "s3:GetObjectVersionTagging", "failed/*"): AGAIN,
    ("record_failure", "s3:DeleteObjectVersion", "failed/*"): AGAIN,
    ("record_failure", "s3:GetObjectVersion", "processed/*"): COMPARED,
    ("record_failure", "s3:AbortMultipartUpload", "failed/*"): PARTS,
    ("record_failure", "s3:AbortMultipartUpload", "processed/*"): PARTS,
    ("check_deployment", "cloudformation:DescribeStacks", ""): "the handler asks whether the stack is rolling back",
    ("check_deployment", "s3:DeleteObjectVersion", "incoming/_validation/*"): "a probe that nobody noticed is removed where it was sent",
    ("check_deployment", "s3:DeleteObjectVersion", "failed/_validation/*"): "of probes that were sent again, one may have been rejected",
}


def unused(stage, calls):
    """(step, action, where) that a policy grants and no call needed."""
    steps = {step for step, _, _ in calls.made}
    granted = {
        (step, action, where)
        for step in steps
        for actions, resources in allowed(stage, f"etl-{step.replace('_', '-')}-prod").values()
        for action in actions
        for where in (resource.partition("/")[2] if action.startswith("s3:") else "" for resource in resources)
    }
    return {
        grant
        for grant in granted
        if grant[1] not in ELSEWHERE
        and not any((step, action) == grant[:2] and (key is None or fnmatchcase(key, grant[2])) for step, action, key in calls.made)
    }


def test_nothing_is_granted_that_no_call_needs(stage, workflow, calls, monkeypatch):  # E13
    made = set()
    for scenario, more in (
        (test_a_sweep, ()),
        (test_a_file_that_succeeds, ()),
        (test_a_file_that_is_decoded, ()),
        (test_a_file_that_cannot_be_decoded_to_its_end, ()),
        (test_a_file_that_is_rejected, ()),
        (test_a_file_with_more_reasons_than_an_item_keeps, (monkeypatch, 9, "finalize_file", "SUCCEEDED")),
        (test_a_file_with_more_reasons_than_an_item_keeps, (monkeypatch, 0, "record_failure", "REJECTED")),
        (test_the_check_of_a_deployment, ()),
        (test_a_file_that_is_taken_up_again, (monkeypatch, False)),
        (test_a_file_that_is_taken_up_again, (monkeypatch, True)),
        (test_a_file_that_was_committed_and_is_rolled_forward_by_the_failure_path, (monkeypatch, "incoming/transactions/acme/a.csv")),
        (test_a_file_that_was_committed_and_is_rolled_forward_by_the_failure_path, (monkeypatch, "incoming/accounts/cardco/a.ps")),
    ):
        calls.made.clear()
        scenario(stage, workflow, calls, *more)
        made |= calls.made
    calls.made = made
    assert unused(stage, calls) == set(UNUSED)


def test_a_call_that_no_policy_allows_is_noticed(stage, calls):
    calls.made = {("process_chunk", "s3:GetObject", "curated/a"), ("process_chunk", "dynamodb:DeleteItem", None)}
    assert len(refused(stage, calls)) == 2
