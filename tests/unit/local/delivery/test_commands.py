"""The commands of the rehearsal: what they print and how they end."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from local import cli
from local.delivery import execution as executions
from local.delivery.approval import Request, _decision_file
from local.delivery.definition import parse
from local.delivery.execution import FAILED, Execution
from local.delivery.files import read_json, write_json
from tests.unit.local.delivery.repositories import Repository
from tests.unit.local.delivery.test_definition import action, properties


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cli, "STATE", tmp_path / "state")
    return tmp_path / "state"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments)


def begin(state: Path, repository: Repository) -> AbstractContextManager[Execution]:
    pipeline = parse(properties(action("Make")), name="any", region="us-east-1")
    home = state / "delivery" / "any"
    home.mkdir(parents=True, exist_ok=True)
    return executions.begin(home, pipeline, repository.commit({}), trigger="push", emulator=1, scratch=state)


def ask(execution: Execution) -> Path:
    file = execution.directory / "approvals" / "Stage.Approve.json"
    write_json(file, asdict(Request("any", execution.record.id, "Stage", "Approve", "Look at it", "", "c", time.time() + 60, str(file))))
    return file


@pytest.mark.parametrize("command", ["approve", "reject"])
def test_with_nothing_waiting_a_decision_is_refused(state: Path, command: str) -> None:
    answer = call(command)
    assert answer.exit_code == 1
    assert answer.output == "error: no execution waits for an approval: no emulator runs; 'python -m local deliver' starts a rehearsal\n"


def test_with_an_emulator_and_nothing_waiting_a_decision_is_refused(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.emulator, "running", lambda _: object())
    answer = call("approve")
    assert (answer.exit_code, answer.output) == (1, "error: no execution waits for an approval\n")


@pytest.mark.parametrize(("command", "decision"), [("approve", "Approved"), ("reject", "Rejected")])
def test_a_decision_stands_beside_the_request(state: Path, repository: Repository, command: str, decision: str) -> None:
    with begin(state, repository) as execution:
        file = ask(execution)
        answer = call(command, "--comment", "because")
        assert answer.output == f"{decision}: any / Stage / Approve of execution {execution.record.id}\n"
        assert read_json(_decision_file(file)) == {"status": decision, "summary": "because"}


def test_of_several_that_wait_one_must_be_named(state: Path, repository: Repository) -> None:
    with begin(state, repository) as one, begin(state, repository) as two:
        ask(one)
        file = ask(two)
        answer = call("approve")
        assert answer.exit_code == 1
        assert f"2 executions wait; name one: {one.record.id}, {two.record.id}" in answer.output
        assert call("approve", two.record.id).exit_code == 0
        assert _decision_file(file).exists()


def test_the_request_of_a_dead_execution_is_none(state: Path, repository: Repository) -> None:
    with begin(state, repository) as execution:
        ask(execution)
    assert call("approve").exit_code == 1


def test_status_shows_the_executions_and_what_waits(state: Path, repository: Repository) -> None:
    with begin(state, repository) as first:
        first.end(FAILED, "Stage / Make: it broke")
    with begin(state, repository) as second:
        ask(second)
        shown = call("status").output
    assert f"{first.record.id}" in shown
    assert "Failed" in shown
    assert f"Execution {second.record.id} waits for an approval, any / Stage / Approve: Look at it" in shown


def test_deliver_outside_of_the_rules_ends_with_one_line(state: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({"cdk.json": "{}"})
    monkeypatch.setattr(cli, "ROOT", repository.directory)
    answer = call("deliver")
    assert answer.exit_code == 1
    assert "has no settings of the delivery" in answer.output
