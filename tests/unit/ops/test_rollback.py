"""REQUIREMENTS D7: a stage goes back to what was last validated, and what it goes back to is proved."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ops.aws import Aws
from ops.errors import NothingValidated, RecordDamaged, RollbackFailed
from ops.rollback import CHANGE_SET, WAITS, Rollback
from ops.stage import Stage
from ops.validated import CURRENT, deployed_code, last_validated, remember
from runtime.aws.tracking import utc_now
from tests.unit.ops.deployed_stage import BUCKET

GOOD = {"Parameters": {"BootstrapVersion": {"Type": "String"}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
BAD = {**GOOD, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
ROLE = "arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1"


class CloudFormation:
    """One stack, with as much of CloudFormation's behaviour as a rollback meets; looks take time, as they do there."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        self.template: dict[str, Any] = GOOD
        self.status, self.updated = "UPDATE_COMPLETE", 1
        self.tags = [{"Key": "Environment", "Value": "Production"}]
        self.prepared: dict[str, Any] | None = None
        self.ends_as = "UPDATE_COMPLETE"
        self.change_set_ends_as = "CREATE_COMPLETE"
        self.executed: Callable[[], None] = lambda: None
        self.upcoming: list[str] = []

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if self.upcoming:
            self.status = self.upcoming.pop(0)
        parameters = [{"ParameterKey": "BootstrapVersion", "ParameterValue": "/cdk/version"}]
        described = {"StackStatus": self.status, "LastUpdatedTime": self.updated, "Parameters": parameters, "Tags": self.tags}
        return {"Stacks": [{"StackName": StackName, "RoleARN": ROLE, **described}]}

    def get_template(self, StackName: str, TemplateStage: str) -> dict[str, Any]:  # noqa: N803
        assert (StackName, TemplateStage) == ("etl-test", "Original")
        return {"TemplateBody": self.template}

    def delete_change_set(self, **which: str) -> None:
        assert which == {"StackName": "etl-test", "ChangeSetName": CHANGE_SET}
        self.prepared = None

    def create_change_set(self, **request: Any) -> None:
        assert self.prepared is None
        self.prepared = request

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        return {"Status": self.change_set_ends_as, "StatusReason": "the role may not"}

    def execute_change_set(self, **_: str) -> None:
        assert self.prepared is not None
        key = self.prepared["TemplateURL"].removeprefix(f"https://s3.us-east-1.amazonaws.com/{BUCKET}/")
        if self.ends_as == "UPDATE_COMPLETE":
            self.template = json.loads(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        self.updated += 1
        self.upcoming = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", self.ends_as]
        self.executed()

    def get_paginator(self, name: str) -> Any:
        assert name == "describe_stack_events"
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:  # noqa: N803
        newest_first = [
            {"LogicalResourceId": StackName, "ResourceStatus": "UPDATE_ROLLBACK_COMPLETE"},
            {"LogicalResourceId": "Later", "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "cancelled"},
            {"LogicalResourceId": "First", "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "it broke"},
            {"LogicalResourceId": StackName, "ResourceStatus": "UPDATE_IN_PROGRESS"},
            {"LogicalResourceId": "LongAgo", "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "another story"},
        ]
        return [{"StackEvents": newest_first[:2]}, {"StackEvents": newest_first[2:]}]


class Functions:
    """Lambda's digests of the deployed code, by function."""

    def __init__(self) -> None:
        self.code = {"etl-register-file-test": "good1", "etl-process-chunk-test": "good2"}

    def get_function_configuration(self, FunctionName: str) -> dict[str, str]:  # noqa: N803
        if FunctionName not in self.code:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetFunctionConfiguration")
        return {"CodeSha256": self.code[FunctionName]}


class Rolled:
    """A stage that was validated, then deployed anew."""

    def __init__(self, stage: Stage) -> None:
        self.aws, self.stage = Aws("us-east-1"), stage
        self.cloudformation, self.functions = CloudFormation(boto3.client("s3")), Functions()
        self.aws.__dict__.update(cloudformation=self.cloudformation, functions=self.functions)
        self.told: list[str] = []
        clock = itertools.count()
        self.rollback = Rollback(self.aws, stage, 60, lambda: next(clock), lambda seconds: None, self.told.append)

    def deploy_something_else(self) -> None:
        self.cloudformation.template = BAD
        self.cloudformation.tags = [{"Key": "Environment", "Value": "Other"}]
        self.functions.code = {"etl-register-file-test": "bad1", "etl-process-chunk-test": "bad2", "etl-new-test": "bad3"}
        self.cloudformation.executed = self.put_code_back

    def put_code_back(self) -> None:
        self.functions.code = {"etl-register-file-test": "good1", "etl-process-chunk-test": "good2"}


@pytest.fixture
def rolled(deployed: Any, stage: Stage) -> Rolled:
    return Rolled(stage)


@pytest.fixture
def validated(rolled: Rolled) -> Rolled:
    remember(rolled.aws, rolled.stage, "c0ffee", utc_now())
    rolled.deploy_something_else()
    return rolled


def test_a_stage_goes_back_to_the_template_the_code_and_the_tags_that_were_validated(validated: Rolled) -> None:
    assert validated.rollback.run().commit == "c0ffee"
    assert validated.cloudformation.template == GOOD
    prepared = validated.cloudformation.prepared
    assert prepared is not None
    assert prepared["TemplateURL"].startswith(f"https://s3.us-east-1.amazonaws.com/{BUCKET}/validated/")
    assert (prepared["ChangeSetType"], prepared["Capabilities"]) == ("UPDATE", ["CAPABILITY_NAMED_IAM"])
    assert (prepared["RoleARN"], prepared["Tags"]) == (ROLE, [{"Key": "Environment", "Value": "Production"}])
    assert prepared["Parameters"] == [{"ParameterKey": "BootstrapVersion", "UsePreviousValue": True}]


def test_the_slowest_rollback_takes_as_many_waits_as_the_delivery_counts_on(validated: Rolled) -> None:
    cloudformation, patience, now = validated.cloudformation, 60, [0.0]
    looks = patience // 2
    cloudformation.upcoming = ["UPDATE_IN_PROGRESS"] * looks + ["UPDATE_COMPLETE"]
    pending = iter(["CREATE_PENDING"] * looks)

    def describe_change_set(**_: str) -> dict[str, Any]:
        return {"Status": next(pending, "CREATE_COMPLETE")}

    def executed() -> None:
        validated.put_code_back()
        cloudformation.upcoming = ["UPDATE_IN_PROGRESS"] * looks + ["UPDATE_COMPLETE"]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    cloudformation.__dict__.update(describe_change_set=describe_change_set, executed=executed)
    Rollback(validated.aws, validated.stage, patience, lambda: now[0], sleep, validated.told.append).run()
    assert now[0] == WAITS * patience


def test_the_last_validation_counts(validated: Rolled) -> None:
    remember(validated.aws, validated.stage, "decaf", utc_now())
    assert validated.rollback.run().commit == "decaf"
    assert validated.cloudformation.template == BAD
    assert validated.told == ["etl-test has the template that was validated already; there is nothing to roll back"]


def test_a_stage_that_was_never_validated_says_so_and_is_left_alone(rolled: Rolled) -> None:
    rolled.deploy_something_else()
    with pytest.raises(NothingValidated, match="'test' in us-east-1 was never validated"):
        rolled.rollback.run()
    assert rolled.cloudformation.template == BAD


@pytest.mark.parametrize("body", [b"{", b"{}", b'["a"]', b'{"commit": "x", "else": 1}'])
def test_a_record_that_is_none_is_refused(validated: Rolled, body: bytes) -> None:
    validated.aws.s3.put_object(Bucket=BUCKET, Key=CURRENT, Body=body)
    with pytest.raises(RecordDamaged, match="is not a record of a validation"):
        validated.rollback.run()


def test_a_template_that_was_changed_since_is_refused(validated: Rolled) -> None:
    kept = last_validated(validated.aws.s3, BUCKET)
    assert kept is not None
    validated.aws.s3.put_object(Bucket=BUCKET, Key=kept.template_key, Body=json.dumps(BAD).encode())
    with pytest.raises(RecordDamaged, match="is not the template that its name says"):
        validated.rollback.run()
    assert validated.cloudformation.prepared is None


def test_a_stack_that_is_still_changing_is_waited_for(validated: Rolled) -> None:
    validated.cloudformation.upcoming = ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]
    assert validated.rollback.run()


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda cf: setattr(cf, "status", "UPDATE_ROLLBACK_FAILED"), "it is UPDATE_ROLLBACK_FAILED, and cannot be updated"),
        (lambda cf: setattr(cf, "status", "UPDATE_IN_PROGRESS"), "after 60 s it is still UPDATE_IN_PROGRESS"),
        (lambda cf: setattr(cf, "change_set_ends_as", "FAILED"), "the change set is FAILED: the role may not"),
        (lambda cf: setattr(cf, "change_set_ends_as", "CREATE_PENDING"), "after 60 s its change set is still being made"),
        (lambda cf: setattr(cf, "ends_as", "UPDATE_ROLLBACK_COMPLETE"), "ended as UPDATE_ROLLBACK_COMPLETE: First: it broke"),
        (lambda cf: setattr(cf, "executed", lambda: None), "code of etl-process-chunk-test: expected good2, found bad2"),
        (lambda cf: setattr(cf, "executed", lambda: setattr(cf, "template", BAD)), "it is not what was validated: template: expected"),
    ],
)
def test_a_rollback_that_does_not_reach_what_was_validated_says_why(
    validated: Rolled, break_it: Callable[[CloudFormation], None], message: str
) -> None:
    break_it(validated.cloudformation)
    with pytest.raises(RollbackFailed, match=message):
        validated.rollback.run()


def test_a_function_that_is_gone_has_no_code(rolled: Rolled) -> None:
    functions: Any = rolled.functions
    assert deployed_code(functions, ["etl-gone-test", "etl-register-file-test"]) == {"etl-register-file-test": "good1"}
