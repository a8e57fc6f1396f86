"""The page and the tables are made of results and of nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from benchmarks import results
from benchmarks.document import markdown, page, page_plots, tables
from benchmarks.errors import BenchmarkError
from benchmarks.findings import Findings, Table
from benchmarks.plots import file_name
from benchmarks.questions import QUESTIONS
from benchmarks.worker import contestant
from local.testing.runtimes import ROOT

WHERE = {"machine": {"processors": "2"}, "versions": {"peers": {"duckdb": "9.9"}, "ours 3.9": {"Python": "3.9.1"}}}
NOW = datetime(2026, 11, 20, tzinfo=timezone.utc)


def kept(findings: Findings, quick: bool = False) -> dict[str, Any]:
    """An entry as it is read back from the file."""
    return dict(json.loads(json.dumps(results.entry(findings, quick=quick, now=NOW, commit="c0ffee", where=WHERE))))


def test_page_shows_goals_machine_and_versions() -> None:
    shown = page({"far": kept(Findings({"far-reads": {"3.9": 1999.0}}))}, {})
    for part in (
        "| plan: ranged reads for 100 GB | ≤ 2,100 | 1,999 (3.9) | reached |",
        "processors: 2",
        "duckdb 9.9",
        "2026-11-20T00:00:00+00:00 | c0ffee",
        "not measured",
        "Every goal that was judged is reached.",
    ):
        assert part in shown
    assert shown.index("## Limits") < shown.index("## Goals and results") < shown.index("## What is not reached")
    assert "quick:" not in shown


def test_page_explains_what_is_not_reached() -> None:
    shown = page({"memory": kept(Findings({"memory": {"3.9": 301.0}}))}, {})
    assert "| 301 (3.9) | not reached |" in shown
    assert "- **peak memory of one chunk, MB**: imports take a third" in shown


def test_tables_show_figures_plots_notes_and_what_each_contestant_does() -> None:
    table = Table("Planning, warm", ["contestant", "s"], [["ours | 3.9", "0.5"]], "seconds", [("ours", 1.0, 1.0, 1.0)])
    findings = Findings({"far-reads": {"3.9": 1999.0}}, [table], ["A note."], {"duckdb": "duckdb.rejects"})
    shown = tables({"far": kept(findings)}, {"Planning, warm": "plots/planning-warm.png"})
    for part in (
        "## Can a file of 100 GB be planned?",
        "| ours \\| 3.9 | 0.5 |",
        "![Planning, warm](plots/planning-warm.png)",
        "A note.",
        "knows no patterns",
    ):
        assert part in shown


def test_quick_run_says_so_on_the_page() -> None:
    assert "quick: smaller files" in page({"far": kept(Findings({"far-reads": {"3.9": 1.0}}), quick=True)}, {})


def test_page_in_docs_is_the_one_that_its_results_make() -> None:
    """Nobody wrote a figure by hand, and nobody changed the goals or the text without writing the page again."""
    saved = results.load(ROOT / "docs" / "benchmarks.json")["questions"]
    plots = {title: f"benchmarks/{file_name(title)}" for title in page_plots(saved)}
    assert (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == page(saved, plots)
    assert len(plots) == 3
    assert {f"benchmarks/{path.name}" for path in (ROOT / "docs" / "benchmarks").iterdir()} == set(plots.values())
    for path in plots.values():
        assert (ROOT / "docs" / path).read_bytes().startswith(b"\x89PNG")


def test_every_question_introduces_itself() -> None:
    for name, module in QUESTIONS.items():
        assert module.__doc__, name
        assert module.__doc__.splitlines()[0].endswith("?"), name


@pytest.mark.parametrize(
    "task", ["ours.chunk", "duckdb.rejects", "polars.masks", "pandas.masks", "plain.rows", "plain.split", "arrow.rewrite"]
)
def test_contestants_say_what_they_do_without_their_packages(task: str) -> None:
    assert len((contestant(task).__doc__ or "").split()) > 10


def test_numbers_stand_on_the_right() -> None:
    assert markdown(["a", "b"], [["x", "1,000"], ["y", "2%"]]).splitlines()[1] == "| --- | ---: |"


def test_run_by_name_keeps_the_other_answers(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    first = results.load(path)
    first["questions"]["far"] = kept(Findings({"far-reads": {"3.9": 1.0}}))
    results.save(path, first)
    again = results.load(path)
    again["questions"]["memory"] = asdict(Findings())
    results.save(path, again)
    assert set(results.load(path)["questions"]) == {"far", "memory"}


@pytest.mark.parametrize("content", ["", "[]", '{"format": 99, "questions": {}}'])
def test_file_of_something_else_is_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(BenchmarkError, match="delete it"):
        results.load(path)
