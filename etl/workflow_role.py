"""The state machine's role, with every action listed."""

from __future__ import annotations

from typing import Mapping

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from etl.outcomes import Outcomes
from etl.target import Target
from runtime.core import keys

#: For the delivery of logs to CloudWatch. These actions know no resources.
_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)

_TRACES = (
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
)


def workflow_role(
    scope: Construct,
    construct_id: str,
    *,
    target: Target,
    name: str,
    functions: Mapping[str, lambda_.IFunction],
    bucket_arn: str,
    table: dynamodb.ITable,
    outcomes: Outcomes,
) -> iam.Role:
    """Role of the state machine called *name*. Its ARN is made from the name, since the role is created first."""
    stack = Stack.of(scope)
    machine = stack.format_arn(service="states", resource=f"stateMachine:{name}")
    execution = stack.format_arn(service="states", resource=f"execution:{name}")
    map_run = stack.format_arn(service="states", resource=f"execution:{name}/*")
    role = iam.Role(
        scope,
        construct_id,
        role_name=name,
        assumed_by=iam.ServicePrincipal("states.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": target.account}}),
        description=f"What {name} may do",
    )
    statements: dict[str, tuple[tuple[str, ...], list[str]]] = {
        "CallFunctions": (("lambda:InvokeFunction",), [function.function_arn for function in functions.values()]),
        "ReadPlan": (("s3:GetObject",), [f"{bucket_arn}/{keys.MANIFESTS}*"]),
        "StartChunks": (("states:StartExecution",), [machine]),
        "FollowChunks": (("states:DescribeExecution", "states:StopExecution"), [f"{execution}:*", map_run]),
        "PublishResult": (("sqs:SendMessage",), [outcomes.results.queue_arn]),
        "RecordDelivery": (("dynamodb:UpdateItem",), [table.table_arn]),
        "Notify": (("sns:Publish",), [outcomes.alerts.topic_arn]),
        "NotifyEncrypted": (("kms:Decrypt", "kms:GenerateDataKey"), [outcomes.key.key_arn]),
        "Traces": (_TRACES, ["*"]),
        "LogDelivery": (_LOG_DELIVERY, ["*"]),
    }
    for sid, (actions, resources) in statements.items():
        role.add_to_policy(iam.PolicyStatement(sid=sid, actions=list(actions), resources=resources))
    return role
