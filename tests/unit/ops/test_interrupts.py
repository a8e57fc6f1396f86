"""Ctrl-C, wherever a command of ``ops`` is: status 130 and one line."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

import pytest

from ops.live import left_alone
from ops.terminal import stderr

Ended = Callable[..., tuple[object, str]]


def interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ended:
    def end(*arguments: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["ops", *arguments])
        with pytest.raises((SystemExit, KeyboardInterrupt)) as raised:
            runpy.run_module("ops", run_name="__main__")
        return getattr(raised.value, "code", None), capsys.readouterr().err

    return end


def test_while_modules_are_loaded(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    loading = ModuleType("ops.cli")
    monkeypatch.setattr(loading, "__getattr__", interrupt, raising=False)
    monkeypatch.setitem(sys.modules, "ops.cli", loading)
    assert ended("status") == (130, "stopped\n")


@pytest.mark.parametrize("command", ["status", "sweep", "validate"])
def test_while_a_command_works(command: str, ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"ops.commands.{command}.connect", interrupt)
    assert ended(command) == (130, "stopped\n")


def test_a_command_that_says_what_goes_on_has_the_last_word(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(*_: Any) -> NoReturn:
        try:
            interrupt()
        except KeyboardInterrupt:
            left_alone(stderr(), "python -m ops status")

    monkeypatch.setattr("ops.commands.status.connect", leave)
    assert ended("status") == (130, "No longer waiting; the file goes on. Follow it: python -m ops status\n")


def test_other_ends_stay_as_they_are(ended: Ended) -> None:
    assert ended("--help") == (0, "")
    assert ended("status", "--limit", "0")[0] == 2
