"""A fix that is no longer needed, or no longer works, fails here."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local.gaps import GAPS, Gap, GapMismatch
from local.gaps.accepted_types import ACCEPTED, Accepted
from local.gaps.gap import must_contain, must_hold
from tests.unit.local.clouds import Cloud
from tests.unit.local.probes import PROBES

BY_NAME = pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.name)


def test_every_gap_has_its_probe() -> None:
    assert [gap.name for gap in GAPS] == list(PROBES)


@BY_NAME
def test_emulator_alone_still_has_the_gap_so_the_fix_is_needed(gap: Gap, alone: Cloud) -> None:
    assert not PROBES[gap.name](alone), f"{gap.name} works without its fix: remove it from local/gaps"


@BY_NAME
def test_fix_closes_the_gap(gap: Gap, fixed: Cloud) -> None:
    assert PROBES[gap.name](fixed)


@pytest.mark.parametrize("accepted", ACCEPTED, ids=lambda accepted: accepted.type)
def test_each_accepted_type_is_still_unknown_to_the_emulator(accepted: Accepted, alone: Cloud) -> None:
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        alone.deploy({"Thing": {"Type": accepted.type, "Properties": {}}})


def test_a_type_that_is_not_declared_is_refused(fixed: Cloud) -> None:
    with pytest.raises(ClientError, match="AWS::Robot::Arm"):
        fixed.deploy({"Thing": {"Type": "AWS::Robot::Arm", "Properties": {}}})


def test_a_fix_refuses_an_emulator_it_was_not_written_for() -> None:
    with pytest.raises(GapMismatch, match=r"ministack 1\.5\.33.*'no such text'.*must_hold"):
        must_contain(must_hold, "no such text")
