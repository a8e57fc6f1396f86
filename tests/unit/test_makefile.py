"""The Makefile's own part: what it shows, and on what machine it goes on."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

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
def a_mac(tmp_path: Path) -> str:
    uname = tmp_path / "uname"
    uname.write_text("#!/bin/sh\necho Darwin arm64\n")
    uname.chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


def test_another_machine_is_refused_with_one_line(a_mac: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make("platform").returncode == 0
    refused = make("-s", "platform", PATH=a_mac)
    assert refused.returncode == 2
    assert refused.stdout == "Linux on x86-64 is needed: the layer holds Lambda's own binaries. This is Darwin arm64\n"
    machine.refuse_others()
    monkeypatch.setattr(machine.platform, "system", lambda: "Darwin")
    with pytest.raises(LocalError, match="Linux on x86-64 only, and this is Darwin x86_64"):
        machine.refuse_others()


def test_set_up_looks_at_the_machine_first() -> None:
    planned = make("-n", "-B", "setup").stdout
    assert planned.index("uname -sm") < planned.index("-m venv")
