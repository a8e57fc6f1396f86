"""The AWS clients of one command, made when they are first asked for."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.utils import is_valid_endpoint_url

from ops.assumed import session_by_role
from ops.errors import EndpointInvalid

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_stepfunctions.client import SFNClient

DEFAULT_REGION = "us-east-1"
_ENDPOINT = "AWS_ENDPOINT_URL"


class Aws:
    """AWS or, where AWS_ENDPOINT_URL says so, the emulator: boto3 reads it itself. ``role_arn`` is the role to act by, if any.

    Raises EndpointInvalid.
    """

    def __init__(self, region: str | None = None, role_arn: str | None = None) -> None:
        for variable, value in os.environ.items():
            if variable.startswith(_ENDPOINT) and value and not is_valid_endpoint_url(value):
                raise EndpointInvalid(variable, value)
        self._session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        self.region: str = self._session.region_name or DEFAULT_REGION
        if role_arn:
            self._session = session_by_role(role_arn, self.region)
        self._config = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=60, max_pool_connections=16)
        self._others: dict[str, Any] = {}

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        return self._session.client("cloudformation", region_name=self.region, config=self._config)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        return self._session.client("cloudwatch", region_name=self.region, config=self._config)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self._session.client("dynamodb", region_name=self.region, config=self._config)

    @cached_property
    def functions(self) -> LambdaClient:
        return self._session.client("lambda", region_name=self.region, config=self._config)

    @cached_property
    def s3(self) -> S3Client:
        return self._session.client("s3", region_name=self.region, config=self._config)

    @cached_property
    def sns(self) -> SNSClient:
        return self._session.client("sns", region_name=self.region, config=self._config)

    @cached_property
    def workflows(self) -> SFNClient:
        return self._session.client("stepfunctions", region_name=self.region, config=self._config)

    def client(self, service: str) -> Any:
        """A client of any service, for what asks many services the same question."""
        if service not in self._others:
            self._others[service] = cast("Any", self._session).client(service, region_name=self.region, config=self._config)
        return self._others[service]
