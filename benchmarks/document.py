"""Two Markdown files made from the results: the page that a person reads, and all tables. No figure is written by hand."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.goals import Verdict, verdicts
from benchmarks.questions import QUESTIONS
from benchmarks.worker import contestant

Questions = Mapping[str, Mapping[str, Any]]

_TEMPLATE = Path(__file__).with_name("document.md")
GOAL_COLUMNS = ("what", "goal", "measured", "verdict")
#: The plots of the page: a question, and a part of the title of the drawn table.
_PAGE_PLOTS = (("rewrite", "whole process"), ("chunk", "0.1% bad"), ("mainframe", "accounts"))
_TABLES_BEGINNING = """\
# All benchmark tables

`make bench` and `python -m benchmarks --page` write this file. docs/benchmarks.md says how to read it."""
_CONTESTANTS_BEGINNING = """\
## What each contestant does

All write Parquet with zstd at level 1 where they write Parquet, and may use two threads."""


def page(questions: Questions, plots: Mapping[str, str]) -> str:
    """The page. *plots* are paths relative to the page, by the title of the table that is drawn."""
    judged = verdicts(questions)
    rows = [[verdict.goal.what, verdict.goal.bound, verdict.measured, verdict.result] for verdict in judged]
    missed = [f"- **{verdict.goal.what}**: {verdict.explanation}." for verdict in judged if verdict.reached is False]
    asked = _asked(questions)
    return string.Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        goals=markdown(GOAL_COLUMNS, rows),
        missed="\n".join(missed) or "Every goal that was judged is reached.",
        plots="\n\n".join(f"![{title}]({plots[title]})" for title in page_plots(questions)),
        taken=markdown(("question", "taken", "commit", "run"), [_taken(name, result) for name, result in asked.items()]),
        machine=_machine(list(asked.values())),
    )


def page_plots(questions: Questions) -> list[str]:
    """Titles of the drawn tables that the page shows."""
    titles = []
    for name, part in _PAGE_PLOTS:
        drawn = [table["title"] for table in questions.get(name, {"tables": ()})["tables"] if table["bars"] and part in table["title"]]
        titles += drawn[:1]
    return titles


def tables(questions: Questions, plots: Mapping[str, str]) -> str:
    """Every table of every question with its plot, and what each contestant does."""
    asked = _asked(questions)
    sections = [_section(name, result, plots) for name, result in asked.items()]
    contestants = [f"- **{task}**: {_description(task)}" for task in _tasks(asked.values())]
    return "\n\n".join([_TABLES_BEGINNING, *sections, _CONTESTANTS_BEGINNING, "\n".join(contestants)]) + "\n"


def goal_row(verdict: Verdict) -> list[str]:
    goal = verdict.goal
    return [goal.what, goal.bound, verdict.measured, verdict.said]


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; columns of numbers are aligned right."""
    numeric = [bool(rows) and all(re.fullmatch(r"[-\d.,%]+", row[index]) for row in rows) for index in range(len(columns))]
    lines = [columns, ["---:" if right else "---" for right in numeric], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _asked(questions: Questions) -> dict[str, Mapping[str, Any]]:
    return {name: questions[name] for name in QUESTIONS if name in questions}


def _section(name: str, result: Mapping[str, Any], plots: Mapping[str, str]) -> str:
    title, _, body = (QUESTIONS[name].__doc__ or "").strip().partition("\n")
    parts = [f"## {title}", body.strip()]
    for table in result["tables"]:
        parts.append(f"**{table['title']}**")
        parts.append(markdown(table["columns"], table["rows"]))
        if table["title"] in plots:
            parts.append(f"![{table['title']}]({plots[table['title']]})")
    parts += result["notes"]
    return "\n\n".join(part for part in parts if part)


def _taken(name: str, result: Mapping[str, Any]) -> list[str]:
    return [f"`{name}`", result["taken"], result["commit"], "quick: smaller files, fewer pairs" if result["quick"] else "full"]


def _machine(results: Sequence[Mapping[str, Any]]) -> str:
    if not results:
        return "Nothing was measured yet."
    newest = max(results, key=lambda result: str(result["taken"]))
    lines = [", ".join(f"{name}: {value}" for name, value in newest["machine"].items()) + "."]
    for where, packages in newest["versions"].items():
        lines.append(f"{where}: " + ", ".join(f"{name} {version}" for name, version in packages.items()) + ".")
    return "\n".join(lines)


def _tasks(results: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({task for result in results for task in result["contestants"].values()})


def _description(task: str) -> str:
    return " ".join((contestant(task).__doc__ or "").split())
