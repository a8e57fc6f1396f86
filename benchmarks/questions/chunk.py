"""How long does a chunk take, clean, with one bad row in a thousand, and with one in ten?

One chunk of 50 MB, warm, with two threads; Parquet with the same compression.
All contestants take turns on the three files, so the runs of every ratio are close in time.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.bench import Bench, our
from benchmarks.contestants.dataset import CHUNK_BYTES
from benchmarks.findings import Findings, Spread, Table, seconds_ratio, timings
from benchmarks.runs import Entrant, Run, warm

_RATES = {"clean": 0.0, "0.1% bad": 0.001, "10% bad": 0.1}
_PEERS = {"duckdb": "duckdb.rejects", "polars": "polars.masks"}
#: Slow, so measured on one file only.
_OTHERS = {"pandas": "pandas.masks", "csv module": "plain.rows"}


def measure(bench: Bench) -> Findings:
    size = bench.size(CHUNK_BYTES, 20_000_000)
    paths = {name: str(bench.input(size, bad)) for name, bad in _RATES.items()}
    entrants: list[Entrant] = []
    for name, path in paths.items():
        contestants = [*bench.ours("chunk", path=path), *(bench.peer(label, task, path=path) for label, task in _PEERS.items())]
        if name == "clean":
            contestants.append(bench.peer("pyarrow", "arrow.typed", path=path))
        if name == "0.1% bad":
            contestants += [bench.peer(label, task, path=path) for label, task in _OTHERS.items()]
        entrants += [replace(entrant, label=_key(entrant.label, name)) for entrant in contestants]
    runs = warm(entrants, bench.pairs)
    findings = Findings(contestants={"ours": "ours.chunk", **_PEERS, "pyarrow": "arrow.typed", **_OTHERS})
    ratios: list[list[str]] = []
    for goal, mine, theirs in (
        ("chunk-clean-vs-duckdb", "clean", ("duckdb", "clean")),
        ("chunk-0.1-vs-duckdb", "0.1% bad", ("duckdb", "0.1% bad")),
        ("chunk-0.1-vs-clean", "0.1% bad", ("ours", "clean")),
        ("chunk-0.1-vs-polars", "0.1% bad", ("polars", "0.1% bad")),
        ("chunk-10-vs-clean", "10% bad", ("ours", "clean")),
    ):
        for version in bench.environments.runtimes:
            who = our(version)
            other = _key(who if theirs[0] == "ours" else theirs[0], theirs[1])
            ratio = seconds_ratio(runs[_key(who, mine)], runs[other])
            findings.measured.setdefault(goal, {})[version] = ratio.median
            ratios.append([f"{_key(who, mine)} ÷ {other}", *_texts(ratio)])
    for name in paths:
        title = f"One chunk of {size / 1e6:.0f} MB, {name}, warm"
        findings.tables.append(timings(title, _of(runs, name), size))
    findings.tables.append(Table("Ratios of the pairs", ["what", "median", "least", "most"], ratios))
    return findings


def _key(label: str, name: str) -> str:
    return f"{label}, {name}"


def _of(runs: dict[str, list[Run]], name: str) -> dict[str, list[Run]]:
    """The runs on one file, by contestant."""
    return {label.removesuffix(f", {name}"): taken for label, taken in runs.items() if label.endswith(f", {name}")}


def _texts(ratio: Spread) -> list[str]:
    return [f"{value:.2f}" for value in (ratio.median, ratio.least, ratio.most)]
