"""Contestants on accounts agree with the generator about every fact that they can determine; differences from the truth are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import accounts
from benchmarks.contestants import mainframe, ours
from benchmarks.questions.mainframe import differences


@pytest.mark.parametrize("described", [False, True])
def test_the_product_finds_the_truth(tmp_path: Path, described: bool) -> None:  # F1
    path = tmp_path / "accounts"
    truth = accounts.write(path, 3000, bad=0.1, seed=5, described=described)
    answer = ours.records({"path": str(path), "described": described, "sums": accounts.AMOUNTS})
    assert set(answer["reasons"]) == {f"{damage.column}:{damage.code}" for damage in accounts.DAMAGES.values()}
    assert differences(answer, truth) == 0
    assert differences({**answer, "accepted": 0, "aligned": False, "reasons": {}}, truth) == 2 + len(truth["reasons"])


def test_the_loop_finds_the_same_records(tmp_path: Path) -> None:
    truth = accounts.write(tmp_path / "accounts", 3000, bad=0.1, seed=5)
    answer = mainframe.rows({"path": str(tmp_path / "accounts")})
    by_column: dict = {}
    for reason, times in truth["reasons"].items():
        column = reason.partition(":")[0]
        by_column[column] = by_column.get(column, 0) + times
    assert answer == {"accepted": truth["rows_accepted"], "faults": by_column}
