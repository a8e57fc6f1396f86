from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from typer.testing import Result

from ops.errors import StageMissing, explain
from ops.stage import deployed_at, locate

Run = Callable[..., Result]


def test_a_stage_is_read_from_the_outputs_of_its_stack(deployed: Any, stage: Any) -> None:
    assert locate("test", "us-east-1", boto3.client("cloudformation"), {}) == stage
    assert deployed_at("test", "us-east-1", boto3.client("cloudformation")).tzinfo is not None


def test_the_pipeline_passes_the_outputs_in_variables_and_no_stack_is_read(environment: None, stage: Any) -> None:
    variables = {
        "LEDGERLINE_OUTPUT_STAGE": "test",
        "LEDGERLINE_OUTPUT_SOURCE_NAME": "test",
        "LEDGERLINE_OUTPUT_DATA_BUCKET_NAME": stage.data_bucket_name,
        "LEDGERLINE_OUTPUT_TRACKING_TABLE_NAME": stage.tracking_table_name,
        "LEDGERLINE_OUTPUT_FUNCTION_NAMES": "etl-register-file-test, etl-process-chunk-test",
        "LEDGERLINE_OUTPUT_ALARM_PREFIX": "etl-test-",
        "LEDGERLINE_OUTPUT_ALARM_NAMES": "errors",
    }
    no_client: Any = None
    assert locate("test", "us-east-1", no_client, variables) == stage
    del variables["LEDGERLINE_OUTPUT_ALARM_NAMES"]
    assert locate("test", "us-east-1", no_client, variables).alarm_names == (), "as of a stage from before it told them"
    del variables["LEDGERLINE_OUTPUT_SOURCE_NAME"]
    with pytest.raises(StageMissing, match="lacks source_name"):
        locate("test", "us-east-1", no_client, variables)


def test_variables_of_another_stage_are_not_taken_for_this_one(deployed: Any, stage: Any) -> None:
    variables = {"LEDGERLINE_OUTPUT_STAGE": "prod", "LEDGERLINE_OUTPUT_DATA_BUCKET_NAME": "other"}
    assert locate("test", "us-east-1", boto3.client("cloudformation"), variables) == stage


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("status", "--stage", "nowhere"), "Stage 'nowhere' in us-east-1: there is no stack etl-nowhere"),
        (("status", "0" * 32, "--stage", "test"), f"Stage 'test' has no file {'0' * 32}"),
        (("rejects", "0" * 32, "--stage", "test"), f"Stage 'test' has no file {'0' * 32}"),
    ],
)
def test_what_is_not_there_is_one_line_and_status_1(deployed: Any, run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "not-an-id"),
        ("status", "--stage", "Not A Stage"),
        ("status", "--status", "GONE"),
        ("rejects", "../../x"),
        ("submit", "no-such-file.csv"),
        ("contract", "check", "no-such-file.csv", "no-such-contract.json"),
        ("nonsense",),
    ],
)
def test_wrong_usage_is_status_2(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Error" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("endpoint", "line"),
    [
        ("http://nowhere.invalid:9", r"error: AWS cannot be reached: [^\n]+nowhere\.invalid:9[^\n]+AWS_ENDPOINT_URL\n"),
        (
            "http://127.0.0.1:9",
            r"error: No emulator answers: [^\n]+127\.0\.0\.1:9[^\n]+; start it with python -m local up, then: eval [^\n]+\n",
        ),
    ],
)
def test_unreachable_aws_is_one_line_without_traceback(
    environment: None, monkeypatch: pytest.MonkeyPatch, run: Run, endpoint: str, line: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    result = run("status")
    assert result.exit_code == 1
    assert re.fullmatch(line, result.stderr)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (NoCredentialsError(), "Unable to locate credentials; set AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="http://x"), "AWS cannot be reached"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no\nway"}}, "PutObject"),
            "AWS refused PutObject (no way); use credentials",
        ),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "Query"),
            "did not accept the credentials for Query (ExpiredToken)",
        ),
        (ClientError({"Error": {"Code": "Odd", "Message": "what"}}, "Query"), "AWS Query failed: Odd: what"),
    ],
)
def test_errors_of_aws_say_what_to_do_in_one_line(error: Exception, line: str) -> None:
    assert line in explain(error)
    assert "\n" not in explain(error)


@pytest.mark.parametrize("command", [("submit",), ("status",), ("rejects",), ("validate",), ("contract", "infer"), ("contract", "check")])
def test_every_command_shows_an_example_and_offers_json(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert f"Example: python -m ops {' '.join(command)}" in result.stdout
    assert "--json" in result.stdout
