"""How long does it take to have chunks, against whoever rewrites the file?

Whole processes, at 2 GB; the plan alone, warm, is in the section before.
A plan is all that the product needs: its chunks are byte ranges, and the original stays where it is.
The peers write the chunks anew, since they have no other way; their copies are files of text that they parsed and quoted again.
The slow ones are measured apart, on a smaller file.
"""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.findings import Findings, seconds_of, timings
from benchmarks.runs import whole
from benchmarks.statistics import paired_ratio

_FAST = {"duckdb": "duckdb.rewrite", "pyarrow": "arrow.rewrite", "polars": "polars.rewrite", "GNU split": "plain.split"}
_SLOW = {"pandas": "pandas.rewrite", "csv module": "plain.rewrite"}
_QUOTE_AWARE = ("duckdb", "pyarrow", "polars")


def measure(bench: Bench) -> Findings:
    large, small = bench.input(bench.size(2_000_000_000, 200_000_000)), bench.input(51_000_000)
    ours = bench.ours("plan", path=str(large))
    runs = whole([*ours, *(bench.peer(label, task, path=str(large)) for label, task in _FAST.items())], bench.pairs)
    slow_ours = bench.ours("plan", path=str(small))
    slow = whole([*slow_ours, *(bench.peer(label, task, path=str(small)) for label, task in _SLOW.items())], bench.pairs)
    # The fastest of each round, whoever it is.
    fastest = [min(runs[label][index].seconds for label in _QUOTE_AWARE) for index in range(bench.pairs)]
    faster = {entrant.label.partition(" ")[2]: paired_ratio(fastest, seconds_of(runs[entrant.label])).median for entrant in ours}
    return Findings(
        measured={"plan-vs-rewrite": faster},
        tables=[
            timings(f"Chunks of a file of {large.stat().st_size / 1e9:.1f} GB, whole process", runs, large.stat().st_size),
            timings("Chunks of a file of 51 MB, whole process", slow, small.stat().st_size),
        ],
        contestants={"ours": "ours.plan", **_FAST, **_SLOW},
    )
