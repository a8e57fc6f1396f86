"""The document of the figures, made from document.md and the results: nobody writes a figure by hand."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.goals import Verdict, verdicts
from benchmarks.questions import QUESTIONS
from benchmarks.worker import contestant

_TEMPLATE = Path(__file__).with_name("document.md")
GOAL_COLUMNS = ("what", "goal", "measured", "verdict")


def document(questions: Mapping[str, Mapping[str, Any]], plots: Mapping[str, str]) -> str:
    """The whole page. *plots* are paths by the title of the table that is drawn, relative to the page."""
    asked = {name: questions[name] for name in QUESTIONS if name in questions}
    sections = [_section(name, result, plots) for name, result in asked.items()]
    return string.Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        goals=markdown(GOAL_COLUMNS, [goal_row(verdict) for verdict in verdicts(questions)]),
        taken=markdown(("question", "taken", "commit", "run"), [_taken(name, result) for name, result in asked.items()]),
        machine=_machine(list(asked.values())),
        sections="\n\n".join(sections),
        contestants="\n".join(f"- **{task}**: {_described(task)}" for task in _tasks(asked.values())),
    )


def goal_row(verdict: Verdict) -> list[str]:
    goal = verdict.goal
    return [goal.what, goal.bound, verdict.measured, verdict.said]


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; numbers stand on the right."""
    numeric = [bool(rows) and all(re.fullmatch(r"[-\d.,%]+", row[index]) for row in rows) for index in range(len(columns))]
    lines = [columns, ["---:" if right else "---" for right in numeric], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


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


def _tasks(results: Any) -> list[str]:
    return sorted({task for result in results for task in result["contestants"].values()})


def _described(task: str) -> str:
    return " ".join((contestant(task).__doc__ or "").split())
