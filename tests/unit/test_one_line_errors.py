"""What a person can be expected to get wrong is answered with one line and an exit status, from every command."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import local.cli
import ops.cli
import pipeline_app

ROOT = Path(__file__).resolve().parents[2]


def ended(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """*line* in a shell whose ``python`` is this one."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LEDGERLINE_"))}
    environment |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_EC2_METADATA_DISABLED": "true", **variables}
    line = re.sub(r"^python ", f"exec {sys.executable} ", line)
    return subprocess.run(["sh", "-c", line], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(
    ("line", "variables", "status", "words"),
    [
        ("python -m ops status", {"AWS_ENDPOINT_URL": "garbage"}, 1, "AWS_ENDPOINT_URL is 'garbage', which is no address"),
        ("python -m ops status >&-", {}, 1, "The standard output is closed"),
        ("python -m local up", {"LEDGERLINE_STATE": "/proc/x"}, 1, "/proc/x: .*LEDGERLINE_STATE names another"),
        ("pipeline/sbom.sh /proc/x", {}, 2, "/proc/x cannot be made; name another directory"),
        ("python -m pipeline.gates --assembly /nope", {}, 2, r"/nope is not a cloud assembly \(/nope/manifest.json: No such file"),
        ("python benchmarks/generate.py /nope/x 1MB", {}, 1, "/nope/x cannot be written"),
        ("python -m benchmarks.accounts /nope/x 10", {}, 1, "/nope/x cannot be written"),
        ("python -m ops branch reap --repository /nope", {}, 1, r"The branches of /nope are not known \(fatal: "),
        ("python -m etl.layers bogus", {}, 2, "no layer for runtime 'bogus': known are 3.9"),
    ],
)
def test_an_expected_error_is_one_line(line: str, variables: dict[str, str], status: int, words: str) -> None:
    answer = ended(line, **variables)
    assert answer.returncode == status
    assert re.fullmatch(rf"error: .*{words}.*\n", answer.stderr), answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize("part", ["rules", "lint", "secrets", "locks"])
def test_a_part_of_the_gates_does_not_look_as_if_it_had_passed(part: str) -> None:
    with pytest.raises(SystemExit, match=r"no command; run them all: python -m pipeline\.gates$"):
        runpy.run_path(str(ROOT / "pipeline" / "gates" / f"{part}.py"), run_name="__main__")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ops status --stage ../x", "'../x' is no stage"),
        ("ops status --limit 0", "Invalid value for '--limit': 0 is less than 1"),
        ("ops status --limit x", "Invalid value for '--limit': 'x' is no whole number"),
        ("ops submit README.md --timeout soon", "'soon' is no number"),
        ("ops branch destroy --branch main", "branch 'main' is the pipeline's own"),
        ("ops branch destroy --stage prod", "'prod' is not the suffix of a branch's stage"),
        ("local up --runtime 2.7", "'2.7' is no runtime of a function; choose one of 3.9"),
        ("local up --port 1", "1 is less than 1024"),
        ("local run README.md --dataset a,b", "names dataset 'a,b', which has no contract"),
        ("local run README.md --partner acme", "--partner needs --dataset"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what_is_right(line: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("boto3.Session", lambda **_: pytest.fail("AWS was asked"))
    monkeypatch.setattr(local.cli, "bring_up", lambda *_, **__: pytest.fail("a stage was brought up"))
    program, *arguments = line.split()
    answer = CliRunner().invoke({"ops": ops.cli.app, "local": local.cli.app}[program], arguments)
    assert answer.exit_code == 2
    assert words in answer.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "from_the_cli", "words"),
    [
        (["-c", "bogus"], {}, "-c bogus: write KEY=VALUE"),
        (["-c", "ledgerline.runtme=3.13"], {}, "-c ledgerline.runtme: no such setting can be overridden; there are "),
        ([], {"ledgerline.runtme": "3.13"}, "-c ledgerline.runtme: no such setting"),
    ],
)
def test_an_override_that_would_change_nothing_is_refused(
    arguments: list[str],
    from_the_cli: dict[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CDK_CONTEXT_JSON", json.dumps(from_the_cli))
    monkeypatch.setattr(pipeline_app, "new_app", lambda *_: pytest.fail("it was synthesized"))
    with pytest.raises(SystemExit) as refused:
        pipeline_app.main(arguments)
    assert refused.value.code == 2
    assert words in capsys.readouterr().err


def test_commands_that_load_the_cdk_say_nothing_of_nodes_age() -> None:
    program = "import pipeline.app, os; print(os.environ['JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION'])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JSII_")}
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True)
    assert (answer.stdout, answer.stderr) == ("20\n", "")


def test_the_samples_generator_explains_itself() -> None:
    shown = ended("python -m local.samples.generate --help").stdout
    assert shown.startswith("usage: python -m local.samples.generate")
