"""The Makefile's own part: what it shows, and on what machine it goes on."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from local import machine
from local.errors import LocalError

ROOT = Path(__file__).resolve().parents[2]


def make(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """As somebody runs it in a shell, whether or not the tests were started by make."""
    shell = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=shell | variables, capture_output=True, encoding="utf-8", check=False)


def test_help_has_every_target_that_explains_itself_in_two_columns() -> None:
    explained = re.findall(r"^([a-z-]+):.*## (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    lines = make("help").stdout.splitlines()
    assert [line[23:] for line in lines] == [text for _, text in explained]
    assert [line[:23].split() for line in lines] == [["make", target] for target, _ in explained]


@pytest.fixture
def machine_of(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Check a machine's tools: each is a script that prints what is given here, and nothing else is on its PATH but the shell's own."""
    shell = tmp_path / "shell"
    shell.mkdir()
    for name in ("bash", "sh"):
        (shell / name).symlink_to(f"/bin/{name}")
    good = {"uname": "Linux x86_64", "python3": "3.12", "node": "22.1.0", "npm": "", "git": ""}

    def check(**tools: str | None) -> subprocess.CompletedProcess[str]:
        for name, answer in (good | tools).items():
            if answer is not None:
                (tmp_path / name).write_text(TOOL.format(answer))
                (tmp_path / name).chmod(0o755)
        command = ["/bin/bash", str(ROOT / "local" / "tools.sh")]
        return subprocess.run(command, env={"PATH": f"{tmp_path}:{shell}"}, capture_output=True, encoding="utf-8", check=False)

    return check


#: Prints its answer, except where Python is asked whether it is old ("3.9") or has no venv ("no venv").
TOOL = """#!/bin/sh
case "$2" in
  *"version_info <"*) [ "{0}" != 3.9 ]; exit ;;
  *ensurepip*) [ "{0}" != "no venv" ]; exit ;;
esac
echo "{0}"
"""


@pytest.mark.parametrize(
    ("tool", "answer", "line"),
    [
        ("uname", "Darwin arm64", "Linux on x86-64 is needed: the layer holds Lambda's own binaries. This is Darwin arm64"),
        ("python3", None, "Python 3.10 or newer is needed, and 'python3' does not start: make PYTHON=python3.11 ..."),
        ("python3", "3.9", "Python 3.10 or newer is needed, and 'python3' is 3.9: make PYTHON=python3.11 ..."),
        ("python3", "no venv", "'python3' cannot make virtual environments"),
        ("node", None, "Node.js 20 or newer is needed, 22 is better, and there is no 'node' on PATH"),
        ("node", "18.20.1", "Node.js 20 or newer is needed, 22 is better, and 'node' is 18.20.1"),
        ("npm", None, "npm is needed, which comes with Node.js, and there is none on PATH"),
        ("git", None, "git is needed, and there is none on PATH"),
    ],
)
def test_what_the_machine_lacks_is_said_in_one_line(
    machine_of: Callable[..., subprocess.CompletedProcess[str]], tool: str, answer: str | None, line: str
) -> None:
    checked = machine_of(**{tool: answer})
    assert checked.returncode == 1, checked.stderr
    assert checked.stdout.startswith(line)
    assert len(checked.stdout.splitlines()) == 1


def test_a_machine_that_has_everything_is_told_nothing(machine_of: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    checked = machine_of()
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_everything_that_is_missing_is_said_at_once(machine_of: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    assert len(machine_of(node=None, npm=None, git=None).stdout.splitlines()) == 3


def test_another_machine_is_refused_by_the_commands_too(monkeypatch: pytest.MonkeyPatch) -> None:
    machine.refuse_others()
    monkeypatch.setattr(machine.platform, "system", lambda: "Darwin")
    with pytest.raises(LocalError, match="Linux on x86-64 only, and this is Darwin x86_64"):
        machine.refuse_others()


def test_another_python_can_be_chosen() -> None:
    refused = make("-s", "tools", "PYTHON=python-none")
    assert refused.returncode == 2
    assert refused.stdout == "Python 3.10 or newer is needed, and 'python-none' does not start: make PYTHON=python3.11 ...\n"
    planned = make("-n", "-B", ".venv/.ready", "PYTHON=python3.12").stdout
    assert 'PYTHON="python3.12" bash buildspec/install.sh requirements.txt' in planned


def test_nothing_is_installed_before_the_tools_are_checked() -> None:
    planned = make("-n", "-B", "setup").stdout
    assert planned.index("local/tools.sh") < planned.index("local/step.sh")


def step(*command: str) -> subprocess.CompletedProcess[str]:
    line = ["bash", str(ROOT / "local" / "step.sh"), "Making it", *command]
    return subprocess.run(line, capture_output=True, encoding="utf-8", check=False)


def test_a_step_says_what_it_does_and_how_long_it_took() -> None:
    done = step("echo", "chatter")
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"Making it \.\.\.\nMaking it \(\d+ s\)\n", done.stderr)


def test_a_step_that_fails_shows_what_its_command_said() -> None:
    failed = step("sh", "-c", "echo no such index; exit 3")
    assert failed.returncode == 3
    assert re.fullmatch(r"Making it \.\.\.\nno such index\nerror: failed after \d+ s: Making it\n", failed.stderr)


def test_pre_commit_runs_what_make_check_runs() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    recipe = make("-n", "check").stdout
    for hook in config["repos"][0]["hooks"]:
        assert hook["entry"].removeprefix(".venv/bin/") in recipe
        assert hook["language"] == "system"
