"""Commands and test sessions run at once, no failure is lost, and what was left out is said."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from local.side_by_side import Ended, run
from local.testing.runtimes import ROOT
from tests import sessions

#: Writes its own file and waits for the other's.
MEETS = """
import pathlib, sys, time
mine, other = map(pathlib.Path, sys.argv[1:])
mine.touch()
deadline = time.monotonic() + 60
while not other.exists() and time.monotonic() < deadline:
    time.sleep(0.01)
sys.exit(not other.exists())
"""
#: Two that hold a pipe open, and write to it again when nobody has ended them; one through a shell, whose child it is.
WAITS = r"""
import os, signal, sys
from rich.console import Console
from local.side_by_side import run
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's is ignored
pipe = sys.argv[1]
script = f"import time; p = open({pipe!r}, 'w'); print('here', file=p, flush=True); time.sleep(60); print('still here', file=p)"
line = [sys.executable, "-c", script]
run({"one": line, "two": ["sh", "-c", '"$@"; true', "sh", *line]}, Console())
"""


def printing(text: str, status: int = 0) -> list[str]:
    return [sys.executable, "-c", f"import sys; print({text!r}); print('!', file=sys.stderr); sys.exit({status})"]


def shown(commands: dict[str, list[str]]) -> tuple[list[Ended], list[str]]:
    output = io.StringIO()
    ended = run(commands, Console(file=output, width=200))
    return ended, output.getvalue().splitlines()


def test_all_run_at_once(tmp_path: Path) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    line = [sys.executable, "-c", MEETS]
    ended, _ = shown({"one": [*line, one, two], "two": [*line, two, one]})
    assert [session.status for session in ended] == [0, 0]


@pytest.mark.parametrize("statuses", [[0, 0, 0], [1, 0, 0], [0, 0, 2]])
def test_each_has_a_line_and_a_failure_its_whole_output(statuses: list[int]) -> None:
    commands = {title: printing(f"{title} prints", status) for title, status in zip("abc", statuses, strict=True)}
    ended, lines = shown(commands)
    assert [session.status for session in ended] == statuses
    assert [session.title for session in ended] == ["a", "b", "c"]
    for title, status in zip("abc", statuses, strict=True):
        assert sum(line.startswith(f"{title} (") for line in lines) == 1
        assert (f"{title} prints" in lines) == (status != 0)
    assert all(f"{session.title} prints" in session.output for session in ended)


def test_progress_is_printed_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.side_by_side._REPORT_SECONDS", 0.1)
    line = [sys.executable, "-uc", "import time; print('..... [ 42%]'); time.sleep(1)"]
    _, lines = shown({"tools": line})
    assert any(line.startswith("... ") and line.endswith("s: tools 42 %") for line in lines)


def test_looking_at_the_output_of_a_command_that_prints_changes_nothing() -> None:
    line = [sys.executable, "-uc", "import time\nfor n in range(40): print(n, '[  1%]'); time.sleep(0.02)"]
    (ended,), _ = shown({"tools": line})
    assert [line.split()[0] for line in ended.output.splitlines()] == [str(n) for n in range(40)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_them_and_what_they_started(tmp_path: Path, number: signal.Signals) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with (
        subprocess.Popen(
            [sys.executable, "-c", WAITS, str(pipe)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process,
        pipe.open() as lines,
    ):
        assert [lines.readline(), lines.readline()] == ["here\n"] * 2
        process.send_signal(number)
        assert lines.read() == ""
    assert process.returncode != 0


OUTPUT = (
    "....s [100%]\n"
    "SKIPPED [2] tests/a.py:3: no Python 3.12\n"
    "SKIPPED [1] tests/a.py:3: no Python 3.13\n"
    "4 passed, 1 skipped, 2 deselected in 61.20s (0:01:01)\n"
)


def test_the_summary_has_what_pytest_counted_and_what_was_left_out() -> None:
    ended = [Ended("tools", 0, 61.2, OUTPUT), Ended("runtime on 3.9", 1, 9.0, "FAILED tests/b.py\n1 failed, 3 deselected in 9.00s\n")]
    assert sessions.summary(ended, ["3.13"]) == [
        "  tools: 3 skipped, tests/a.py:3: no Python 3.13",
        "=== tools ===",
        "4 passed, 1 skipped, 2 deselected in 61.20s (0:01:01)",
        "=== runtime on 3.9: FAILED, see above ===",
        "left out: 5 tests marked dear or long and the runtime on Python 3.13: make test-all, make test-long",
    ]


def test_nothing_is_said_where_nothing_was_left_out() -> None:
    assert sessions.summary([Ended("tools", 0, 1.0, "4 passed in 1.00s\n")], []) == ["=== tools ===", "4 passed in 1.00s"]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, list[str]]]:
    """The sessions that were started. This machine has every Python but 3.13; no environment is made."""
    started: list[dict[str, list[str]]] = []

    def note(commands: dict[str, list[str]], *_: object) -> list[Ended]:
        started.append(commands)
        return [Ended(title, 0, 1.0, "1 passed in 1.00s\n") for title in commands]

    monkeypatch.setattr(sessions.side_by_side, "run", note)
    monkeypatch.setattr(sessions, "interpreter", lambda version: None if version == "3.13" else Path(f"python{version}"))
    monkeypatch.setattr(sessions, "environment", lambda version, _: Path(f"made-{version}"))
    monkeypatch.delenv("CI", raising=False)
    return started


def test_the_runtime_is_tested_on_the_deployed_python(ran: list[dict[str, list[str]]]) -> None:
    assert sessions.main(["-m", "not long and not dear"]) == 0
    assert list(ran[0]) == ["tools", "runtime on 3.9"]
    assert all(command[-2:] == ["-m", "not long and not dear"] for command in ran[0].values())
    # Each test is in one of the two.
    assert {part for part in ran[0]["tools"] if part.startswith("--ignore=")} == {f"--ignore={folder}" for folder in sessions.RUNTIME}
    assert set(sessions.RUNTIME) < set(ran[0]["runtime on 3.9"])


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_a_python_that_is_missing_is_an_error_in_ci(
    ran: list[dict[str, list[str]]], ci: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI", ci)
    assert sessions.main(["--every-python"]) == status
    said = capsys.readouterr()
    assert "Python 3.13 is not on PATH" in said.err
    assert "left out: the runtime on Python 3.13" in said.out


def test_a_selection_that_a_session_has_nothing_of_is_no_failure(monkeypatch: pytest.MonkeyPatch, ran: list[dict[str, list[str]]]) -> None:
    statuses = iter([0, 5, 5, 5])
    monkeypatch.setattr(sessions.side_by_side, "run", lambda commands, *_: [Ended(title, next(statuses), 1.0, "") for title in commands])
    assert sessions.main(["-k", "in the tools alone"]) == 0
    assert sessions.main(["-k", "nowhere"]) == 1
