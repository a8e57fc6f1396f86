"""Is every bad row rejected, for the right reason, and nothing else?

The generator knows which rows it broke and how; a row is broken in one way.
The product's counts, reasons and sum of amounts must equal the truth exactly. The peers' counts are shown beside.
A peer that accepts bad rows cannot express the rule they break; its description says which rules those are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.bench import Bench, version_of
from benchmarks.contestants.dataset import CHUNK_BYTES
from benchmarks.findings import Findings, as_table, count_differences
from benchmarks.runs import whole

_PEERS = {"duckdb": "duckdb.rejects", "polars": "polars.masks", "pandas": "pandas.masks", "csv module": "plain.rows"}


def measure(bench: Bench) -> Findings:
    findings = Findings(contestants={"ours": "ours.verified_chunk", **_PEERS})
    for bad in (0.001, 0.1):
        path = bench.input(bench.size(CHUNK_BYTES, 20_000_000), bad)
        truth = bench.truth(path)
        ours = bench.ours("verified_chunk", path=str(path))
        runs = whole([*ours, *(bench.peer(label, task, path=str(path)) for label, task in _PEERS.items())], 1)
        records = [_record("truth", {"accepted": truth["rows_accepted"], "rejected": truth["rows_rejected"]}, truth)]
        for label, (run,) in runs.items():
            records.append(_record(label, run.answer, truth))
        for entrant in ours:
            version = version_of(entrant.label)
            wrong = findings.measured.setdefault("truth-differences", {})
            wrong[version] = wrong.get(version, 0.0) + differences(runs[entrant.label][0].answer, truth)
        findings.tables.append(as_table(f"Rows, {bad:.1%} bad", records))
    return findings


def differences(answer: Mapping[str, Any], truth: Mapping[str, Any]) -> int:
    """How many facts differ from the truth: counts, each reason's count, the sum of the accepted amounts."""
    expected = {
        "rows_read": truth["rows"],
        "accepted": truth["rows_accepted"],
        "parquet_rows": truth["rows_accepted"],
        "rejected": truth["rows_rejected"],
        "accepted_amount": truth["accepted_amount"],
        "aligned": True,
    }
    return count_differences(answer, expected, truth["reasons"])


def _record(label: str, answer: Mapping[str, Any], truth: Mapping[str, Any]) -> dict[str, Any]:
    accepted, rejected = answer["accepted"], answer["rejected"]
    return {
        "contestant": label,
        "accepted": accepted,
        "rejected": rejected,
        "bad rows accepted": max(0, accepted - truth["rows_accepted"]),
        "rows not accounted for": truth["rows"] - accepted - rejected,
    }
