"""Goals that are reached, missed or not judged; a missed goal is exit status 1."""

from __future__ import annotations

import re
from typing import Any

import pytest

from benchmarks.__main__ import status
from benchmarks.goals import Goal, Verdict, goals, verdicts
from benchmarks.questions import QUESTIONS


def result(quick: bool = False, **measured: dict[str, float]) -> dict[str, Any]:
    return {"quick": quick, "measured": {name.replace("_", "-"): figures for name, figures in measured.items()}}


def verdict(questions: dict[str, Any], goal_id: str) -> Verdict:
    return next(judged for judged in verdicts(questions) if judged.goal.id == goal_id)


def test_goals_are_bounds_on_what_questions_measure() -> None:
    identities = [goal.id for goal in goals()]
    assert len(set(identities)) == len(identities) == 18
    for goal in goals():
        assert goal.question in QUESTIONS
        assert (goal.at_most is None) != (goal.at_least is None)
        assert "second" not in goal.what or "÷" in goal.what, "a goal is a ratio, never seconds"


@pytest.mark.parametrize(("figures", "reached"), [({"3.9": 300, "3.13": 300}, True), ({"3.9": 200, "3.13": 300.1}, False)])
def test_every_runtime_must_reach_a_goal(figures: dict[str, float], reached: bool) -> None:
    assert verdict({"memory": result(memory=figures)}, "memory").reached is reached


@pytest.mark.parametrize(("figure", "reached"), [(40.0, True), (39.9, False)])
def test_more_may_be_better(figure: float, reached: bool) -> None:
    assert verdict({"rewrite": result(plan_vs_rewrite={"3.9": figure})}, "plan-vs-rewrite").reached is reached


def test_quick_run_judges_only_what_does_not_depend_on_size() -> None:
    slow = verdict({"exact": result(True, exact_vs_reading={"3.9": 9.0})}, "exact-vs-reading")
    assert slow.reached is None
    assert slow.measured == "9.00 (3.9)"
    assert "not judged" in slow.said
    assert verdict({"memory": result(True, memory={"3.9": 301.0})}, "memory").reached is False


def test_missed_goal_is_explained_where_there_is_an_explanation() -> None:
    goal = Goal("a", "chunk", "what", at_most=1, why="the disk is slow")
    assert Verdict(goal, {"3.9": 2}, False).said == "not reached: the disk is slow"
    assert Verdict(goal, {"3.9": 1}, True).said == "reached"
    assert Verdict(goal, None, None).said == "not measured"


def test_a_figure_shows_on_which_side_of_its_goal_it_is() -> None:
    goal = Goal("a", "chunk", "what", at_most=1.15)
    assert Verdict(goal, {"3.9": 1.1521, "3.13": 1.1349}, False).measured == "1.152 (3.9), 1.13 (3.13)"
    assert Verdict(goal, {"3.9": 1.15}, True).measured == "1.15 (3.9)"


def test_reasons_hold_no_figures_that_the_next_run_makes_untrue() -> None:
    """Exempt: the name UTF-8, and sizes that are settings."""
    for goal in goals():
        assert not re.search(r"\d", goal.why.replace("UTF-8", "").replace("3,072 MB", "")), goal.id


def test_missed_goal_is_exit_status_1_for_who_asked() -> None:
    judged = verdicts({"memory": result(memory={"3.9": 400.0}), "far": result(far_reads={"3.9": 2000.0})})
    assert status(judged, ["memory", "far"]) == 1
    assert status(judged, ["far"]) == 0
    assert status(judged, ["exact"]) == 0
