"""What does a GB cost on AWS?

Computed, not billed.
The requests of every step are counted on the real steps against an in-process S3 and DynamoDB.
Chunks and the parts that they are read in are a thousandth of their size there.
The counts for 2,001 chunks are extrapolated linearly from 41 and 81 chunks.
Transitions are those of the path to FileSucceeded.
A function's seconds are measured here and multiplied, since a Lambda processor is slower.
The waiting time of its requests is added, one after another, so this is an upper bound.
Storage, logs, traces, alarms, replication and transfer are excluded.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.contestants.dataset import CHUNK_BYTES
from benchmarks.findings import Findings, Spread, as_table
from benchmarks.runs import Entrant, warm, whole
from pipeline.review.cost import price_table

_OWN_PRICES = Path(__file__).resolve().parents[1] / "prices.json"
_REGION = "us-east-1"
_MEMORY_GIGABYTES = 3.0
_COUNTED_CHUNKS = (1, 41, 81)

#: Every state on the path to success, each passed once; a test compares them with the template.
STATES = (
    "RouteEvent",
    "RegisterFile",
    "IsNewFile",
    "ValidateFile",
    "PlanChunks",
    "HasChunks",
    "ProcessChunks",
    "FinalizeFile",
    "IsProved",
    "IsAlert",
    "IsPublished",
    "PublishResult",
    "RecordDelivery",
    "HowEnded",
    "FileSucceeded",
)
_STEPS_PER_FILE = ("RegisterFile", "ValidateFile", "PlanChunks", "FinalizeFile")

_REQUESTS = ("s3_writes", "s3_reads", "s3_deletions", "table_requests")

Counts = Mapping[str, float]


@dataclass(frozen=True)
class Prices:
    """USD per unit, and assumptions for what is not counted."""

    units: Mapping[str, float]
    assumed: Mapping[str, float]
    notes: tuple[str, ...]

    @classmethod
    def load(cls) -> Prices:
        review, own = price_table(), json.loads(_OWN_PRICES.read_text(encoding="utf-8"))
        units = {unit: review.price(unit, _REGION) for unit in review.prices}
        assumed = {**own["assumptions"], "transitions_per_chunk": review.assumed["state_transitions_per_chunk"]}
        notes = (
            f"Prices of {review.as_of} (pipeline/review/prices.json): {review.source}.",
            f"Prices of {own['as_of']} (benchmarks/prices.json): {own['source']}.",
        )
        return cls({**units, **own["prices"]}, assumed, notes)


def measure(bench: Bench) -> Findings:
    version, python = next(iter(bench.environments.runtimes.items()))
    counted = {}
    for chunks in _COUNTED_CHUNKS:
        (run,) = whole([Entrant("count", python, "requests.count", {"chunks": chunks})], 1)["count"]
        counted[run.answer["chunks"]] = run.answer["steps"]
    path = bench.input(CHUNK_BYTES, 0.001)
    (taken,) = warm(bench.ours("chunk", path=str(path))[:1], bench.pairs).values()
    chunk_seconds = Spread.of([run.seconds for run in taken]).median
    prices = Prices.load()
    bills = [bill(counted, size, chunk_seconds, prices) for size in (50_000_000, 2_000_000_000, 100_000_000_000)]
    findings = Findings(tables=[as_table("US dollars", bills)], contestants={"ours": "requests.count"})
    findings.measured["cost"] = {bill["file"]: float(bill["a GB"]) for bill in bills}
    factor, wait = prices.assumed["lambda_seconds_per_second_here"], prices.assumed["seconds_per_request"]
    findings.notes = [
        f"A chunk takes {chunk_seconds:.2f} s here on Python {version}; counted as {factor:g} times that, and {wait:g} s for each request.",
        f"A function reads {prices.assumed['network_bytes_per_second'] / 1e6:g} MB a second; where that takes longer, it counts.",
        f"Files arrive in parts of {prices.assumed['upload_part_bytes'] / 1e6:g} MB and are moved in the same.",
        *prices.notes,
    ]
    return findings


def bill(counted: Mapping[int, Mapping[str, Counts]], size: int, chunk_seconds: float, prices: Prices) -> dict[str, Any]:
    """What one file of *size* bytes costs, by service; *counted* are requests by step for several numbers of chunks."""
    # The planner's chunks are a quarter of its window shorter than allowed.
    chunks = math.ceil(size / (CHUNK_BYTES - 16 * 1024)) if size > CHUNK_BYTES else 1
    steps = extrapolated(counted, chunks)
    total: Counter[str] = Counter()
    for counts in steps.values():
        total.update(counts)
    parts = math.ceil(size / prices.assumed["upload_part_bytes"])
    # Upload and copy take one request for each part, one to begin and one to end; the copy also asks for the length of the first part.
    total.update({"s3_writes": 2 * (parts + 2), "s3_reads": 1} if parts > 1 else {"s3_writes": 1})
    wait = prices.assumed["seconds_per_request"]
    requests = {step: sum(value for unit, value in counts.items() if unit in _REQUESTS) for step, counts in steps.items()}
    # Reading overlaps with the work, so only the slower of the two counts.
    working = chunk_seconds * prices.assumed["lambda_seconds_per_second_here"]
    seconds = chunks * max(working, CHUNK_BYTES / prices.assumed["network_bytes_per_second"]) + wait * sum(requests.values())
    units: dict[str, dict[str, float]] = {
        "Lambda": {"lambda_gb_seconds": seconds * _MEMORY_GIGABYTES, "lambda_requests": chunks + len(_STEPS_PER_FILE)},
        "Step Functions": {"state_transitions": len(STATES) + chunks * prices.assumed["transitions_per_chunk"]},
        "S3": {"s3_writes": total["s3_writes"], "s3_reads": total["s3_reads"]},
        # RecordDelivery writes the file's item and its two index entries once more; the sweep deletes the note of pending work.
        "DynamoDB": {"table_writes": total["table_writes"] + 3 + 1, "table_reads": total["table_reads"]},
        "CloudTrail": {"data_events": sum(total[unit] for unit in _REQUESTS)},
        "SQS, EventBridge": {"queue_requests": 1, "events": 1},
    }
    dollars = {service: sum(prices.units[unit] * count for unit, count in counts.items()) for service, counts in units.items()}
    whole_bill = sum(dollars.values())
    return {
        "file": f"{size / 1e9:g} GB",
        "chunks": chunks,
        **{service: f"{amount:.5f}" for service, amount in dollars.items()},
        "a file": f"{whole_bill:.4f}",
        "a GB": f"{whole_bill / size * 1e9:.4f}",
    }


def extrapolated(counted: Mapping[int, Mapping[str, Counts]], chunks: int) -> dict[str, dict[str, float]]:
    """The counts for a number of chunks: as counted, or linear through the two nearest counted numbers."""
    if chunks in counted:
        return {step: dict(counts) for step, counts in counted[chunks].items()}
    low, high = sorted(sorted(counted, key=lambda known: (abs(known - chunks), known))[:2])
    share = (chunks - low) / (high - low)
    return {
        step: {unit: counted[low][step].get(unit, 0) + share * (value - counted[low][step].get(unit, 0)) for unit, value in counts.items()}
        for step, counts in counted[high].items()
    }
