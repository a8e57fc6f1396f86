"""The fixes that let ministack run a stage as AWS would; each is one module and names its gap."""

from __future__ import annotations

from importlib.metadata import version

from local.gaps import (
    accepted_types,
    bucket_properties,
    error_names,
    event_versions,
    full_buckets,
    interpreters,
    metric_math_alarms,
    object_parts,
    point_in_time_recovery,
    shared_layers,
    throttling,
    undeclared_parameters,
    versioned_ranges,
)
from local.gaps.gap import MINISTACK, Gap, GapMismatch, must_hold

#: In the order in which they are applied.
GAPS: tuple[Gap, ...] = (
    interpreters.GAP,
    error_names.GAP,
    shared_layers.GAP,
    bucket_properties.GAP,
    full_buckets.GAP,
    versioned_ranges.GAP,
    object_parts.GAP,
    event_versions.GAP,
    point_in_time_recovery.GAP,
    metric_math_alarms.GAP,
    throttling.GAP,
    undeclared_parameters.GAP,
    accepted_types.GAP,
)

__all__ = ["GAPS", "MINISTACK", "Gap", "GapMismatch", "fix_all"]


def fix_all() -> None:
    """Patch the emulator in this process; raise GapMismatch when it is not the one that the fixes are for."""
    must_hold(version("ministack") == MINISTACK, f"version {MINISTACK}")
    for gap in GAPS:
        gap.fix()
