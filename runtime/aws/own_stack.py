"""The state of the CloudFormation stack that a function belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

_ROLLING_BACK = ("UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")


def make_client() -> CloudFormationClient:
    return boto3.client(
        "cloudformation", config=Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=20)
    )


def is_rolling_back(client: CloudFormationClient, stack_id: str) -> bool:
    return client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] in _ROLLING_BACK
