"""Medians and means, and ratios run by run."""

from __future__ import annotations

import pytest

from benchmarks.questions.rewrite import times_faster
from benchmarks.runs import Run
from benchmarks.statistics import Spread, paired_ratio


def test_ratio_is_of_pairs_and_not_of_medians() -> None:
    """The machine was slow in the last two rounds; ours took half the time in each."""
    assert paired_ratio([1, 1, 1, 10, 20], [2, 2, 2, 20, 40]) == Spread(0.5, 0.5, 0.5, 0.5)
    assert paired_ratio([1, 4, 3], [2, 2, 2]) == Spread(1.5, 4 / 3, 0.5, 2.0)


def test_runs_that_do_not_pair_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_ratio([1, 2], [1])


def test_fastest_of_each_round_is_who_is_beaten() -> None:
    def runs(*seconds: float) -> list[Run]:
        return [Run(one, one, 1, {}) for one in seconds]

    taken = {"ours": runs(1, 1, 2), "duckdb": runs(40, 70, 80), "pyarrow": runs(50, 60, 90), "GNU split": runs(1, 1, 1)}
    assert times_faster(taken, "ours") == Spread(40, 140 / 3, 40, 60)
