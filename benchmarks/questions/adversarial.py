"""Is any boundary wrong in the end in files that mislead?

The files are correct CSV of the same dataset, made to reveal little in a window: prose, random quotes, whole tables inside a quoted field.
Each file is planned at many chunk sizes; every chunk gives its proof, and the file is planned again from the first failed proof on.
The true boundaries come from quote parity over the whole file, without the product's code.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import adversarial
from benchmarks.bench import SEED, Bench
from benchmarks.findings import Findings, as_table
from benchmarks.runs import Entrant, whole


def measure(bench: Bench) -> Findings:
    size, plans = bench.size(24_000_000, 8_000_000), bench.size(10, 3)
    # The counts do not depend on the interpreter; the property tests run on each.
    version, python = next(iter(bench.environments.runtimes.items()))
    records = []
    for kind in adversarial.KINDS:
        (run,) = whole([_entrant(kind, python, size, plans)], 1)[kind]
        records.append({"file": kind, **run.answer})
    wrong = sum(record["wrong_in_the_end"] for record in records)
    return Findings(
        measured={"adversarial-wrong": {version: float(wrong)}},
        tables=[as_table(f"Boundaries in files of {size / 1e6:.0f} MB that mislead", records)],
        contestants={"ours": "hostile.boundaries"},
    )


def _entrant(kind: str, python: Path, size: int, plans: int) -> Entrant:
    return Entrant(kind, python, "hostile.boundaries", {"kind": kind, "size": size, "seed": SEED, "plans": plans})
