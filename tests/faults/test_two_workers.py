"""E21: two workers in one step at the same time, from every call on that one of them may have come to.

Schedules meet some of these places by luck; here each is met, and first of all those where originals move.
"""

from __future__ import annotations

import pytest

from tests.faults.budget import long, short
from tests.faults.executions import Execution, WiredWorkflow, one_call_at_a_time
from tests.faults.files import CHUNK_BYTES, KINDS
from tests.faults.network import served, store
from tests.faults.promises import check_file, check_outputs

KEY = "incoming/transactions/acme/day.csv"


def calls_of(kind: str, workflow: WiredWorkflow) -> int:
    execution = Execution(workflow, workflow.upload(KEY, KINDS[kind].body))
    calls = 0
    while execution.status == "RUNNING":
        execution.go_on(served)
        calls += 1
    return calls


@pytest.mark.parametrize(
    ("ahead", "last", "kept_in"),
    [pytest.param(0, 16, "memory", marks=short), *(pytest.param(n, 1000, "moto", marks=long) for n in range(3))],
)
@pytest.mark.parametrize("kind", ["small", "other columns"])
@pytest.mark.parametrize("successor", ["retry", "report"])
def test_a_worker_that_was_given_up_and_its_successor_make_one_outcome(
    successor: str, kind: str, ahead: int, last: int, kept_in: str, environment: None
) -> None:
    """By turns, from each of the *last* calls on. The one that was given up is *ahead* calls before the other, more than it was anyway."""
    with one_call_at_a_time(), store(kept_in) as emptied:
        calls = calls_of(kind, WiredWorkflow(*emptied(), chunk_bytes=CHUNK_BYTES))
        for before in range(max(1, calls - last), calls - 2):
            workflow = WiredWorkflow(*emptied(), chunk_bytes=CHUNK_BYTES)
            event = workflow.upload(KEY, KINDS[kind].body)
            execution = Execution(workflow, event)
            for _ in range(before):
                execution.go_on(served)
            if successor == "retry":
                left = execution.lose_touch()
            else:
                left = execution.stop("TIMED_OUT")
                execution = Execution(workflow, execution.report())
            for _ in range(ahead):
                if not left.done:
                    left.go_on(served)
            while execution.status == "RUNNING" or not left.done:
                if execution.status == "RUNNING":
                    execution.go_on(served)
                if not left.done:
                    left.go_on(served)
            check_file(workflow, event, KINDS[kind], KINDS[kind].error, tampered=False)
            check_outputs(workflow, [workflow.item(event)])
