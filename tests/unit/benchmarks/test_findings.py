"""Tables of timings, medians and means, and ratios run by run."""

from __future__ import annotations

import pytest

from benchmarks.findings import Spread, paired_ratio, precise, timings
from benchmarks.questions.rewrite import times_faster
from benchmarks.runs import Run


def test_timings_are_in_order_with_speed_and_memory() -> None:
    def run(seconds: float) -> Run:
        return Run(seconds, 2 * seconds, 70_000_000, {})

    table = timings("Chunks", {"slow": [run(4.0), run(6.0), run(5.5)], "fast": [run(0.5)]}, 10_000_000)
    assert list(table.columns)[:4] == ["contestant", "median s", "mean s", "least-most s"]  # G4
    fast, slow = table.rows
    assert fast == ["fast", "0.500", "0.500", "0.500-0.500", "1.00", "70", "20"]
    assert slow == ["slow", "5.50", "5.17", "4.00-6.00", "11.0", "70", "2"]
    assert list(table.bars)[1] == ("slow", 5.5, 4.0, 6.0)


@pytest.mark.parametrize(
    ("value", "text"), [(123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.123"), (0.01234, "0.0123"), (0.0, "0.00000")]
)
def test_three_digits_count(value: float, text: str) -> None:
    assert precise(value) == text


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
