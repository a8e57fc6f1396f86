"""Acting by a role of another account (D9)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, NoCredentialsError
from moto import mock_aws
from typer.testing import Result

from ops.assumed import session_by_role
from ops.aws import Aws

HOME, OTHER = "123456789012", "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/etl-validation-test"
TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


@pytest.fixture
def accounts(environment: None) -> Iterator[None]:
    """A stack of the same name in each of two accounts, and a role that leads from the first to the second."""
    with mock_aws():
        boto3.client("cloudformation").create_stack(StackName="etl-test", TemplateBody='{"Resources": {}}')
        given = boto3.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="setup")["Credentials"]
        there = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        there.client("cloudformation").create_stack(StackName="etl-test", TemplateBody=TEMPLATE)
        yield


def test_without_a_role_the_builds_own_account_is_asked(accounts: None) -> None:
    assert f":{HOME}:" in Aws().cloudformation.describe_stacks(StackName="etl-test")["Stacks"][0]["StackId"]


def test_with_a_role_every_client_is_in_its_account(accounts: None) -> None:
    aws = Aws("us-east-1", ROLE)
    assert f":{OTHER}:" in aws.cloudformation.describe_stacks(StackName="etl-test")["Stacks"][0]["StackId"]
    caller = aws.client("sts").get_caller_identity()
    assert caller["Account"] == OTHER
    assert caller["Arn"].endswith("assumed-role/etl-validation-test/ledgerline-delivery")


def test_the_role_is_assumed_again_before_its_hour_is_over(accounts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials: Any = session_by_role(ROLE, "us-east-1").get_credentials()
    first = credentials.get_frozen_credentials()
    assert credentials.get_frozen_credentials() == first

    def almost_an_hour_later() -> datetime:
        return datetime.now(timezone.utc) + timedelta(minutes=59)

    monkeypatch.setattr("botocore.credentials._local_now", almost_an_hour_later)
    monkeypatch.setattr(credentials, "_time_fetcher", almost_an_hour_later)
    assert credentials.get_frozen_credentials() != first


@pytest.mark.parametrize("given", [["--role-arn", ROLE], []])
def test_a_command_takes_the_role_from_its_option_or_from_the_build(
    accounts: None, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, given: list[str]
) -> None:
    if not given:
        monkeypatch.setenv("LEDGERLINE_ROLE_ARN", ROLE)
    result = run("template", "--stage", "test", *given)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(TEMPLATE)


def test_an_empty_variable_is_no_role(accounts: None, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGERLINE_ROLE_ARN", "")
    assert json.loads(run("template", "--stage", "test").stdout) == {"Resources": {}}


def test_before_the_first_deployment_there_is_no_template_there(accounts: None, run: Callable[..., Result]) -> None:  # D5
    result = run("template", "--stage", "unborn", "--allow-missing", "--role-arn", ROLE)
    assert (result.exit_code, json.loads(result.stdout)) == (0, {})


def test_a_role_that_may_not_be_assumed_is_one_line_and_not_a_first_deployment(
    accounts: None, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = BaseClient._make_api_call

    def refuse(self: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        if operation == "AssumeRole":
            message = f"not authorized to perform: sts:AssumeRole on resource: {ROLE}"
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, operation)
        return call(self, operation, parameters)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    result = run("template", "--stage", "test", "--allow-missing", "--role-arn", ROLE)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: AWS refused AssumeRole")
    assert ROLE in line
    assert line.endswith("docs/setup.md, A target in another account")


def test_without_credentials_of_its_own_nothing_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda _: None)
    with pytest.raises(NoCredentialsError):
        Aws("us-east-1", ROLE)


def test_a_topic_of_the_delivery_is_told_by_the_build_itself(
    accounts: None, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:  # D10
    topic = boto3.client("sns").create_topic(Name="delivery")["TopicArn"]
    told: list[str] = []

    class Sns:
        def publish(self, *, TopicArn: str, **_: str) -> None:  # noqa: N803  AWS's own name
            told.append(TopicArn)

    made: list[str | None] = []

    def aws(region: str | None = None, role_arn: str | None = None) -> object:
        made.append(role_arn)
        return type("Client", (), {"region": region, "cloudformation": None, "sns": Sns()})()

    monkeypatch.setattr("ops.commands.drift.Aws", aws)
    monkeypatch.setattr("ops.delivery.topic.Aws", aws)
    drifted = type("Drifted", (), {"lines": ["Topic: MODIFIED"]})()
    monkeypatch.setattr("ops.commands.drift.detect", lambda *_, **__: [drifted])
    result = run("drift", "--stage", "test", "--topic", topic, "--role-arn", ROLE)
    assert result.exit_code == 0, result.output
    assert (made, told) == ([ROLE, None], [topic])
