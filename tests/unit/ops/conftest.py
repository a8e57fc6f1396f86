"""A deployed stage for the commands to work on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from ops.cli import app
from ops.stage import Stage
from tests.unit.ops.deployed_stage import BUCKET, SOURCE_NAME, TABLE, DeployedStage


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@pytest.fixture
def deployed(environment: None) -> Iterator[DeployedStage]:
    with mock_aws():
        stage = DeployedStage()
        stage.create()
        stage.create_stack()
        yield stage


@pytest.fixture
def stage() -> Stage:
    return Stage(
        "us-east-1", "test", SOURCE_NAME, BUCKET, TABLE, ("etl-register-file-test", "etl-process-chunk-test"), "etl-test-", ("errors",)
    )


@pytest.fixture
def run() -> Callable[..., Result]:
    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})

    return invoke
