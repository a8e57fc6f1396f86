"""How long does a chunk take from nothing?

Each run is a new process: the time includes the interpreter's start and all imports, as in a function's cold start.
"""

from __future__ import annotations

from benchmarks.bench import Bench, version_of
from benchmarks.contestants.dataset import CHUNK_BYTES
from benchmarks.findings import Findings, seconds_ratio, timings
from benchmarks.runs import whole

_PEERS = {"duckdb": "duckdb.rejects", "polars": "polars.masks"}


def measure(bench: Bench) -> Findings:
    path = bench.input(bench.size(CHUNK_BYTES, 20_000_000), 0.001)
    ours = bench.ours("chunk", path=str(path))
    runs = whole([*ours, *(bench.peer(label, task, path=str(path)) for label, task in _PEERS.items())], bench.pairs)
    size = path.stat().st_size
    return Findings(
        {"process-vs-duckdb": {version_of(entrant.label): seconds_ratio(runs[entrant.label], runs["duckdb"]).median for entrant in ours}},
        [timings(f"One chunk of {size / 1e6:.0f} MB, 0.1% bad, whole process", runs, size)],
        contestants={"ours": "ours.chunk", **_PEERS},
    )
