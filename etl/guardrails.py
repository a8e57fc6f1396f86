"""What holds for every resource of a kind: sizes, retention, denials, tags, names. Aspects apply it, so that no construct can forget it.

Aspects of the app do not reach into its stages: :func:`guard` is called for the app and for every stage.
"""

from __future__ import annotations

from typing import Any, Mapping, cast

import jsii
from aws_cdk import Aspects, CfnResource, Duration, IAspect, RemovalPolicy, Stack, Tags
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from etl import names

ROLE = "AWS::IAM::Role"
POLICY = "AWS::IAM::Policy"
FUNCTION = "AWS::Lambda::Function"

#: E13.
DENIED = ("s3:DeleteBucket", "dynamodb:DeleteTable")
#: A late invocation would make a deleted log group again, without its retention (aws-cdk #24815), and so would a build.
DENIED_TO_LOGGERS = ("logs:CreateLogGroup",)
LOGGERS = ("lambda.amazonaws.com", "codebuild.amazonaws.com")
#: Lambda refuses to create a traced function whose role lacks them. X-Ray knows no resources.
TRACES = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")

#: Types that the CDK creates by itself, and the property that names them.
NAME_PROPERTIES = {
    ROLE: "RoleName",
    POLICY: "PolicyName",
    FUNCTION: "FunctionName",
    "AWS::Events::Rule": "Name",
    "AWS::CodeBuild::Project": "Name",
}

#: Construct ids, and affixes of them, that are left out of a derived name.
_SILENT_IDS = ("Resource", "Default", "DefaultPolicy", "Handler")
_PROVIDER_PREFIX, _PROVIDER_SUFFIX = "Custom::", "CustomResourceProvider"

#: E8.
FUNCTION_MEMORY_MB = 3072
FUNCTION_TIMEOUT = Duration.minutes(15)
#: E14.
LOG_RETENTION = logs.RetentionDays.ONE_MONTH


def guard(scope: Construct, *, suffix: str, tags: Mapping[str, str]) -> None:
    """Put all guardrails on everything under *scope*; ask again for each stage in it."""
    for key, value in tags.items():
        Tags.of(scope).add(key, value)
    for aspect in (InlinePolicies(), Providers(suffix, tags), Names(suffix), Destroyable()):
        Aspects.of(scope).add(aspect)


@jsii.implements(IAspect)
class InlinePolicies:
    """No role may delete buckets and tables, and roles of functions and builds may not create log groups.

    Roles of the CDK's own functions may send traces, since :class:`Providers` turns tracing on.
    """

    def visit(self, node: IConstruct) -> None:
        resource = _resource(node, ROLE)
        if resource is None:
            return
        policies = [{key[0].upper() + key[1:]: value for key, value in policy.items()} for policy in _property(resource, "Policies") or []]
        denials = [_statement("KeepData", "Deny", DENIED)]
        trusted = str(_property(resource, "AssumeRolePolicyDocument"))
        if any(service in trusted for service in LOGGERS):
            denials.append(_statement("KeepRetention", "Deny", DENIED_TO_LOGGERS))
        if "lambda.amazonaws.com" in trusted and type(resource) is CfnResource:
            policies.append(_policy("traces", [_statement("Traces", "Allow", TRACES)]))
        resource.add_property_override("Policies", [*policies, _policy("guardrails", denials)])


@jsii.implements(IAspect)
class Providers:
    """Gives tags, a log group, tracing and size to the functions that the CDK creates for its custom resources, and tags to their roles.

    They are plain resources, which the CDK neither tags nor gives a log group.
    """

    def __init__(self, suffix: str, tags: Mapping[str, str]) -> None:
        self._suffix = suffix
        self._tags = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]

    def visit(self, node: IConstruct) -> None:
        resource = _resource(node, FUNCTION) or _resource(node, ROLE)
        if resource is None or type(resource) is not CfnResource:
            return
        resource.add_property_override("Tags", self._tags)
        if resource.cfn_resource_type == ROLE:
            return
        log_group = logs.CfnLogGroup(
            cast("Construct", resource.node.scope),
            "Logs",
            log_group_name=names.log_group(_derived_name(resource, self._suffix)),
            retention_in_days=30,  # LOG_RETENTION, which a plain resource wants as a number
        )
        log_group.apply_removal_policy(RemovalPolicy.DESTROY)
        resource.add_property_override("LoggingConfig", {"LogFormat": "JSON", "LogGroup": log_group.ref})
        resource.add_property_override("TracingConfig", {"Mode": "Active"})
        resource.add_property_override("MemorySize", FUNCTION_MEMORY_MB)
        resource.add_property_override("Timeout", FUNCTION_TIMEOUT.to_seconds())


@jsii.implements(IAspect)
class Names:
    """Names the resources that the CDK creates without a name; the name ends in the suffix (E15)."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    def visit(self, node: IConstruct) -> None:
        if not isinstance(node, CfnResource) or node.cfn_resource_type not in NAME_PROPERTIES:
            return
        name = NAME_PROPERTIES[node.cfn_resource_type]
        # A policy always has a name that the CDK made of its logical id.
        if node.cfn_resource_type == POLICY or _property(node, name) is None:
            node.add_property_override(name, _derived_name(node, self._suffix))


@jsii.implements(IAspect)
class Destroyable:
    """E16: nothing outlives its stack."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, CfnResource) and _retained(node):
            node.apply_removal_policy(RemovalPolicy.DESTROY)


def _derived_name(resource: CfnResource, suffix: str) -> str:
    stack = Stack.of(resource)
    ids = [scope.node.id for scope in resource.node.scopes if scope.node.path.startswith(f"{stack.node.path}/")]
    path = [part.removeprefix(_PROVIDER_PREFIX).removesuffix(_PROVIDER_SUFFIX) for part in ids if part not in _SILENT_IDS]
    return names.derived(path, stack.stack_name, suffix)


def _retained(resource: CfnResource) -> bool:
    policy = resource.cfn_options.deletion_policy
    return policy is not None and policy.name != "DELETE"


def _resource(node: IConstruct, resource_type: str) -> CfnResource | None:
    return node if isinstance(node, CfnResource) and node.cfn_resource_type == resource_type else None


def _property(resource: CfnResource, name: str) -> Any:
    """A property's value before overrides, in the template's form, for typed and plain resources."""
    properties = resource._cfn_properties  # noqa: SLF001  There is no public view that plain resources have too.
    value = properties.get(name, properties.get(name[0].lower() + name[1:]))
    return Stack.of(resource).resolve(value)


def _policy(name: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}


def _statement(sid: str, effect: str, actions: tuple[str, ...]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": effect, "Action": list(actions), "Resource": "*"}
