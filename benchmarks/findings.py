"""The findings of a question: figures for the goals, and tables for the reader. All of it can be written as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.runs import Run


@dataclass(frozen=True)
class Spread:
    """Median, mean and range of several runs (G4)."""

    median: float
    mean: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), statistics.fmean(values), min(values), max(values))


@dataclass(frozen=True)
class Table:
    """``bars`` are drawn: label, median, least and most, in ``unit``."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    unit: str = ""
    bars: Sequence[tuple[str, float, float, float]] = ()


@dataclass
class Findings:
    """``measured`` holds figures by goal and runtime, such as ``{"chunk-clean": {"3.9": 0.8, "3.13": 0.7}}``.

    ``contestants`` maps labels to tasks; a task's docstring describes it. ``notes`` are sentences below the tables.
    """

    measured: dict[str, dict[str, float]] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    contestants: dict[str, str] = field(default_factory=dict)


def timings(title: str, runs: Mapping[str, Sequence[Run]], input_bytes: int | None = None) -> Table:
    """Seconds, processor seconds and memory of each contestant, the fastest first; also the speed, if all read the same input."""
    spreads = {label: Spread.of([run.seconds for run in taken]) for label, taken in runs.items()}
    order = sorted(spreads, key=lambda label: spreads[label].median)
    rows = []
    for label in order:
        seconds, cpu = spreads[label], Spread.of([run.cpu_seconds for run in runs[label]])
        peak = max(run.peak_bytes for run in runs[label])
        speed = [f"{input_bytes / seconds.median / 1e6:,.0f}"] if input_bytes else []
        times = [precise(seconds.median), precise(seconds.mean), f"{precise(seconds.least)}-{precise(seconds.most)}"]
        rows.append([label, *times, precise(cpu.median), f"{peak / 1e6:,.0f}", *speed])
    bars = [(label, spreads[label].median, spreads[label].least, spreads[label].most) for label in order]
    columns = ["contestant", "median s", "mean s", "least-most s", "processor s", "peak MB", *(["MB/s"] if input_bytes else [])]
    return Table(title, columns, rows, "seconds", bars)


def seconds_of(runs: Sequence[Run]) -> list[float]:
    return [run.seconds for run in runs]


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours ÷ theirs, run by run: a temporary slowdown of the machine affects both runs of a pair.

    Raises ValueError if the runs do not pair.
    """
    return Spread.of([our / their for our, their in zip(ours, theirs, strict=True)])


def seconds_ratio(ours: Sequence[Run], theirs: Sequence[Run]) -> Spread:
    return paired_ratio(seconds_of(ours), seconds_of(theirs))


def count_differences(answer: Mapping[str, Any], expected: Mapping[str, Any], reasons: Mapping[str, int]) -> int:
    """How many facts of an answer are wrong: each fact of *expected*, and the count of each reason."""
    wrong = [name for name, value in expected.items() if answer[name] != value]
    wrong += [reason for reason in reasons.keys() | answer["reasons"].keys() if reasons.get(reason) != answer["reasons"].get(reason)]
    return len(wrong)


def precise(value: float) -> str:
    """Three significant digits."""
    digits = next((digits for digits, least in enumerate((100, 10, 1, 0.1, 0.01)) if value >= least), 5)
    return f"{value:.{digits}f}"


def as_table(title: str, records: Sequence[Mapping[str, Any]]) -> Table:
    """A table with one row per record; all records have the same keys."""
    return Table(title, list(records[0]), [[_text(value) for value in record.values()] for record in records])


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else precise(value) if isinstance(value, float) else str(value)
