"""Take a branch's stage down and prove that it is gone.

Only what :func:`pipeline.slugs.is_branch_suffix` recognizes is touched: no other stage's suffix has the word ``br`` in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from ops.aws import Aws
from ops.branches.buckets import empty
from ops.branches.errors import LeftBehind, NotABranchStage, TeardownFailed
from ops.branches.inventory import LOG_GROUP, Resource, branch_resources
from ops.branches.stages import branch_stages
from pipeline import slugs

ATTEMPTS = 3
#: Seconds.
POLL = 5
STACK_TIMEOUT = 1800
#: For how long a listing may still show what is gone.
SETTLING = 60
LOOKS = 2

_GONE, _FAILED = "DELETE_COMPLETE", "DELETE_FAILED"
#: A stack that was never created, and waits for somebody to execute its first change set.
_UNBORN = "REVIEW_IN_PROGRESS"


@dataclass
class Teardown:
    """``tell`` gets a line for each step."""

    aws: Aws
    tell: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _retained: dict[str, list[str]] = field(default_factory=dict)

    def run(self, suffix: str) -> None:
        """Delete the stage's stacks, the newest first; raise NotABranchStage, TeardownFailed or LeftBehind."""
        if not slugs.is_branch_suffix(suffix):
            raise NotABranchStage(suffix)
        for attempt in range(1, ATTEMPTS + 1):
            # A stack whose export another one imports fails until that one is gone: it comes again in the next round.
            failed = [stack for stack in self._stacks(suffix) if self._delete(stack) == _FAILED]
            if not failed:
                break
            self.tell(f"{len(failed)} stacks could not be deleted, attempt {attempt} of {ATTEMPTS}")
            reasons = [self._unblock(stack) for stack in failed]
            if attempt == ATTEMPTS:
                raise TeardownFailed(suffix, _name(failed[0]), reasons[0])
        self._verify(suffix)

    def _stacks(self, suffix: str) -> tuple[str, ...]:
        return next((stage.stacks for stage in branch_stages(self.aws.cloudformation) if stage.suffix == suffix), ())

    def _delete(self, stack: str) -> str:
        self.wait(stack)
        self.tell(f"Deleting stack {_name(stack)}")
        # By name: whether it may be deleted is a matter of its name.
        self.aws.cloudformation.delete_stack(StackName=_name(stack), RetainResources=self._retained.pop(stack, []))
        return self.wait(stack)

    def wait(self, stack: str) -> str:
        """The status of the stack of that id once nothing changes it; raise TeardownFailed when that takes too long."""
        began = self.clock()
        while True:
            status = self._status(stack)
            if not status.endswith("_IN_PROGRESS") or status == _UNBORN:
                return status
            if self.clock() - began > STACK_TIMEOUT:
                raise TeardownFailed(slugs.suffix_in(_name(stack)) or "", _name(stack), [f"{status} for more than {STACK_TIMEOUT:,} s"])
            self.sleep(POLL)

    def _status(self, stack: str) -> str:
        try:
            # By id: a deleted stack has no name any more.
            status: str = self.aws.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return _GONE
            raise
        return status

    def _unblock(self, stack: str) -> list[str]:
        """Empty the buckets that kept *stack* from going, and give up custom resources whose function is gone; returns the reasons."""
        # DescribeStackResources would stop at a hundred, and a stage has more.
        pages = self.aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        failed = [resource for page in pages for resource in page["StackResourceSummaries"] if resource["ResourceStatus"] == _FAILED]
        for resource in failed:
            name = resource.get("PhysicalResourceId", "")
            if resource["ResourceType"] == "AWS::S3::Bucket" and slugs.suffix_in(name):
                count = empty(self.aws.s3, name)
                self.tell(f"Removed {count:,} objects and versions that kept bucket {name}")
        # A custom resource holds nothing itself. It stays only where its function went before it, half-way through a creation.
        self._retained[stack] = [resource["LogicalResourceId"] for resource in failed if resource["ResourceType"].startswith("Custom::")]
        return [_reason(resource) for resource in failed]

    def _verify(self, suffix: str) -> None:
        """Look until nothing is there twice in a row: a listing may be late, and a function that still runs may write its log."""
        began, clean = self.clock(), 0
        while True:
            left = [resource for resource in branch_resources(self.aws) if resource.suffix == suffix]
            clean = 0 if left else clean + 1
            if clean == LOOKS:
                self.tell(f"Nothing named for stage {suffix} is left")
                return
            if left and self.clock() - began > SETTLING:
                raise LeftBehind(suffix, [str(resource) for resource in left])
            self._remove_logs(left)
            self.sleep(POLL)

    def _remove_logs(self, left: list[Resource]) -> None:
        """A function that still ran when its log group went may have made it again."""
        logs = self.aws.client("logs")
        for resource in left:
            if resource.kind == LOG_GROUP:
                self.tell(f"Removing {resource}, which was made again after its stack was gone")
                logs.delete_log_group(logGroupName=resource.name)


def _name(stack_id: str) -> str:
    """``arn:aws:cloudformation:…:stack/<name>/<uuid>``."""
    return stack_id.split("/")[1]


def _reason(resource: Any) -> str:
    return f"{resource['LogicalResourceId']} ({resource['ResourceType']}): {resource.get('ResourceStatusReason', 'no reason given')}"
