"""The check inside a deployment, and what may take a stage back (D7)."""

from __future__ import annotations

import json

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from etl.deployment_check import RESOURCE_TYPE, DeploymentCheck
from etl.permissions import ACCESS
from ops.rollback import CHANGE_SET
from pipeline.templates import text
from runtime.steps.deployment_check import HANDLERS
from tests.infrastructure.reading import allowed, only

BUCKET = "<StorageData6BB23F4E.Arn>"
STATES = "arn:aws:states:us-east-1:123456789012"
AREAS = ("incoming", "processed", "failed", "curated", "rejected", "staging")


@pytest.fixture(scope="module")
def check(stage):
    return next((name, body) for name, body in stage.resources.items() if body["Type"] == RESOURCE_TYPE)


def test_the_check_comes_after_everything_else_of_the_stack(stage, check):
    name, body = check
    assert set(body["DependsOn"]) == set(stage.resources) - {name}


def test_the_check_gives_up_before_cloudformation_does(stage, check):
    _, body = check
    function, properties = only(stage, "AWS::Lambda::Function", FunctionName="etl-check-deployment-prod")
    assert text(body["Properties"]["ServiceToken"]) == f"<{function}.Arn>"
    assert int(body["Properties"]["ServiceTimeout"]) == properties["Timeout"] + 60


def test_the_check_loads_every_handler_of_the_workflow():
    assert set(HANDLERS) == set(ACCESS)


def test_the_checks_function_may_touch_the_probe_and_nothing_of_a_partner(stage):  # E13
    grants = allowed(stage, "etl-check-deployment-prod")
    probes = {f"{BUCKET}/{area}/_validation/*" for area in AREAS}
    assert {sid: grant for sid, grant in grants.items() if sid not in ("Logs", "xray:PutTelemetryRecords+xray:PutTraceSegments")} == {
        "PutObject": ({"s3:PutObject"}, {f"{BUCKET}/incoming/_validation/*"}),
        "DeleteObjectVersion": ({"s3:DeleteObjectVersion"}, probes | {f"{BUCKET}/manifests/*"}),
        "Table": ({"dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchWriteItem"}, {"<TrackingTable3514576F.Arn>"}),
        "ListProbe": ({"s3:ListBucketVersions"}, {BUCKET}),
        "SeeOwnStack": ({"cloudformation:DescribeStacks"}, {"<StackId>"}),
        "FindExecutions": ({"states:ListExecutions"}, {f"{STATES}:stateMachine:etl-workflow-prod", f"{STATES}:mapRun:etl-workflow-prod/*"}),
        "SeeArrivals": ({"states:DescribeExecution", "states:ListMapRuns"}, {f"{STATES}:execution:etl-workflow-prod:*"}),
        "SeeFailures": (
            {"states:GetExecutionHistory"},
            {f"{STATES}:execution:etl-workflow-prod:*", f"{STATES}:execution:etl-workflow-prod/*"},
        ),
    }


def checked(code="def handler(event, context): ...", topic="a", **bucket):
    """The digest that the check of a small stack has."""
    app = App(analytics_reporting=False)
    stack = Stack(app, "Stack")
    data = s3.Bucket(stack, "Data", **bucket)
    function = lambda_.Function(
        stack, "Function", code=lambda_.Code.from_inline(code), handler="index.handler", runtime=lambda_.Runtime.PYTHON_3_9
    )
    sns.Topic(stack, "Topic", topic_name=topic)
    DeploymentCheck(stack, "Check", function=function, bucket=data, workflow_name="workflow")
    resources = app.synth().get_stack_by_name("Stack").template["Resources"].values()
    (body,) = [resource for resource in resources if resource["Type"] == RESOURCE_TYPE]
    return body["Properties"]["Checked"]


def test_the_check_runs_again_when_anything_of_the_stack_changes_and_only_then():
    digests = [checked(), checked(code="def handler(event, context): return 1"), checked(topic="b"), checked(versioned=True)]
    assert len(set(digests)) == 4
    assert checked() == digests[0]


def test_templates_are_ascii_since_cloudformation_gives_back_nothing_else(synthesis):
    """GetTemplate answers '?' for other characters, and what was validated is read from it."""
    stages = [synthesis.templates[f"etl-{target.suffix}"] for target in synthesis.settings.targets]
    assert [template.stack_name for template in stages if not template.path.read_bytes().isascii()] == []


def test_the_validation_may_roll_its_stack_back_to_kept_templates_and_nothing_else(pipeline):
    (role,) = [
        properties["RoleName"]
        for _, properties in pipeline.of_type("AWS::IAM::Role")
        if "validate" in str(properties["RoleName"]) and "primary" in str(properties["RoleName"])
    ]
    grants = allowed(pipeline, role)
    stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/etl-prod/*"
    assert grants["PrepareRollback"] == ({"cloudformation:CreateChangeSet"}, {stack})
    execute = {f"cloudformation:{action}ChangeSet" for action in ("Describe", "Execute", "Delete")}
    assert grants["RollBack"] == (execute, {stack})
    assert grants["PassStackRole"] == (
        {"iam:PassRole"},
        {"arn:aws:iam::123456789012:role/cdk-hnb659fds-cfn-exec-role-123456789012-us-east-1"},
    )
    conditions = {
        statement["Sid"]: statement.get("Condition")
        for _, policy in pipeline.of_type("AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Sid") in ("PrepareRollback", "RollBack", "PassStackRole") and "prod/*" in json.dumps(statement)
    }
    kept = "https://s3.us-east-1.amazonaws.com/etl-data-123456789012-us-east-1-prod/validated/*"
    assert conditions["PrepareRollback"] == {
        "StringEquals": {"cloudformation:ChangeSetName": CHANGE_SET},
        "StringLike": {"cloudformation:TemplateUrl": kept},
    }
    assert conditions["RollBack"] == {"StringEquals": {"cloudformation:ChangeSetName": CHANGE_SET}}
