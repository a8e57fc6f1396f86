"""CloudFormation as the teardown meets it: stacks that go, stacks that first cannot, stacks that something works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

BEGAN = datetime(2026, 11, 20, tzinfo=timezone.utc)


@dataclass
class Stack:
    """``blocked``: for each deletion to come, the resources that fail in it. ``pending``: the states that the next looks find."""

    name: str
    status: str = "CREATE_COMPLETE"
    created: datetime = BEGAN
    tags: dict[str, str] = field(default_factory=dict)
    blocked: list[list[dict[str, str]]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    retained: list[list[str]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return f"arn:aws:cloudformation:us-east-1:123456789012:stack/{self.name}/0000"

    def described(self) -> dict[str, Any]:
        tags = [{"Key": key, "Value": value} for key, value in self.tags.items()]
        return {"StackName": self.name, "StackId": self.id, "StackStatus": self.status, "CreationTime": self.created, "Tags": tags}


class CloudFormation:
    def __init__(self, *stacks: Stack) -> None:
        self.stacks = {stack.name: stack for stack in stacks}
        self.deleted: list[str] = []

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate={"describe_stacks": self._described, "list_stack_resources": self._resources}[operation])

    def _described(self) -> list[dict[str, Any]]:
        return [{"Stacks": [stack.described() for stack in self.stacks.values() if stack.status != "DELETE_COMPLETE"]}]

    def _resources(self, **request: str) -> list[dict[str, Any]]:
        """What failed is on the second page, as in a stage of 110 resources it may be."""
        fine = {"LogicalResourceId": "Fine", "ResourceType": "AWS::SQS::Queue", "ResourceStatus": "DELETE_COMPLETE"}
        failed = [{"ResourceStatus": "DELETE_FAILED", **resource} for resource in self._find(request["StackName"]).failed]
        return [{"StackResourceSummaries": [fine] * 100}, {"StackResourceSummaries": [*failed, fine]}]

    def describe_stacks(self, **request: str) -> dict[str, Any]:
        stack = self._find(request["StackName"])
        now = stack.described()
        if stack.pending:
            stack.status = stack.pending.pop(0)
        return {"Stacks": [now]}

    def delete_stack(self, **request: Any) -> None:
        name, retained = request["StackName"], request["RetainResources"]
        stack = self._find(name)
        assert not stack.status.endswith("_IN_PROGRESS") or stack.status == "REVIEW_IN_PROGRESS"
        assert not retained or stack.status == "DELETE_FAILED", "CloudFormation retains nothing of another stack"
        self.deleted.append(name)
        stack.retained.append(retained)
        stack.failed = stack.blocked.pop(0) if stack.blocked else []
        stack.status, stack.pending = "DELETE_IN_PROGRESS", ["DELETE_FAILED" if stack.failed else "DELETE_COMPLETE"]

    def _find(self, name: str) -> Stack:
        key = name.split("/")[1] if name.startswith("arn:") else name
        if key not in self.stacks or (self.stacks[key].status == "DELETE_COMPLETE" and not name.startswith("arn:")):
            raise ClientError({"Error": {"Code": "ValidationError", "Message": f"Stack with id {name} does not exist"}}, "DescribeStacks")
        return self.stacks[key]


def later(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)
