"""``python -m benchmarks``: measure, keep the results, write the page and the tables, print the goals and what was measured."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from benchmarks import results
from benchmarks.bench import Bench
from benchmarks.document import GOAL_COLUMNS, goal_row, page, page_plots, tables
from benchmarks.environments import Environments, environments, machine, versions
from benchmarks.errors import BenchmarkError
from benchmarks.goals import Verdict, verdicts
from benchmarks.questions import LONGEST, QUESTIONS
from local.errors import LocalError
from local.testing.runtimes import ROOT

FULL_RESULTS = ROOT / "docs" / "benchmarks.json"
ARTIFACTS = ROOT / ".ledgerline" / "benchmarks"
QUICK_RESULTS = ARTIFACTS / "quick" / "benchmarks.json"


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def main(arguments: list[str], make_environments: Callable[[], Environments] = environments, now: Callable[[], datetime] = utc_now) -> int:
    """0 when every goal that could be judged is reached, 1 when one is not, 2 for wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in QUESTIONS]
    if unknown:
        parser.error(f"{', '.join(unknown)} is no question: choose from {', '.join(QUESTIONS)}")
    path: Path = options.json or (QUICK_RESULTS if options.quick else FULL_RESULTS)
    asked = [] if options.page else options.names or [name for name in QUESTIONS if name != LONGEST]
    try:
        kept = results.load(path)
        bench = Bench(make_environments(), options.quick)
        packages = {"peers": versions(bench.environments.peers)}
        packages |= {f"ours {version}": versions(python) for version, python in bench.environments.runtimes.items()}
        about, commit = machine(), results.commit()
        print("\n".join(f"{name}: {value}" for name, value in (*about.items(), *packages.items())), flush=True)
        for name in asked:
            began = time.monotonic()
            print(f"\n== {name}: {(QUESTIONS[name].__doc__ or '').splitlines()[0]}", flush=True)
            findings = QUESTIONS[name].measure(bench)
            kept["questions"][name] = results.entry(
                findings, quick=options.quick, now=now(), commit=commit, where={"machine": about, "versions": packages}
            )
            results.save(path, kept)
            for table in findings.tables:
                _print_table(table.title, table.columns, table.rows)
            print(f"({time.monotonic() - began:.0f} s)", flush=True)
        written = _write_documents(path, kept["questions"], bench.environments.peers)
    except (BenchmarkError, LocalError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    judged = verdicts(kept["questions"])
    _print_table("Goals and results", GOAL_COLUMNS, [goal_row(verdict) for verdict in judged])
    print("\nWritten:", *written, sep="\n  ")
    return status(judged, asked)


def status(judged: list[Verdict], asked: list[str]) -> int:
    """1 if a goal of a question in *asked* is not reached."""
    return int(any(verdict.reached is False and verdict.goal.question in asked for verdict in judged))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Measure the product beside what a user would pick instead. Without names: all but {LONGEST}.",
        epilog="example: python -m benchmarks chunk truth --quick",
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"what to ask: {', '.join(QUESTIONS)}")
    parser.add_argument(
        "--quick", action="store_true", help="smaller files and three rounds: shows that everything runs; ratios are not judged"
    )
    parser.add_argument("--page", action="store_true", help="measure nothing; write the page, the tables and the plots again")
    parser.add_argument(
        "--json",
        metavar="FILE",
        type=Path,
        help="where results, page and tables are kept (default: docs/, and .ledgerline/benchmarks/ for the tables and quick runs)",
    )
    return parser


def _write_documents(path: Path, questions: Mapping[str, Mapping[str, Any]], peers: Path) -> list[Path]:
    """The page and its plots beside the results at *path*; all tables and plots where artifacts go. Returns what was written."""
    artifacts = ARTIFACTS if path.resolve() == FULL_RESULTS else path.parent
    drawn = _draw(path, artifacts / "plots", peers)
    shown = path.with_suffix("")
    shown.mkdir(exist_ok=True)
    for old in shown.glob("*.png"):
        old.unlink()
    for title in page_plots(questions):
        shutil.copy(artifacts / "plots" / drawn[title], shown)
    written = {
        path.with_suffix(".md"): page(questions, {title: f"{shown.name}/{name}" for title, name in drawn.items()}),
        artifacts / "tables.md": tables(questions, {title: f"plots/{name}" for title, name in drawn.items()}),
    }
    for file, text in written.items():
        file.write_text(text, encoding="utf-8")
    return [path, *written]


def _draw(path: Path, folder: Path, peers: Path) -> dict[str, str]:
    """Draw every plot of the results into *folder*: file names by the title of the table."""
    done = subprocess.run(
        [str(peers), "-m", "benchmarks.plots", str(path.resolve()), str(folder.resolve())],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"the plots could not be drawn: {done.stderr.strip().splitlines()[-1]}")
    return dict(json.loads(done.stdout))


def _print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = RichTable(title=escape(title), title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*map(escape, row))
    Console(width=150).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
