"""docs/rehearsal.md says what the rehearsal says."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.delivery.limits import LIMITS
from local.gaps.limits import Limit

DOCUMENT = (Path(__file__).resolve().parents[4] / "docs" / "rehearsal.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.what)
def test_every_limit_is_in_the_document_with_what_stands_in_for_it(limit: Limit) -> None:
    assert f"| {limit.what} | {limit.instead} |" in DOCUMENT


def test_the_document_has_no_limit_of_its_own() -> None:
    section = DOCUMENT.partition("## What a rehearsal cannot show")[2]
    assert sum(line.startswith("| ") for line in section.splitlines()) == len(LIMITS) + 1
