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

    ``any_size`` says that a quick run, with its smaller files, answers it too. ``why`` explains what bounds a
    figure that is not reached; it is shown only then.
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
    """A goal beside what was measured; ``figures`` is None where its question was not asked, ``reached`` None where it cannot be told."""

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
    def said(self) -> str:
        if self.figures is None:
            return "not measured"
        if self.reached is None:
            return "not judged: a quick run's files are smaller"
        if self.reached:
            return "reached"
        return f"not reached: {self.goal.why or 'not explained yet'}"


def goals() -> list[Goal]:
    return [Goal(**goal) for goal in json.loads(_GOALS.read_text(encoding="utf-8"))]


def verdicts(questions: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """Every goal against the results of the questions, as benchmarks/results.py keeps them."""
    judged = []
    for goal in goals():
        result = questions.get(goal.question)
        figures = result["measured"].get(goal.id) if result else None
        told = figures is not None and result is not None and (goal.any_size or not result["quick"])
        judged.append(Verdict(goal, figures, goal.holds(figures) if told and figures is not None else None))
    return judged


def _number(figure: float, bound: float | None) -> str:
    """Three digits, or one more where these would hide on which side of the *bound* it is."""
    if figure == 0 or (figure >= 10 and figure == int(figure)):
        return f"{int(figure):,}"
    shown = f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}"
    return f"{figure:.4g}" if bound is not None and bound == float(shown.replace(",", "")) != figure else shown
