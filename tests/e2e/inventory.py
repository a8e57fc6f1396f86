"""Names of all there is in a region of the emulator, by kind; asked without the code that is tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Everything = dict[str, set[str]]


def everything(client: Callable[[str], Any]) -> Everything:
    """*client* makes a boto3 client of a service."""

    def listed(service: str, operation: str, key: str) -> Iterator[Any]:
        for page in client(service).get_paginator(operation).paginate():
            yield from page.get(key, [])

    def named(service: str, operation: str, key: str, name: str) -> set[str]:
        return {str(found[name]) for found in listed(service, operation, key)}

    return {
        "stacks": named("cloudformation", "describe_stacks", "Stacks", "StackName"),
        "buckets": {bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]},
        "tables": set(listed("dynamodb", "list_tables", "TableNames")),
        "functions": named("lambda", "list_functions", "Functions", "FunctionName"),
        "layers": named("lambda", "list_layers", "Layers", "LayerName"),
        "queues": set(listed("sqs", "list_queues", "QueueUrls")),
        "topics": named("sns", "list_topics", "Topics", "TopicArn"),
        "rules": named("events", "list_rules", "Rules", "Name"),
        "machines": named("stepfunctions", "list_state_machines", "stateMachines", "name"),
        "parameters": named("ssm", "describe_parameters", "Parameters", "Name"),
        "alarms": named("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "dashboards": named("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
        "logs": named("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "roles": named("iam", "list_roles", "Roles", "RoleName"),
        "aliases": named("kms", "list_aliases", "Aliases", "AliasName"),
    }


def without(names: Everything, *suffixes: str) -> Everything:
    """What is left when all that is named for these suffixes is gone."""
    return {kind: {name for name in found if not any(suffix in name for suffix in suffixes)} for kind, found in names.items()}
