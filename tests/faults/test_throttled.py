"""E23: throttling delays a file and never fails it, whatever is throttled and for however long."""

from __future__ import annotations

from typing import Callable

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.faults.executions import Execution, WiredWorkflow, one_call_at_a_time
from tests.faults.files import CHUNK_BYTES, KEYS, KINDS
from tests.faults.network import is_write, served, store, throttled
from tests.faults.promises import check_file

#: More than any state's retries, with the SDK's own, make of one call.
CALLS = 150

WHICH: dict[str, Callable[[AWSPreparedRequest], bool]] = {
    "HEAD": lambda request: request.method == "HEAD",
    "GET": lambda request: request.method == "GET",
    "PUT": lambda request: request.method == "PUT",
    "reads of the table": lambda request: request.method == "POST" and not is_write(request),
    "writes of the table": lambda request: request.method == "POST" and is_write(request),
}


@pytest.mark.parametrize("kind", ["good", "bad rows", "other columns"])
@pytest.mark.parametrize("which", WHICH)
def test_a_file_waits_until_its_calls_are_served(which: str, kind: str, environment: None) -> None:
    refused = 0

    def some_throttled(request: AWSPreparedRequest) -> AWSResponse:
        nonlocal refused
        if refused < CALLS and WHICH[which](request):
            refused += 1
            return throttled(request)
        return served(request)

    with one_call_at_a_time(), store("memory") as emptied:
        workflow = WiredWorkflow(*emptied(), chunk_bytes=CHUNK_BYTES)
        event = workflow.upload(KEYS[0][0], KINDS[kind].body)
        execution = Execution(workflow, event)
        while execution.status == "RUNNING":
            execution.go_on(some_throttled)
        assert refused == CALLS
        check_file(workflow, event, KINDS[kind], KINDS[kind].error, tampered=False)
        assert workflow.item(event)["file_status"] == ("REJECTED" if KINDS[kind].error else "SUCCEEDED")
