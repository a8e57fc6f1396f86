"""A custom resource that processes a probe file during the deployment: if that fails, CloudFormation rolls the stack back (D7)."""

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

#: If the function dies without an answer, the deployment fails after this time. CloudFormation's default is an hour.
TIMEOUT = Duration.minutes(16)


class DeploymentCheck(Construct):
    """Create it last: it depends on every resource that its stack has by then, and runs again when one of them changes."""

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
    """To see a failed state at once: it shows in the history of the execution or of a child of the map before either ends."""
    execution = stack.format_arn(service="states", resource=f"execution:{name}:*")
    child = stack.format_arn(service="states", resource=f"execution:{name}/*")
    runs = stack.format_arn(service="states", resource=f"mapRun:{name}/*")
    yield iam.PolicyStatement(sid="FindExecutions", actions=["states:ListExecutions"], resources=[machine, runs])
    yield iam.PolicyStatement(sid="SeeArrivals", actions=["states:DescribeExecution", "states:ListMapRuns"], resources=[execution])
    yield iam.PolicyStatement(sid="SeeFailures", actions=["states:GetExecutionHistory"], resources=[execution, child])


def _digest(stack: Stack, resources: list[CfnResource]) -> str:
    """SHA-256 over every resource's properties; code and layer are in it by the hashes in their asset names."""
    content: dict[str, Any] = {
        resource.node.path: [resource.cfn_resource_type, stack.resolve(resource._cfn_properties)]  # noqa: SLF001  see etl.guardrails
        for resource in resources
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
