"""How much memory does one chunk take?

The peak resident memory of a process that processes one chunk of 50 MB, with everything that the Lambda handler imports.
"""

from __future__ import annotations

from benchmarks.bench import Bench, version_of
from benchmarks.contestants.dataset import CHUNK_BYTES
from benchmarks.findings import Findings, as_table
from benchmarks.runs import whole


def measure(bench: Bench) -> Findings:
    findings = Findings(contestants={"ours": "ours.chunk_as_handler"})
    records = []
    for bad in (0.0, 0.001, 0.1):
        # The same size in a quick run: memory depends on the size of the chunk.
        path = bench.input(CHUNK_BYTES, bad)
        for label, taken in whole(bench.ours("chunk_as_handler", path=str(path)), bench.pairs).items():
            peak = max(run.peak_bytes for run in taken)
            peaks = findings.measured.setdefault("memory", {})
            version = version_of(label)
            peaks[version] = max(peaks.get(version, 0.0), peak / 1e6)
            records.append({"contestant": label, "bad rows": f"{bad:.1%}", "peak MB": round(peak / 1e6)})
    findings.tables.append(as_table("Peak memory of one chunk of 50 MB", records))
    return findings
