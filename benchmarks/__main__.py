"""``python -m benchmarks``: ask the questions, keep the answers, print the goals beside what was measured."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from benchmarks import results
from benchmarks.bench import Bench
from benchmarks.document import GOAL_COLUMNS, document, goal_row
from benchmarks.environments import Environments, environments, machine, versions
from benchmarks.errors import BenchmarkError
from benchmarks.goals import Verdict, verdicts
from benchmarks.questions import LONGEST, QUESTIONS
from local.errors import LocalError
from local.testing.runtimes import ROOT

FULL_RESULTS = ROOT / "docs" / "benchmarks.json"
QUICK_RESULTS = ROOT / ".cache" / "benchmarks-quick" / "benchmarks.json"


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
        found = results.load(path)
        bench = Bench(make_environments(), options.quick)
        packages = {"peers": versions(bench.environments.peers)}
        packages |= {f"ours {version}": versions(python) for version, python in bench.environments.runtimes.items()}
        about, commit = machine(), results.commit()
        print("\n".join(f"{name}: {value}" for name, value in (*about.items(), *packages.items())), flush=True)
        for name in asked:
            began = time.monotonic()
            print(f"\n== {name}: {(QUESTIONS[name].__doc__ or '').splitlines()[0]}", flush=True)
            findings = QUESTIONS[name].measure(bench)
            found["questions"][name] = results.entry(
                findings, quick=options.quick, now=now(), commit=commit, where={"machine": about, "versions": packages}
            )
            results.save(path, found)
            for table in findings.tables:
                _print_table(table.title, table.columns, table.rows)
            print(f"({time.monotonic() - began:.0f} s)", flush=True)
        page = _write_document(path, found, bench.environments.peers)
    except (BenchmarkError, LocalError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    judged = verdicts(found["questions"])
    _print_table("Goals and results", GOAL_COLUMNS, [goal_row(verdict) for verdict in judged])
    print(f"\n{path} and {page} have it all.")
    return status(judged, asked)


def status(judged: list[Verdict], asked: list[str]) -> int:
    """1 when a goal of a question that was asked now is not reached."""
    return int(any(verdict.reached is False and verdict.goal.question in asked for verdict in judged))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Measure the product beside what a user would pick instead. Without names: all but {LONGEST}.",
        epilog="example: python -m benchmarks chunk truth --quick",
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"what to ask: {', '.join(QUESTIONS)}")
    parser.add_argument("--quick", action="store_true", help="smaller files and three pairs: shows that all works; ratios are not judged")
    parser.add_argument("--page", action="store_true", help="measure nothing; make the page anew, after a text of it was changed")
    parser.add_argument(
        "--json",
        metavar="FILE",
        type=Path,
        help="where results are kept, beside them the page and its plots (default: docs/benchmarks.json; quick: in .cache)",
    )
    return parser


def _write_document(path: Path, found: results.Results, peers: Path) -> Path:
    folder = path.with_suffix("")
    drawn = subprocess.run(
        [str(peers), "-m", "benchmarks.plots", str(path.resolve()), str(folder.resolve())],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if drawn.returncode != 0:
        raise BenchmarkError(f"the plots could not be drawn: {drawn.stderr.strip().splitlines()[-1]}")
    plots = {title: f"{folder.name}/{name}" for title, name in json.loads(drawn.stdout).items()}
    page = path.with_suffix(".md")
    page.write_text(document(found["questions"], plots), encoding="utf-8")
    return page


def _print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = RichTable(title=escape(title), title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*map(escape, row))
    Console(width=150).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
