"""``python -m benchmarks``: its help, its messages and its exit status."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import main
from benchmarks.environments import Environments
from benchmarks.errors import BenchmarkError
from benchmarks.questions import QUESTIONS


def no_environments() -> Environments:
    raise BenchmarkError("none of Python 3.9, 3.13 is here: install one")


def test_help_names_every_question_and_gives_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert all(name in said for name in QUESTIONS)
    assert "example: python -m benchmarks chunk truth --quick" in said


@pytest.mark.parametrize("arguments", [["chunks"], ["--slow"]])
def test_wrong_usage_is_status_2_with_what_may_be_said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments, no_environments)
    assert caught.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_what_cannot_be_measured_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["far", "--quick"], no_environments) == 1
    assert capsys.readouterr().err == "benchmarks: none of Python 3.9, 3.13 is here: install one\n"
