"""How long does it take to have chunks, compared with rewriting the file?

The product needs only a plan: its chunks are byte ranges of the original.
The peers have to write the chunks as new files, with every field parsed and quoted again.
The goal compares whole processes with the faster of DuckDB and PyArrow in each round; the product's time is mostly the interpreter's start.
Polars writes one file, uncut. The slow peers are measured on a smaller file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.bench import Bench, version_of
from benchmarks.findings import Findings, Spread, Table, paired_ratio, seconds_of, timings
from benchmarks.runs import Run, warm, whole

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
        measured={"plan-vs-rewrite": {version_of(label): r.median for (label, mode), r in ratios.items() if mode != "warm"}},
        tables=[
            timings(f"Chunks of a file of {size / 1e9:.1f} GB, whole process", cold, size),
            timings(f"Chunks of a file of {size / 1e9:.1f} GB, warm", hot, size),
            Table("Times faster than the faster of DuckDB and PyArrow", ["contestant", "how", "median", "least", "most"], rows),
            timings("Chunks of a file of 51 MB, whole process", slow, small.stat().st_size),
        ],
        contestants={"ours": "ours.plan", **_FAST, **_SLOW},
    )


def times_faster(runs: Mapping[str, Sequence[Run]], label: str) -> Spread:
    """How many times faster than the fastest peer of each round that understands quotes and cuts."""
    fastest = [min(seconds) for seconds in zip(*(seconds_of(runs[peer]) for peer in _CUTTING))]
    return paired_ratio(fastest, seconds_of(runs[label]))
