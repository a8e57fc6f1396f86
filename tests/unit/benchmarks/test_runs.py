"""Contestants run in turn in processes of their own; their answers arrive complete."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import generate
from benchmarks.errors import BenchmarkError
from benchmarks.runs import Entrant, warm, whole

PYTHON = Path(sys.executable)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inputs") / "tx.csv"
    generate.write(path, 200_000, bad=0.05, multiline=0.01, seed=2)
    return path


@pytest.mark.parametrize("mode", [whole, warm])
def test_every_contestant_runs_once_a_round(mode: object, path: Path) -> None:
    ours = Entrant("ours", PYTHON, "ours.chunk", {"path": str(path)})
    plain = Entrant("plain", PYTHON, "plain.rows", {"path": str(path)})
    runs = mode([ours, plain], 2)  # type: ignore[operator]
    truth = json.loads(path.with_name(path.name + ".truth.json").read_text())
    assert {label: len(taken) for label, taken in runs.items()} == {"ours": 2, "plain": 2}
    for run in runs["ours"]:
        assert run.answer["reasons"] == truth["reasons"]
        assert (run.answer["accepted"], run.answer["rejected"]) == (truth["rows_accepted"], truth["rows_rejected"])
        assert run.cpu_seconds > 0
        assert run.seconds > 0
    # Each is its own process: the small one's peak includes neither the other's memory nor this process's.
    assert runs["plain"][0].peak_bytes < 60_000_000 < runs["ours"][0].peak_bytes


@pytest.mark.parametrize("mode", [whole, warm])
def test_contestant_that_fails_is_named_with_its_reason(mode: object) -> None:
    missing = Entrant("nobody", PYTHON, "plain.rows", {"path": "/nowhere.csv"})
    with pytest.raises(BenchmarkError, match=r"nobody \(plain\.rows\) ended: FileNotFoundError.*nowhere"):
        mode([missing], 1)  # type: ignore[operator]
