"""What does planning read, and does it stay as fast as files grow?

A file of 51 MB, which has one boundary to find, and one of 2 GB are planned in turn: as whole processes, and warm.
The bytes read are compared with the allowance: 64 KiB for each boundary, and the header.
The goal for the time is judged with 20 ms added to every ranged read, as on S3; reads from the page cache take almost no time.
"""

from __future__ import annotations

from benchmarks.bench import Bench, our
from benchmarks.findings import Findings, as_table, seconds_ratio, timings
from benchmarks.runs import Entrant, warm, whole
from runtime.core import allocation

_WINDOW_BYTES = 64 * 1024
_SECONDS_A_READ = 0.02


def measure(bench: Bench) -> Findings:
    paths = {"small": bench.input(51_000_000), "large": bench.input(bench.size(2_000_000_000, 200_000_000))}
    sizes = {name: path.stat().st_size for name, path in paths.items()}

    def entrants(**more: float) -> list[Entrant]:
        return [
            Entrant(f"{our(version)}, {sizes[name] / 1e9:.2g} GB", python, "ours.plan", {"path": str(path), **more}, allocation.ENVIRONMENT)
            for version, python in bench.environments.runtimes.items()
            for name, path in paths.items()
        ]

    cold, hot, far = (
        whole(entrants(), bench.pairs),
        warm(entrants(), bench.pairs),
        warm(entrants(seconds_a_read=_SECONDS_A_READ), bench.pairs),
    )
    findings = Findings(contestants={"ours": "ours.plan"})
    records = []
    for version in bench.environments.runtimes:
        small, large = (f"{our(version)}, {sizes[name] / 1e9:.2g} GB" for name in paths)
        answer = cold[large][0].answer
        allowed = _WINDOW_BYTES * (answer["chunks"] - 1) + answer["header"]
        findings.measured.setdefault("plan-bytes", {})[version] = answer["bytes_read"] / allowed
        findings.measured.setdefault("plan-growth", {})[version] = seconds_ratio(far[large], far[small]).median
        records.append(
            {
                "contestant": large,
                "chunks": answer["chunks"],
                "ranged reads": answer["reads"],
                "bytes read": answer["bytes_read"],
                "allowed": allowed,
                "of the file": f"{answer['bytes_read'] / sizes['large']:.3%}",
                "large ÷ small, whole process": seconds_ratio(cold[large], cold[small]).median,
                "warm": seconds_ratio(hot[large], hot[small]).median,
                "warm, 20 ms a read": seconds_ratio(far[large], far[small]).median,
            }
        )
    findings.tables = [
        as_table("What planning reads, and how its time grows", records),
        timings("Planning, whole process", cold),
        timings("Planning, warm", hot),
        timings("Planning, warm, 20 ms a read", far),
    ]
    return findings
