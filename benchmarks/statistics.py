"""Medians, means and ranges, and ratios of runs that were taken in pairs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Median, mean and range of several runs (G4)."""

    median: float
    mean: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), statistics.fmean(values), min(values), max(values))


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours ÷ theirs, run by run: a temporary slowdown of the machine affects both runs of a pair.

    Raises ValueError when the runs do not pair.
    """
    return Spread.of([our / their for our, their in zip(ours, theirs, strict=True)])
