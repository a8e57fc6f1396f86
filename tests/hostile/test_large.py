"""No file needs more memory or time than a function has."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.hostile.cases import large
from tests.hostile.cases.large import Large

#: The function has 3,072 MB.
MEMORY_BYTES = 2_500_000_000
#: The function's timeout.
TIMEOUT_SECONDS = 900


@pytest.mark.long
@pytest.mark.parametrize("case", large.CASES, ids=lambda case: case.name)
def test_a_large_file_is_answered_within_bounds(case: Large) -> None:  # E2 E8
    ran = subprocess.run(
        [sys.executable, "-m", "tests.hostile.run_large", case.name], capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    answer = json.loads(ran.stdout.splitlines()[-1])
    assert answer["outcome"] == case.becomes
    assert answer["peak_bytes"] <= case.most_bytes <= MEMORY_BYTES
