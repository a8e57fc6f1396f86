"""Our own rules for every resource of every template; a rule is a function from a template to its breaches.

The aspects of :mod:`etl.guardrails` apply most of them. Here only the result counts, so the numbers are stated again.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Callable, Iterator, Mapping

from pipeline.gates import NO_COMMAND
from pipeline.policies import IDENTITY, policies
from pipeline.templates import Properties, Template, listed, properties_of, reference

#: The property that names a resource of the type (E15).
NAMES = {
    "AWS::CloudTrail::Trail": "TrailName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::CodePipeline::Pipeline": "Name",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Policy": "PolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
#: Types that have no name: policies of a named resource, keys (their alias has one), custom resources.
UNNAMEABLE = (
    "AWS::KMS::Key",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "Custom::DeploymentCheck",
    "Custom::S3AutoDeleteObjects",
)
#: Types that CloudFormation cannot tag.
UNTAGGABLE = (
    "AWS::IAM::Policy",
    "AWS::KMS::Alias",
    "AWS::Lambda::LayerVersion",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "Custom::DeploymentCheck",
    "Custom::S3AutoDeleteObjects",
)
#: Types whose names may have one of these endings after the suffix.
NAME_ENDINGS = {"AWS::SQS::Queue": (".fifo", ""), "AWS::SSM::Parameter": ("/chunk-bytes",)}

RETENTION_DAYS = 30
MEMORY_MB, TIMEOUT_SECONDS = 3072, 900
#: Services that would create a log group by themselves; functions and projects have one of their stack.
LOGGERS = ("lambda.amazonaws.com", "codebuild.amazonaws.com")
DENIED_EVERYWHERE = frozenset({"s3:DeleteBucket", "dynamodb:DeleteTable"})
#: Lambda refuses to create a traced function whose role may not do this.
TRACE = "xray:PutTraceSegments"
#: Limits of CodePipeline for an action's configuration (``ActionConfigurationKey`` and ``ActionConfigurationValue`` of its API).
KEY_CHARACTERS, VALUE_CHARACTERS = 50, 1000

Rule = Callable[[Template], Iterator[str]]


def roles_deny_deletion(template: Template) -> Iterator[str]:
    """E13. Functions and builds may not create log groups either, since those would be kept forever."""
    for name, properties in template.of_type("AWS::IAM::Role"):
        missing = DENIED_EVERYWHERE - _denied(properties)
        if any(service in str(properties.get("AssumeRolePolicyDocument")) for service in LOGGERS):
            missing |= {"logs:CreateLogGroup"} - _denied(properties)
        if missing:
            yield f"{name}: role does not deny {', '.join(sorted(missing))} (E13)"


def resources_are_tagged(template: Template) -> Iterator[str]:
    """E10."""
    for name, body in template.resources.items():
        if body["Type"] not in UNTAGGABLE:
            tags = _tags(properties_of(body))
            if tags.get("Environment") != "Production" or tags.get("Project") != "ETL":
                yield f"{name}: {body['Type']} lacks the tags Environment=Production and Project=ETL (E10)"


def names_end_in_suffix(template: Template) -> Iterator[str]:
    """E15. A type that is neither in NAMES nor UNNAMEABLE is a breach."""
    for name, body in template.resources.items():
        resource_type = body["Type"]
        if resource_type in UNNAMEABLE:
            continue
        given = properties_of(body).get(NAMES.get(resource_type, ""), "")
        endings = NAME_ENDINGS.get(resource_type, ("",))
        if not any(isinstance(given, str) and given.endswith(f"{template.suffix}{ending}") for ending in endings):
            yield f"{name}: {resource_type} is named {given!r}, which does not end in {template.suffix!r} (E15)"


def logs_are_kept_30_days(template: Template) -> Iterator[str]:
    """E14: log groups have a retention, and functions, projects and state machines log to a group of the template."""
    groups = {name for name, _ in template.of_type("AWS::Logs::LogGroup")}
    for name, properties in template.of_type("AWS::Logs::LogGroup"):
        if properties.get("RetentionInDays") != RETENTION_DAYS:
            yield f"{name}: log group is not kept {RETENTION_DAYS} days (E14)"
    for name, properties in template.of_type("AWS::Lambda::Function"):
        logging = properties.get("LoggingConfig", {})
        if logging.get("LogFormat") != "JSON" or reference(logging.get("LogGroup")) not in groups:
            yield f"{name}: function does not log as JSON to a log group of its stack (E14)"
    for name, properties in template.of_type("AWS::CodeBuild::Project"):
        if reference(properties.get("LogsConfig", {}).get("CloudWatchLogs", {}).get("GroupName")) not in groups:
            yield f"{name}: project does not log to a log group of its stack (E14)"
    for name, properties in template.of_type("AWS::StepFunctions::StateMachine"):
        destinations = properties.get("LoggingConfiguration", {}).get("Destinations", [])
        if not any(reference(destination["CloudWatchLogsLogGroup"]["LogGroupArn"]) in groups for destination in destinations):
            yield f"{name}: state machine does not log to a log group of its stack (E14)"


def nothing_outlives_its_stack(template: Template) -> Iterator[str]:
    """E16."""
    emptied = {reference(properties["BucketName"]) for _, properties in template.of_type("Custom::S3AutoDeleteObjects")}
    for name, body in template.resources.items():
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            if body.get(policy, "Delete") != "Delete":
                yield f"{name}: {policy} is {body[policy]} (E16)"
        if properties_of(body).get("DeletionProtectionEnabled"):
            yield f"{name}: deletion protection is on (E16)"
        if body["Type"] == "AWS::S3::Bucket" and name not in emptied:
            yield f"{name}: bucket is not emptied before its deletion (E16)"


def functions_are_sized_and_traced(template: Template) -> Iterator[str]:
    """E8 and E18; the role of a traced resource may send traces."""
    for name, properties in template.of_type("AWS::Lambda::Function"):
        if (properties.get("MemorySize"), properties.get("Timeout")) != (MEMORY_MB, TIMEOUT_SECONDS):
            yield f"{name}: function has not {MEMORY_MB} MB and {TIMEOUT_SECONDS} s (E8)"
        if properties.get("TracingConfig") != {"Mode": "Active"}:
            yield f"{name}: function is not traced (E18)"
        elif not _may_trace(template, properties.get("Role")):
            yield f"{name}: function is traced and its role does not allow {TRACE} (E18)"
    for name, properties in template.of_type("AWS::StepFunctions::StateMachine"):
        if properties.get("TracingConfiguration") != {"Enabled": True}:
            yield f"{name}: state machine is not traced (E18)"
        elif not _may_trace(template, properties.get("RoleArn")):
            yield f"{name}: state machine is traced and its role does not allow {TRACE} (E18)"


def stores_are_encrypted(template: Template) -> Iterator[str]:
    """E4, at rest."""
    required: dict[str, Callable[[Properties], bool]] = {
        "AWS::S3::Bucket": lambda p: bool(p.get("BucketEncryption")),
        "AWS::DynamoDB::Table": lambda p: p.get("SSESpecification", {}).get("SSEEnabled") is True,
        "AWS::SQS::Queue": lambda p: p.get("SqsManagedSseEnabled") is True or bool(p.get("KmsMasterKeyId")),
        "AWS::SNS::Topic": lambda p: bool(p.get("KmsMasterKeyId")),
        "AWS::KMS::Key": lambda p: p.get("EnableKeyRotation") is True,
    }
    for resource_type, holds in required.items():
        for name, properties in template.of_type(resource_type):
            if not holds(properties):
                yield f"{name}: {resource_type} is not encrypted, or its key is not rotated (E4)"


def plain_http_is_refused(template: Template) -> Iterator[str]:
    """E4, in transit: a policy on every bucket, queue and topic."""
    policies = (
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy"),
    )
    for resource_type, policy_type in policies:
        guarded = {
            reference(target)
            for _, properties in template.of_type(policy_type)
            if _refuses_http(properties["PolicyDocument"])
            for target in listed(properties.get("Bucket") or properties.get("Queues") or properties.get("Topics"))
        }
        for name, _ in template.of_type(resource_type):
            if name not in guarded:
                yield f"{name}: {resource_type} accepts plain HTTP (E4)"


def buckets_are_private(template: Template) -> Iterator[str]:
    blocked = {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}
    for name, properties in template.of_type("AWS::S3::Bucket"):
        if properties.get("PublicAccessBlockConfiguration") != blocked:
            yield f"{name}: public access is not blocked"


def actions_are_short_enough(template: Template) -> Iterator[str]:
    """CodePipeline refuses longer configurations at the deployment. Placeholders of variables count."""
    for name, properties in template.of_type("AWS::CodePipeline::Pipeline"):
        for stage in properties["Stages"]:
            for action in stage["Actions"]:
                for key, value in action.get("Configuration", {}).items():
                    if len(key) > KEY_CHARACTERS or _length(value) > VALUE_CHARACTERS:
                        where, limits = (
                            f"{stage['Name']}.{action['Name']}",
                            f"{KEY_CHARACTERS} in a key and {VALUE_CHARACTERS:,} in a value",
                        )
                        yield f"{name}: {where}: {key} has {_length(value):,} characters, and CodePipeline takes {limits}"


RULES: tuple[Rule, ...] = (
    roles_deny_deletion,
    resources_are_tagged,
    names_end_in_suffix,
    logs_are_kept_30_days,
    nothing_outlives_its_stack,
    functions_are_sized_and_traced,
    stores_are_encrypted,
    plain_http_is_refused,
    buckets_are_private,
    actions_are_short_enough,
)


def breaches(template: Template) -> list[str]:
    """Every breach of every rule, one line each, headed by the stack's name."""
    return [f"{template.stack_name}/{breach}" for rule in RULES for breach in rule(template)]


def _denied(role: Properties) -> set[str]:
    """Actions that the role's inline policies deny on everything, without a condition."""
    return {
        action
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Resource"] == "*" and "Condition" not in statement
        for action in listed(statement["Action"])
    }


def _may_trace(template: Template, role: Any) -> bool:
    """A policy of the *role*, inline or attached, allows it on everything without a condition. Managed policies do not count."""
    return any(
        statement["Effect"] == "Allow"
        and "*" in listed(statement["Resource"])
        and "Condition" not in statement
        and any(fnmatchcase(TRACE, pattern) for pattern in listed(statement["Action"]))
        for policy in policies(template)
        if policy.kind == IDENTITY and {"Ref": reference(role)} in policy.holders
        for statement in policy.statements
    )


def _refuses_http(document: Properties) -> bool:
    return any(
        statement["Effect"] == "Deny" and statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
        for statement in document["Statement"]
    )


def _tags(properties: Properties) -> dict[str, str]:
    tags = properties.get("Tags", {})
    return dict(tags) if isinstance(tags, Mapping) else {tag["Key"]: tag["Value"] for tag in tags}


def _length(value: Any) -> int:
    """Characters of a value, without those that CloudFormation fills in."""
    if isinstance(value, Mapping):
        return sum(_length(part) for part in value["Fn::Join"][1]) if "Fn::Join" in value else 0
    return len(str(value))


if __name__ == "__main__":
    raise SystemExit(NO_COMMAND)
