"""How much memory does one chunk take?

The resident set of a process that does one chunk of 50 MB, with all that the Lambda handler imports.
"""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.findings import Findings, as_table
from benchmarks.questions.chunk import CHUNK_BYTES
from benchmarks.runs import whole


def measure(bench: Bench) -> Findings:
    findings = Findings(contestants={"ours": "ours.chunk_as_handler"})
    records = []
    for bad in (0.0, 0.001, 0.1):
        # Never smaller: memory is of the chunk's size.
        path = bench.input(CHUNK_BYTES, bad)
        for label, taken in whole(bench.ours("chunk_as_handler", path=str(path)), bench.pairs).items():
            peak = max(run.peak_bytes for run in taken)
            found = findings.measured.setdefault("memory", {})
            version = label.partition(" ")[2]
            found[version] = max(found.get(version, 0.0), peak / 1e6)
            records.append({"contestant": label, "bad rows": f"{bad:.1%}", "peak MB": round(peak / 1e6)})
    findings.tables.append(as_table("Peak memory of one chunk of 50 MB", records))
    return findings
