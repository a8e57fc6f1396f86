"""What a person sees of an execution: lines in a log, a table on a terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from local.delivery.console import Board
from local.delivery.definition import parse
from local.delivery.execution import FAILED, IN_PROGRESS, NOT_STARTED, SUCCEEDED, ActionRecord, Record, StageRecord
from tests.unit.local.delivery.test_definition import action, properties

(MAKE,) = parse(properties(action("Make")), name="any", region="us-east-1").actions


def record(*actions: ActionRecord, status: str = IN_PROGRESS, reason: str = "") -> Record:
    stages = [StageRecord("Stage", actions=list(actions))]
    made = Record(1, "0001-abc", "any", "push", "abcdef0123", "main", "A change", "", 1, status, 100.0, 175.0, reason)
    made.stages = stages
    return made


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def board(said: io.StringIO) -> Board:
    return Board(Console(file=said, width=160), clock=lambda: 160.0)


def test_each_change_is_a_line_where_there_is_no_terminal(board: Board, said: io.StringIO) -> None:
    with board.showing(record()):
        board.changed(MAKE, ActionRecord("Make", IN_PROGRESS, started=100.0))
        board.progress(MAKE, "build")
        board.changed(MAKE, ActionRecord("Make", SUCCEEDED, 100.0, 103.5, "4 changes"))
    lines = said.getvalue().splitlines()
    assert lines[0] == "Execution 0001-abc of any: main at abcdef01, A change (push)"
    assert [line.partition("  ")[2] for line in lines[1:]] == ["Stage / Make  InProgress", "Stage / Make  Succeeded  3.5 s  4 changes"]


def test_a_failed_action_shows_the_end_of_its_log(board: Board, said: io.StringIO, tmp_path: Path) -> None:
    log = tmp_path / "make.log"
    log.write_text("".join(f"line {number}\n\n" for number in range(100)))
    board.changed(MAKE, ActionRecord("Make", FAILED, 100.0, 101.0, "it broke", str(log)))
    shown = said.getvalue()
    assert "Stage / Make  Failed  1.0 s  it broke" in shown
    assert "| line 88\n" in shown
    assert "| line 99\n" in shown
    assert "line 87" not in shown
    assert str(log) in shown


def test_what_was_not_reached_says_so_and_what_runs_counts(board: Board, said: io.StringIO) -> None:
    running = record(ActionRecord("Make", IN_PROGRESS, started=100.0), ActionRecord("Ship"))
    Console(file=said, width=160).print(board.table(running))
    rows = [line.split() for line in said.getvalue().splitlines()]
    assert ["Stage", "Make", IN_PROGRESS, "60.0", "s"] in rows
    assert ["Ship", NOT_STARTED] in rows


def test_text_of_a_commit_is_never_markup(board: Board, said: io.StringIO) -> None:
    hostile = record()
    hostile.message = "[red]x[/] [link=file:///etc]y[/link]"
    with board.showing(hostile):
        pass
    assert hostile.message in said.getvalue()


def test_text_of_a_commit_does_not_drive_the_terminal(board: Board, said: io.StringIO) -> None:
    board.say("\x1b[31mred\x1b[0m \x1b]0;title\x07 back\rover")
    assert said.getvalue() == "red ]0;title backover\n"


def test_the_end_says_how_long_it_took_and_why_it_failed(board: Board, said: io.StringIO) -> None:
    board.finish(record(status=FAILED, reason="Stage / Make: it broke"))
    assert said.getvalue().splitlines()[-1] == "Execution 0001-abc: Failed after 75 s: Stage / Make: it broke"


def test_a_terminal_shows_the_table_while_it_runs(said: io.StringIO) -> None:
    console = Console(file=said, width=160, force_terminal=True)
    with Board(console, clock=lambda: 160.0).showing(record(ActionRecord("Make", IN_PROGRESS, started=100.0))):
        pass
    assert "60.0 s" in said.getvalue()
