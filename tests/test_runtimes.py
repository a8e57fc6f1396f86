"""The runtime's tests run on both Pythons at once, and neither's failure is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtimes import ROOT, side_by_side

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
#: Two that hold what is their standard input open, and say so when nobody has ended them.
WAITS = r"""
import signal, sys
from tests.runtimes import side_by_side
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's is ignored
line = [sys.executable, "-c", "import os, time; os.write(0, b'here\\n'); time.sleep(60); os.write(0, b'still here\\n')"]
side_by_side({"one": line, "two": line})
"""


def saying(text: str, status: int = 0) -> list[str]:
    return [sys.executable, "-c", f"import sys; print({text!r}); print('!', file=sys.stderr); sys.exit({status})"]


def test_all_run_at_once(tmp_path: Path) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    line = [sys.executable, "-c", MEETS]
    assert side_by_side({"one": [*line, one, two], "two": [*line, two, one]}) == [0, 0]


@pytest.mark.parametrize("statuses", [[0, 0, 0], [1, 0, 0], [0, 0, 2]])
def test_what_each_says_stands_under_its_title_and_its_status_counts(capfd: pytest.CaptureFixture[str], statuses: list[int]) -> None:
    commands = {title: saying(f"{title} says", status) for title, status in zip("abc", statuses, strict=True)}
    assert side_by_side(commands) == statuses
    said = [line for line in capfd.readouterr().out.splitlines() if line not in {"", "!"}]
    assert said == ["=== a ===", "a says", "=== b ===", "b says", "=== c ===", "c says"]


def test_an_interrupt_ends_them() -> None:
    reading, writing = os.pipe()
    with subprocess.Popen([sys.executable, "-c", WAITS], cwd=ROOT, stdin=writing, stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        with os.fdopen(reading) as told:
            assert [told.readline(), told.readline()] == ["here\n"] * 2
            process.send_signal(signal.SIGINT)
            assert told.read() == ""
    assert process.returncode != 0
