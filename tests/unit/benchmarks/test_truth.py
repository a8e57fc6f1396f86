"""One wrong fact is enough to miss the truth (E20, E22)."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.questions.truth import differences

TRUTH = {"rows": 10, "rows_accepted": 8, "rows_rejected": 2, "accepted_amount": "1.50", "reasons": {"a:enum": 2}}
ANSWER: dict[str, Any] = {"rows_read": 10, "accepted": 8, "rejected": 2, "parquet_rows": 8, "accepted_amount": "1.50", "aligned": True}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 0),
        ({"rows_read": 9}, 1),
        ({"parquet_rows": 7}, 1),
        ({"accepted_amount": "1.51"}, 1),
        ({"aligned": False}, 1),
        ({"reasons": {"a:enum": 1}}, 1),
        ({"reasons": {"a:enum": 1, "b:enum": 1}}, 2),
        ({"reasons": {}}, 1),
    ],
)
def test_differences_are_counted(changed: dict[str, Any], expected: int) -> None:
    assert differences({**ANSWER, "reasons": {"a:enum": 2}, **changed}, TRUTH) == expected
