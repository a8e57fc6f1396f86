"""What does a boundary cost that no window reveals?

If a guess is impossible or a proof fails, the file is read from the last proved boundary on.
Here the whole file is cut in this way, warm, and compared with only reading the same bytes from the page cache.
"""

from __future__ import annotations

from benchmarks.bench import Bench, our
from benchmarks.findings import Findings, seconds_ratio, timings
from benchmarks.runs import Entrant, warm
from runtime.core import allocation


def measure(bench: Bench) -> Findings:
    path = bench.input(bench.size(2_000_000_000, 200_000_000))
    tasks = {"cut exactly": "ours.plan_exactly", "only read": "ours.read"}
    entrants = [
        Entrant(f"{our(version)}, {what}", python, task, {"path": str(path)}, allocation.ENVIRONMENT)
        for version, python in bench.environments.runtimes.items()
        for what, task in tasks.items()
    ]
    runs = warm(entrants, bench.pairs)
    ratios = {
        version: seconds_ratio(runs[f"{our(version)}, cut exactly"], runs[f"{our(version)}, only read"]).median
        for version in bench.environments.runtimes
    }
    size = path.stat().st_size
    return Findings({"exact-vs-reading": ratios}, [timings(f"{size / 1e9:.1f} GB from the page cache, warm", runs, size)], [], tasks)
