"""Can a file of 100 GB be planned?

The file is not on the disk: ranged reads return the header, and then one block of real records over and over.
The number of reads is measured.
"""

from __future__ import annotations

from benchmarks.bench import Bench, version_of
from benchmarks.findings import Findings, as_table
from benchmarks.runs import warm


def measure(bench: Bench) -> Findings:
    path = bench.input(20_000_000)
    entrants = bench.ours("plan_far", path=str(path), size=bench.size(100_000_000_000, 10_000_000_000))
    runs = warm(entrants, 1)
    answers = {label: taken[0].answer for label, taken in runs.items()}
    return Findings(
        measured={"far-reads": {version_of(label): float(answer["reads"]) for label, answer in answers.items()}},
        tables=[
            as_table("Planning what is far larger than memory", [{"contestant": label, **answer} for label, answer in answers.items()])
        ],
        contestants={"ours": "ours.plan_far"},
    )
