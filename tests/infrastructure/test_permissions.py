"""Each role may do its duty and nothing else (E13). The expectations are written out, not derived from the code."""

from __future__ import annotations

import pytest

from pipeline.branches.permissions import LISTED
from pipeline.templates import listed, text
from tests.infrastructure.reading import allowed, only

BUCKET = "<StorageData6BB23F4E.Arn>"
GET_PUT = {"dynamodb:GetItem", "dynamodb:PutItem"}
DECODED = "staging/*/decoded.csv"
REASONS = "rejected/*.reasons.json"

FUNCTIONS = {
    "register-file": ({"GetObjectVersion": ["incoming/"]}, GET_PUT, ["incoming/"]),
    "validate-file": (
        {"GetObjectVersion": ["incoming/", "failed/"], "PutObject": ["manifests/"]},
        GET_PUT,
        ["failed/", "incoming/"],
    ),
    "plan-chunks": (
        {
            "GetObjectVersion": ["incoming/", "failed/", DECODED],
            "GetObject": ["manifests/"],
            "PutObject": ["manifests/", DECODED],
            "AbortMultipartUpload": [DECODED],
        },
        GET_PUT | {"dynamodb:Query"},
        ["failed/", "incoming/", "manifests/", DECODED],
    ),
    "process-chunk": (
        {
            "GetObjectVersion": ["incoming/", "failed/", DECODED],
            "GetObject": ["manifests/"],
            "PutObject": ["curated/", "rejected/", "staging/"],
        },
        {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        ["failed/", "incoming/", "manifests/", DECODED],
    ),
    "finalize-file": (
        {
            "GetObjectVersion": ["incoming/", "failed/", "processed/"],
            "GetObjectVersionTagging": ["incoming/", "failed/"],
            "DeleteObjectVersion": ["incoming/", "failed/"],
            "GetObject": ["manifests/", "curated/", "staging/", REASONS, "processed/"],
            "PutObject": ["curated/*/_files/", "rejected/*/_files/", "extracts/", "processed/"],
            "PutObjectTagging": ["processed/"],
            "AbortMultipartUpload": ["extracts/", "processed/"],
        },
        GET_PUT | {"dynamodb:Query"},
        ["curated/", "failed/", "incoming/", "manifests/", "processed/", REASONS, "staging/"],
    ),
    "record-failure": (
        {
            "GetObjectVersion": ["incoming/", "failed/", "processed/"],
            "GetObjectVersionTagging": ["incoming/", "failed/"],
            "DeleteObjectVersion": ["incoming/", "failed/"],
            "GetObject": ["staging/*.extract", REASONS, "failed/", "processed/"],
            "PutObject": ["curated/*/_files/", "rejected/*/_files/", "extracts/", "failed/", "processed/"],
            "PutObjectTagging": ["failed/", "processed/"],
            "AbortMultipartUpload": ["extracts/", "failed/", "processed/"],
        },
        GET_PUT | {"dynamodb:Query"},
        ["failed/", "incoming/", "processed/", REASONS, "staging/*.extract"],
    ),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_its_duty_and_nothing_else(stage, function):
    objects, table, _ = FUNCTIONS[function]
    name = f"etl-{function}-prod"
    group, _ = only(stage, "AWS::Logs::LogGroup", LogGroupName=f"/aws/lambda/{name}")
    expected = {action: ({f"s3:{action}"}, {f"{BUCKET}/{prefix}*" for prefix in prefixes}) for action, prefixes in objects.items()}
    expected |= {
        "TellMissingFromForbidden": ({"s3:ListBucket"}, {BUCKET}),
        "Table": (table, {"<TrackingTable3514576F.Arn>"}),
        "Logs": ({"logs:CreateLogStream", "logs:PutLogEvents"}, {f"<{group}.Arn>"}),
        "xray:PutTelemetryRecords+xray:PutTraceSegments": ({"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, {"*"}),
    }
    if function == "validate-file":
        expected["ChunkSize"] = (
            {"ssm:GetParameter"},
            {"arn:aws:ssm:us-east-1:123456789012:parameter<FunctionsChunkBytesC071FE39>"},
        )
    assert allowed(stage, name) == expected


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_list_only_where_it_reads(stage, function):
    role_id, _ = only(stage, "AWS::IAM::Role", RoleName=f"etl-{function}-prod")
    (conditions,) = [
        statement["Condition"]
        for _, policy in stage.of_type("AWS::IAM::Policy")
        if {"Ref": role_id} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "s3:ListBucket"
    ]
    assert conditions == {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in FUNCTIONS[function][2]]}}


def test_the_sweep_may_look_start_the_workflow_and_remove_outputs(stage):  # E25: what is done about a file is done by the others
    group, _ = only(stage, "AWS::Logs::LogGroup", LogGroupName="/aws/lambda/etl-sweep-files-prod")
    states = "arn:aws:states:us-east-1:123456789012"
    assert allowed(stage, "etl-sweep-files-prod") == {
        "GetObject": ({"s3:GetObject"}, {f"{BUCKET}/curated/*/_files/*"}),
        "TellMissingFromForbidden": ({"s3:ListBucket"}, {BUCKET}),
        # No commit manifest: those are JSON under curated/.
        "DeleteObjectVersion": (
            {"s3:DeleteObjectVersion"},
            {f"{BUCKET}/{outputs}*" for outputs in ("curated/*.parquet", "rejected/*.json", "staging/*.keys", DECODED)},
        ),
        "FindVersions": ({"s3:ListBucketVersions"}, {BUCKET}),
        "SettleNotes": ({"dynamodb:DeleteItem"}, {"<TrackingTable3514576F.Arn>"}),
        "FindFiles": ({"dynamodb:Query"}, {"<TrackingTable3514576F.Arn>/index/files-by-status"}),
        "Table": (GET_PUT | {"dynamodb:BatchGetItem", "dynamodb:Query"}, {"<TrackingTable3514576F.Arn>"}),
        "SeeExecutions": ({"states:DescribeExecution"}, {f"{states}:execution:etl-workflow-prod:*"}),
        "StartExecutions": ({"states:StartExecution"}, {f"{states}:stateMachine:etl-workflow-prod"}),
        "Logs": ({"logs:CreateLogStream", "logs:PutLogEvents"}, {f"<{group}.Arn>"}),
        "xray:PutTelemetryRecords+xray:PutTraceSegments": ({"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, {"*"}),
    }
    conditions = {
        statement["Sid"]: statement["Condition"]
        for _, policy in stage.of_type("AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Sid") in ("FindVersions", "SettleNotes")
    }
    assert conditions == {
        "FindVersions": {"StringLike": {"s3:prefix": ["incoming/*", "curated/*", "rejected/*", "staging/*"]}},
        # Its own notes, and no item of a file.
        "SettleNotes": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["#owed"]}},
    }


def test_the_workflow_may_call_its_functions_and_tell_the_outcome(stage):
    execution = "arn:aws:states:us-east-1:123456789012:execution:etl-workflow-prod"
    functions = {only(stage, "AWS::Lambda::Function", FunctionName=f"etl-{name}-prod")[0] for name in (*FUNCTIONS, "sweep-files")}
    assert allowed(stage, "etl-workflow-prod") == {
        "CallFunctions": ({"lambda:InvokeFunction"}, {f"<{name}.Arn>" for name in functions}),
        "ReadPlan": ({"s3:GetObject"}, {f"{BUCKET}/manifests/*"}),
        "StartChunks": ({"states:StartExecution"}, {"arn:aws:states:us-east-1:123456789012:stateMachine:etl-workflow-prod"}),
        "FollowChunks": ({"states:DescribeExecution", "states:StopExecution"}, {f"{execution}:*", f"{execution}/*"}),
        "PublishResult": ({"sqs:SendMessage"}, {"<OutcomesResultsB374236A.Arn>"}),
        "RecordDelivery": ({"dynamodb:UpdateItem"}, {"<TrackingTable3514576F.Arn>"}),
        "Notify": ({"sns:Publish"}, {"<OutcomesAlerts8329E5B0>"}),
        "NotifyEncrypted": ({"kms:Decrypt", "kms:GenerateDataKey"}, {"<OutcomesAlertsKey7C85FA56.Arn>"}),
        "Traces": (
            {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"},
            {"*"},
        ),
        "LogDelivery": (
            {
                "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
            },
            {"*"},
        ),
    }  # fmt: skip


def test_arrivals_may_start_the_workflow_and_nothing_else(stage):
    assert list(allowed(stage, "etl-arrivals-prod").values()) == [({"states:StartExecution"}, {"<WorkflowMachine0C2E3460>"})]


#: Actions that the CDK's own grants write with a wildcard; whatever else has one is a mistake.
WILD_ACTIONS = {"s3:GetObject*", "s3:GetBucket*", "s3:List*", "s3:DeleteObject*", "s3:Abort*", "kms:ReEncrypt*", "kms:GenerateDataKey*"}
#: Statements on every resource: services that know no resource for the action, or a condition that narrows it.
ON_EVERYTHING = {
    "xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
    "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
    "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
    "cloudformation:DescribeStacks", "s3:ListBucket",  # self-mutation asks whether the bootstrap is there
    "codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild",  # the CDK's grant to the asset project
    "cloudformation:BatchDescribeTypeConfigurations", "cloudformation:DescribeStackDriftDetectionStatus",  # drift, which only reads
    "cloudtrail:DescribeTrails", "kms:ListAliases", "logs:DescribeIndexPolicies",
    *LISTED,  # the builds of branches look for what is named for a branch
}  # fmt: skip


def test_no_policy_has_an_unlisted_wildcard(walked):
    statements = [
        statement
        for template in walked.templates.values()
        for _, policy in template.of_type("AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    wild = {action for statement in statements for action in listed(statement["Action"]) if "*" in action}
    everything = {
        action for statement in statements if "*" in map(text, listed(statement["Resource"])) for action in listed(statement["Action"])
    }
    assert wild <= WILD_ACTIONS
    assert everything <= ON_EVERYTHING


def test_no_role_of_ours_carries_a_managed_policy(walked):
    carriers = {
        (name, text(policy))
        for template in walked.templates.values()
        for name, role in template.of_type("AWS::IAM::Role")
        for policy in role.get("ManagedPolicyArns", [])
    }
    assert carriers == {
        (
            "CustomS3AutoDeleteObjectsCustomResourceProviderRole3B1BD092",
            "arn:<Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        )
    }
