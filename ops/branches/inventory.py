"""What is there that is named for branches, asked of each service: a stack that is gone does not prove that its resources are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.aws import Aws
from pipeline import slugs

LOG_GROUP = "log group"


@dataclass(frozen=True)
class Listing:
    """How a service lists resources of a kind: *operation* as boto3 calls it, *path* (JMESPath) to their names."""

    kind: str
    service: str
    operation: str
    path: str


LISTINGS: tuple[Listing, ...] = (
    Listing("stack", "cloudformation", "list_stacks", "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName"),
    Listing("bucket", "s3", "list_buckets", "Buckets[].Name"),
    Listing("table", "dynamodb", "list_tables", "TableNames[]"),
    Listing("function", "lambda", "list_functions", "Functions[].FunctionName"),
    Listing("layer", "lambda", "list_layers", "Layers[].LayerName"),
    Listing(LOG_GROUP, "logs", "describe_log_groups", "logGroups[].logGroupName"),
    Listing("queue", "sqs", "list_queues", "QueueUrls[]"),
    Listing("topic", "sns", "list_topics", "Topics[].TopicArn"),
    Listing("rule", "events", "list_rules", "Rules[].Name"),
    Listing("state machine", "stepfunctions", "list_state_machines", "stateMachines[].name"),
    Listing("parameter", "ssm", "describe_parameters", "Parameters[].Name"),
    Listing("alarm", "cloudwatch", "describe_alarms", "[MetricAlarms, CompositeAlarms][][].AlarmName"),
    Listing("dashboard", "cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
    Listing("role", "iam", "list_roles", "Roles[].RoleName"),
    Listing("key alias", "kms", "list_aliases", "Aliases[].AliasName"),
    Listing("trail", "cloudtrail", "list_trails", "Trails[].Name"),
)


@dataclass(frozen=True)
class Resource:
    kind: str
    name: str
    suffix: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def branch_resources(aws: Aws) -> list[Resource]:
    """Everything of every branch stage, in the region (and, where names are global, in the account)."""
    resources = []
    for listing in LISTINGS:
        for name in _names(aws, listing):
            suffix = slugs.suffix_in(name)
            if suffix is not None:
                resources.append(Resource(listing.kind, name, suffix))
    return resources


def _names(aws: Aws, listing: Listing) -> Iterator[str]:
    client = aws.client(listing.service)
    # A page without the list yields None.
    return (name for name in client.get_paginator(listing.operation).paginate().search(listing.path) if name)
