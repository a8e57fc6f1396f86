"""How long does a chunk take from nothing?

Each run is a new process: the time includes the interpreter's start and all imports, as in a function's cold start.
"""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.findings import Findings, seconds_of, timings
from benchmarks.questions.chunk import CHUNK_BYTES
from benchmarks.runs import whole
from benchmarks.statistics import paired_ratio

_PEERS = {"duckdb": "duckdb.rejects", "polars": "polars.masks"}


def measure(bench: Bench) -> Findings:
    path = bench.input(bench.size(CHUNK_BYTES, 20_000_000), 0.001)
    ours = bench.ours("chunk", path=str(path))
    runs = whole([*ours, *(bench.peer(label, task, path=str(path)) for label, task in _PEERS.items())], bench.pairs)
    theirs = seconds_of(runs["duckdb"])
    size = path.stat().st_size
    return Findings(
        {"process-vs-duckdb": {e.label.partition(" ")[2]: paired_ratio(seconds_of(runs[e.label]), theirs).median for e in ours}},
        [timings(f"One chunk of {size / 1e6:.0f} MB, 0.1% bad, whole process", runs, size)],
        contestants={"ours": "ours.chunk", **_PEERS},
    )
