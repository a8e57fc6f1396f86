"""The check inside a stack's deployment: what cannot process a file is rolled back before anyone meets it (D7)."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Iterator

from aws_cdk import CfnResource, CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from etl.permissions import PROBES
from runtime.core import keys

RESOURCE_TYPE = "Custom::DeploymentCheck"

#: A function that dies without an answer fails the deployment after this; CloudFormation's own patience is an hour.
TIMEOUT = Duration.minutes(16)


class DeploymentCheck(Construct):
    """Made last: it depends on everything that its stack has so far, and runs again when any of that changes."""

    def __init__(self, scope: Construct, construct_id: str, *, function: lambda_.Function, bucket: s3.IBucket, workflow_name: str) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        function.add_to_role_policy(
            iam.PolicyStatement(
                sid="ListProbe",
                actions=["s3:ListBucketVersions"],
                resources=[bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in (*PROBES, keys.MANIFESTS)]}},
            )
        )
        function.add_to_role_policy(
            iam.PolicyStatement(sid="SeeOwnStack", actions=["cloudformation:DescribeStacks"], resources=[stack.stack_id])
        )
        machine = stack.format_arn(service="states", resource=f"stateMachine:{workflow_name}")
        for statement in _see_executions(stack, machine, workflow_name):
            function.add_to_role_policy(statement)
        everything = [node for node in stack.node.find_all() if isinstance(node, CfnResource)]
        resource = CustomResource(
            self,
            "Resource",
            service_token=function.function_arn,
            resource_type=RESOURCE_TYPE,
            service_timeout=TIMEOUT,
            properties={"Checked": _digest(stack, everything), "Workflow": machine},
            removal_policy=RemovalPolicy.DESTROY,
        )
        resource.node.add_dependency(*(child for child in stack.node.children if child is not self))


def _see_executions(stack: Stack, machine: str, name: str) -> Iterator[iam.PolicyStatement]:
    """A state that fails shows in the histories of its execution and of the map's children, before it has ended."""
    execution = stack.format_arn(service="states", resource=f"execution:{name}:*")
    child = stack.format_arn(service="states", resource=f"execution:{name}/*")
    runs = stack.format_arn(service="states", resource=f"mapRun:{name}/*")
    yield iam.PolicyStatement(sid="FindExecutions", actions=["states:ListExecutions"], resources=[machine, runs])
    yield iam.PolicyStatement(sid="SeeArrivals", actions=["states:DescribeExecution", "states:ListMapRuns"], resources=[execution])
    yield iam.PolicyStatement(sid="SeeFailures", actions=["states:GetExecutionHistory"], resources=[execution, child])


def _digest(stack: Stack, resources: list[CfnResource]) -> str:
    """SHA-256 of all that is deployed: code and layer by the hashes in their names, definition, policies, settings."""
    content: dict[str, Any] = {
        resource.node.path: [resource.cfn_resource_type, stack.resolve(resource._cfn_properties)]  # noqa: SLF001  see etl.guardrails
        for resource in resources
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
