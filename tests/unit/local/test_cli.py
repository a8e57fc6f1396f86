"""The commands' own part: what they print, how they end. What they start is tested where it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from local import cli
from local.emulator import ROOT
from local.errors import LocalError
from local.gaps import GAPS
from local.gaps.accepted_types import ACCEPTED
from local.gaps.limits import LIMITS
from tests.unit.local.clouds import Cloud


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "STATE", tmp_path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments)


@pytest.mark.parametrize("command", [command.callback.__name__ for command in cli.app.registered_commands if command.callback])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    answer = call(command, "--help")
    assert answer.exit_code == 0
    assert f"python -m local {command}" in answer.output


def test_the_guide_names_every_command() -> None:
    guide = (ROOT / "docs" / "local.md").read_text(encoding="utf-8")
    for command in cli.app.registered_commands:
        assert command.callback is not None
        assert f"`python -m local {command.callback.__name__}" in guide


def test_env_can_be_evaluated_by_a_shell(fixed: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.emulator, "running", lambda _: fixed.emulator)
    script = call("env").output + '\necho "$AWS_ENDPOINT_URL $AWS_REGION $AWS_ACCESS_KEY_ID ${AWS_PROFILE-none}"'
    shell = subprocess.run(["sh", "-c", script], env=os.environ | {"AWS_PROFILE": "real"}, capture_output=True, text=True, check=True)
    assert shell.stdout == f"{fixed.emulator.endpoint} us-east-1 123456789012 none\n"


@pytest.mark.parametrize(("command", "status"), [("env", 1), ("status", 1), ("down", 0)])
def test_with_nothing_running_each_says_so(command: str, status: int) -> None:
    answer = call(command)
    assert answer.exit_code == status
    assert "not running" in answer.output


def test_status_says_where_it_listens(fixed: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.emulator, "running", lambda _: fixed.emulator)
    answer = call("status")
    assert answer.exit_code == 0
    assert fixed.emulator.endpoint in answer.output


def test_an_expected_error_is_one_line_and_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LocalError("port 1 is in use; choose another")

    monkeypatch.setattr(cli, "bring_up", fail)
    answer = call("up")
    assert (answer.exit_code, answer.output) == (1, "error: port 1 is in use; choose another\n")


def test_commands_forget_the_shells_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real")
    call("down")
    assert "AWS_PROFILE" not in os.environ


def test_gaps_lists_every_fix_every_accepted_type_and_every_limit() -> None:
    listed = call("gaps").output
    for name in (*(gap.name for gap in GAPS), *(accepted.type for accepted in ACCEPTED), *(limit.what for limit in LIMITS)):
        assert f"  {name}: " in listed


def test_the_sample_is_submitted_as_what_it_is_and_another_file_as_it_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(cli, "run_file", lambda *arguments: asked.append(arguments[:3]) or 1)
    mine = tmp_path / "mine.csv"
    mine.touch()
    assert [call("run").exit_code, call("run", str(mine), "--dataset", "transactions", "--partner", "acme").exit_code] == [1, 1]
    assert asked == [(cli.SAMPLE, "transactions", "sample-bank"), (mine, "transactions", "acme")]
