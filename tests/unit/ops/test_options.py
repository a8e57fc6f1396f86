"""Options that the commands share."""

from __future__ import annotations

from typing import Any

import pytest

from ops.options import Deployed
from ops.stage import Stage

NOWHERE: Any = None


@pytest.mark.parametrize(
    ("suffix", "region", "options"),
    [
        ("prod", None, ""),
        ("prod", "us-east-1", " --region us-east-1"),
        ("prod-dr", None, " --stage prod-dr"),
        ("prod-dr", "eu-west-1", " --stage prod-dr --region eu-west-1"),
    ],
)
def test_a_command_that_is_suggested_meets_the_same_stage(suffix: str, region: str | None, options: str) -> None:
    stage = Stage("eu-west-1", suffix, suffix, "bucket", "table", (), "prefix/")
    assert Deployed(NOWHERE, stage, region).follow_up() == options
