"""How the CDK CLI is called, and how its failure reaches a person. The real CLI deploys in tests/e2e."""

from __future__ import annotations

import io
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

import pytest
from rich.console import Console

from local import deployment
from local.assembly import Assembly
from local.deployment import deploy
from local.emulator import Emulator
from local.errors import LocalError
from local.progress import Steps

EMULATOR = Emulator(42, 4566, "123456789012", "", "")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CLI that notes its arguments and AWS settings, one JSON line a call, and fails when it is told to."""
    cli, calls = tmp_path / "cdk", tmp_path / "calls"
    cli.write_text(
        "#!/usr/bin/env python3\n"
        "import json, os, sys\n"
        f"with open({str(calls)!r}, 'a') as out:\n"
        "    out.write(json.dumps({'line': sys.argv[1:], 'aws': {k: v for k, v in os.environ.items() if k.startswith('AWS_')}}) + '\\n')\n"
        "print('etl-prod | 1/2 | 1:00:00 PM | CREATE_COMPLETE | AWS::S3::Bucket | Data')\n"
        f"if os.path.exists({str(tmp_path / 'fails')!r}) and sys.argv[1] == 'deploy':\n"
        "    print('❌  etl-prod failed: no such role')\n"
        "    sys.exit(1)\n"
    )
    cli.chmod(0o755)
    monkeypatch.setattr(deployment, "_CLI", cli)
    monkeypatch.setattr(deployment, "ROOT", tmp_path)
    return calls


def deployed(state: Path, digest: str = "d") -> str:
    said = io.StringIO()
    steps = Steps(Console(file=said, width=200))
    deploy(EMULATOR, Assembly(state / "assembly", digest, "3.9", "etl-prod", "123456789012", "us-east-1"), state, steps)
    return said.getvalue()


def called(calls: Path) -> list[list[str]]:
    return [json.loads(line)["line"] for line in calls.read_text().splitlines()]


def test_bootstraps_then_deploys_every_stack_without_asking(calls: Path, tmp_path: Path) -> None:
    said = deployed(tmp_path)
    bootstrap, stacks = called(calls)
    assert bootstrap[:2] == ["bootstrap", "aws://123456789012/us-east-1"]
    assert stacks[:4] == ["deploy", "--all", "--require-approval", "never"]
    assert stacks[4:6] == ["--app", str(tmp_path / "assembly")]
    assert [line.partition(" (")[0] for line in said.splitlines()] == [
        "Bootstrapping aws://123456789012/us-east-1",
        "Deploying stack etl-prod",
    ]


def test_the_cli_sees_the_emulator_and_nothing_else_of_aws(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real")
    deployed(tmp_path)
    assert [json.loads(line)["aws"] for line in calls.read_text().splitlines()] == [EMULATOR.variables()] * 2


def test_the_same_assembly_in_the_same_emulator_is_deployed_once(calls: Path, tmp_path: Path) -> None:
    deployed(tmp_path)
    assert "nothing has changed" in deployed(tmp_path)
    assert len(called(calls)) == 2
    deployed(tmp_path, digest="another")
    assert len(called(calls)) == 4


def test_a_failure_gives_the_clis_reason_and_is_tried_again(calls: Path, tmp_path: Path) -> None:
    (tmp_path / "fails").touch()
    with pytest.raises(LocalError, match=r"cdk deploy failed: ❌  etl-prod failed: no such role \(whole log: .*cdk\.log\)"):
        deployed(tmp_path)
    assert "1/2" in (tmp_path / "cdk.log").read_text()
    (tmp_path / "fails").unlink()
    deployed(tmp_path)
    assert len(called(calls)) == 4


def test_an_interrupted_deployment_takes_the_cli_with_it(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cdk").write_text(f"#!/bin/sh\necho $$ > {calls}\necho 'etl-prod | 1/2 |'\nexec sleep 60\n")

    class Interrupted(Steps):
        @contextmanager
        def step(self, what: str) -> Iterator[Callable[[str], None]]:
            def interrupt(_: str) -> None:
                raise KeyboardInterrupt

            yield interrupt

    assembly = Assembly(tmp_path / "assembly", "d", "3.9", "etl-prod", "123456789012", "us-east-1")
    with pytest.raises(KeyboardInterrupt):
        deploy(EMULATOR, assembly, tmp_path, Interrupted(Console(file=io.StringIO())))
    with pytest.raises(ProcessLookupError):
        os.kill(int(calls.read_text()), 0)


def test_a_missing_cli_names_the_command_that_installs_it(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "_CLI", tmp_path / "node_modules" / ".bin" / "cdk")
    with pytest.raises(LocalError, match=r"node_modules/\.bin/cdk.*'make setup'"):
        deployed(tmp_path)
