"""The bill of a file follows from counted requests, the state machine's path and dated prices (G6)."""

from __future__ import annotations

import json
import re

import pytest

from benchmarks.contestants import requests
from benchmarks.questions.cost import STATES, Prices, bill, extrapolated
from tests.support.state_machine import MACHINE

STEPS = {
    1: {"PlanChunks": {"s3_reads": 1, "table_writes": 10, "table_requests": 4}},
    41: {"PlanChunks": {"s3_reads": 41, "table_writes": 50, "table_requests": 44}},
    81: {"PlanChunks": {"s3_reads": 81, "table_writes": 90, "table_requests": 84}},
}


def test_states_are_a_path_through_the_deployed_state_machine() -> None:
    states = MACHINE["States"]
    assert MACHINE["StartAt"] == STATES[0]
    for state, following in zip(STATES, STATES[1:]):
        assert following in re.findall(r'"(?:Next|Default)": "(\w+)"', json.dumps(states[state])), f"{state} does not lead to {following}"
    assert states[STATES[-1]]["Type"] == "Succeed"


def test_counts_beyond_what_was_counted_are_on_the_line() -> None:
    assert extrapolated(STEPS, 41) == STEPS[41]
    assert extrapolated(STEPS, 2001)["PlanChunks"] == {"s3_reads": 2001, "table_writes": 2010, "table_requests": 2004}


def test_bill_adds_up_and_a_larger_file_costs_less_a_gigabyte() -> None:
    prices = Prices.load()
    small, large = (bill(STEPS, size, 1.0, prices) for size in (50_000_000, 2_000_000_000))
    services = [name for name in small if name not in ("file", "chunks", "a file", "a GB")]
    assert sum(float(small[service]) for service in services) == pytest.approx(float(small["a file"]), abs=1e-4)
    assert (small["chunks"], large["chunks"]) == (1, 41)
    # 41 chunks of two seconds each, and 20 ms for each of 85 requests, with 3 GB; 45 calls.
    assert float(large["Lambda"]) == pytest.approx((41 * 2 + 0.02 * 85) * 3 * prices.units["lambda_gb_seconds"] + 45 * 2e-7, abs=1e-5)
    assert float(large["a GB"]) < float(small["a GB"])


def test_requests_are_counted_by_step_on_the_real_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nothing may be sent there
    one, three = (requests.count({"chunks": chunks}) for chunks in (1, 3))
    assert (one["chunks"], three["chunks"]) == (1, 3)
    assert set(one["steps"]) == {"RegisterFile", "ValidateFile", "PlanChunks", "ProcessChunk", "FinalizeFile"}
    # Parquet, rejects and key digests of each chunk; one read of its file's item, one claim and one result.
    assert [answer["steps"]["ProcessChunk"]["s3_writes"] for answer in (one, three)] == [3, 9]
    assert [answer["steps"]["ProcessChunk"]["table_requests"] for answer in (one, three)] == [3, 9]
    assert three["steps"]["PlanChunks"]["s3_reads"] - one["steps"]["PlanChunks"]["s3_reads"] == 2
