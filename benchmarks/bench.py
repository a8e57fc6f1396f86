"""What every question gets: the interpreters, the inputs, and the size of the run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import accounts, generate
from benchmarks.environments import Environments
from benchmarks.generate import truth_path
from benchmarks.runs import Entrant
from local.testing.runtimes import ROOT
from runtime.core import allocation

INPUTS = ROOT / ".cache" / "benchmarks-data"
PAIRS, QUICK_PAIRS = 7, 3
SEED = 7
MULTILINE = 0.005


@dataclass(frozen=True)
class Bench:
    environments: Environments
    quick: bool

    @property
    def pairs(self) -> int:
        return QUICK_PAIRS if self.quick else PAIRS

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def input(self, size: int, bad: float = 0.0) -> Path:
        """A generated CSV file. It is kept for later runs, and is in the page cache when this returns."""
        path = INPUTS / f"{size}-{bad}-{MULTILINE}-{SEED}.csv"
        if not truth_path(path).exists():  # it is written last
            print(f"Generating {size / 1e6:,.0f} MB with {bad:.1%} bad rows ...", flush=True)
            INPUTS.mkdir(parents=True, exist_ok=True)
            generate.write(path, size, bad=bad, multiline=MULTILINE, seed=SEED)
        return _in_page_cache(path)

    def accounts(self, records: int, bad: float = 0.0, *, described: bool = False) -> Path:
        """A generated file of mainframe accounts, kept and cached in the same way."""
        path = INPUTS / f"{records}-{bad}-{SEED}{'-described' if described else ''}.accounts"
        if not truth_path(path).exists():
            print(f"Generating {records:,} accounts with {bad:.1%} bad ones ...", flush=True)
            INPUTS.mkdir(parents=True, exist_ok=True)
            accounts.write(path, records, bad=bad, seed=SEED, described=described)
        return _in_page_cache(path)

    def truth(self, path: Path) -> dict[str, Any]:
        return dict(json.loads(truth_path(path).read_text(encoding="utf-8")))

    def ours(self, task: str, **job: Any) -> list[Entrant]:
        """The product on each runtime, with its functions' memory settings: ``ours 3.9``, ``ours 3.13``."""
        return [
            Entrant(our(version), python, f"ours.{task}", job, allocation.ENVIRONMENT)
            for version, python in self.environments.runtimes.items()
        ]

    def peer(self, label: str, task: str, **job: Any) -> Entrant:
        return Entrant(label, self.environments.peers, task, job)


def _in_page_cache(path: Path) -> Path:
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass
    return path


def our(version: str) -> str:
    return f"ours {version}"


def version_of(label: str) -> str:
    """The Python of a label that :func:`our` made."""
    return label.partition(" ")[2]
