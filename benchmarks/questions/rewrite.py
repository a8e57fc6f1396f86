"""How long does it take to have chunks, against whoever rewrites the file?

A plan is all that the product needs: its chunks are byte ranges, and the original stays where it is.
The peers write the chunks anew, since they have no other way; their copies are files of text that they parsed and quoted again.
The goal is judged on whole processes, where the product's time is nearly all the interpreter's start.
It is set against the faster of DuckDB and PyArrow in each round.
Polars writes one file, uncut; the slow ones are measured apart, on a smaller file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.bench import Bench
from benchmarks.findings import Findings, Table, seconds_of, timings
from benchmarks.runs import Run, warm, whole
from benchmarks.statistics import Spread, paired_ratio

_CUTTING = {"duckdb": "duckdb.rewrite", "pyarrow": "arrow.rewrite"}
_FAST = {**_CUTTING, "polars": "polars.rewrite", "GNU split": "plain.split"}
_SLOW = {"pandas": "pandas.rewrite", "csv module": "plain.rewrite"}


def measure(bench: Bench) -> Findings:
    large, small = bench.input(bench.size(2_000_000_000, 200_000_000)), bench.input(51_000_000)
    ours, on_small = bench.ours("plan", path=str(large)), bench.ours("plan", path=str(small))
    cold = whole([*ours, *(bench.peer(label, task, path=str(large)) for label, task in _FAST.items())], bench.pairs)
    hot = warm([*ours, *(bench.peer(label, task, path=str(large)) for label, task in _CUTTING.items())], bench.pairs)
    slow = whole([*on_small, *(bench.peer(label, task, path=str(small)) for label, task in _SLOW.items())], bench.pairs)
    ratios = {
        (entrant.label, mode): times_faster(runs, entrant.label)
        for entrant in ours
        for mode, runs in (("whole process", cold), ("warm", hot))
    }
    size = large.stat().st_size
    rows = [[label, mode, *(f"{value:,.0f}" for value in (r.median, r.least, r.most))] for (label, mode), r in ratios.items()]
    return Findings(
        measured={"plan-vs-rewrite": {label.partition(" ")[2]: r.median for (label, mode), r in ratios.items() if mode != "warm"}},
        tables=[
            timings(f"Chunks of a file of {size / 1e9:.1f} GB, whole process", cold, size),
            timings(f"Chunks of a file of {size / 1e9:.1f} GB, warm", hot, size),
            Table("Times faster than the faster of DuckDB and PyArrow", ["contestant", "how", "median", "least", "most"], rows),
            timings("Chunks of a file of 51 MB, whole process", slow, small.stat().st_size),
        ],
        contestants={"ours": "ours.plan", **_FAST, **_SLOW},
    )


def times_faster(runs: Mapping[str, Sequence[Run]], label: str) -> Spread:
    """Than the fastest of each round that understands quotes and cuts, whoever it is."""
    fastest = [min(seconds) for seconds in zip(*(seconds_of(runs[peer]) for peer in _CUTTING))]
    return paired_ratio(fastest, seconds_of(runs[label]))
