"""The goals (goals.json), and whether they are reached."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GOALS = Path(__file__).with_name("goals.json")


@dataclass(frozen=True)
class Goal:
    """A bound on a ratio or a count, never on seconds; one of ``at_most`` and ``at_least`` is None.

    ``any_size``: a quick run, with its smaller files, is judged too. ``why``: the explanation shown if the goal is missed.
    """

    id: str
    question: str
    what: str
    at_most: float | None = None
    at_least: float | None = None
    any_size: bool = False
    why: str = ""

    @property
    def bound(self) -> str:
        return f"≤ {self.at_most:,g}" if self.at_most is not None else f"≥ {self.at_least:,g}"

    def holds(self, figures: Mapping[str, float]) -> bool:
        """Whether all figures, one a runtime, are within the bound."""
        if self.at_most is not None:
            return all(figure <= self.at_most for figure in figures.values())
        assert self.at_least is not None
        return all(figure >= self.at_least for figure in figures.values())


@dataclass(frozen=True)
class Verdict:
    """A goal and its measurement: ``figures`` is None if its question was not asked, ``reached`` is None if it cannot be judged."""

    goal: Goal
    figures: Mapping[str, float] | None
    reached: bool | None

    @property
    def measured(self) -> str:
        if self.figures is None:
            return "not measured"
        bound = self.goal.at_least if self.goal.at_most is None else self.goal.at_most
        return ", ".join(f"{_number(figure, bound)} ({who})" for who, figure in self.figures.items())

    @property
    def result(self) -> str:
        if self.figures is None:
            return "not measured"
        if self.reached is None:
            return "not judged"
        return "reached" if self.reached else "not reached"

    @property
    def explanation(self) -> str:
        """Why the result is not "reached"."""
        if self.figures is None or self.reached:
            return ""
        if self.reached is None:
            return "a quick run's files are smaller"
        return self.goal.why or "not explained yet"

    @property
    def said(self) -> str:
        return f"{self.result}: {self.explanation}" if self.explanation else self.result


def goals() -> list[Goal]:
    return [Goal(**goal) for goal in json.loads(_GOALS.read_text(encoding="utf-8"))]


def verdicts(questions: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """A verdict on every goal; *questions* are results as benchmarks/results.py keeps them."""
    judged = []
    for goal in goals():
        result = questions.get(goal.question)
        figures = result["measured"].get(goal.id) if result else None
        comparable = result is not None and (goal.any_size or not result["quick"])
        judged.append(Verdict(goal, figures, goal.holds(figures) if comparable and figures is not None else None))
    return judged


def _number(figure: float, bound: float | None) -> str:
    """Three digits, or four if three would show exactly the *bound*."""
    if figure == 0 or (figure >= 10 and figure == int(figure)):
        return f"{int(figure):,}"
    shown = f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}"
    return f"{figure:.4g}" if bound is not None and bound == float(shown.replace(",", "")) != figure else shown
