"""Reads the workflow's executions from Step Functions, and starts them.

Only Step Functions knows of a failed state that waits for its retry: the failed code may have been unable to record it.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Iterator, Mapping, NamedTuple

import boto3
from botocore.config import Config

from runtime.core.errors import is_deployment_fault

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

#: Executions of one page, newest first: a probe's execution is among those that began after its upload.
_LISTED = 100

#: Keys of a history event under which Step Functions records the failure of a function's call.
_FAILURES = ("lambdaFunctionFailedEventDetails", "lambdaFunctionScheduleFailedEventDetails", "taskFailedEventDetails")


class Fault(NamedTuple):
    """The name of an error, and its message."""

    error: str
    cause: str


def explained(error: str, cause: str) -> Fault:
    """The name and message of an error that Step Functions recorded. The cause of a function's error is JSON; other causes are text."""
    try:
        parsed = json.loads(cause)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict) and "errorMessage" in parsed:
        return Fault(str(parsed.get("errorType") or error), str(parsed["errorMessage"]))
    return Fault(error, cause or error)


def make_client() -> SFNClient:
    return boto3.client("stepfunctions", config=Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=5, read_timeout=20))


def started_for(client: SFNClient, machine: str, key: str, since: datetime) -> str | None:
    """The ARN of a running execution that the arrival of *key* started, or None."""
    for listed in client.list_executions(stateMachineArn=machine, statusFilter="RUNNING", maxResults=_LISTED)["executions"]:
        if listed["startDate"] < since:
            return None
        if f'"{key}"' in client.describe_execution(executionArn=listed["executionArn"]).get("input", ""):
            return listed["executionArn"]
    return None


def start(client: SFNClient, machine: str, event: Mapping[str, Any]) -> str:
    """Start an execution of *machine* (ARN) with *event* as its input; return its ARN."""
    return client.start_execution(stateMachineArn=machine, input=json.dumps(event))["executionArn"]


class Execution(NamedTuple):
    """How an execution ended; ``status`` is one of Step Functions', or GONE."""

    status: str
    error: str
    cause: str


#: The execution does not exist any more: Step Functions deletes executions 90 days after their end, and with their machine.
GONE = "GONE"


def look_up(client: SFNClient, execution: str) -> Execution:
    try:
        execution_details = client.describe_execution(executionArn=execution)
    except (client.exceptions.ExecutionDoesNotExist, client.exceptions.InvalidArn):
        return Execution(GONE, "", "its execution does not exist any more")
    return Execution(execution_details["status"], execution_details.get("error", ""), execution_details.get("cause", ""))


def waiting_fault(client: SFNClient, execution: str) -> Fault | None:
    """The deployment fault after which *execution*, or one of its map's children, waits for a retry; None if neither does."""
    return next((fault for arn in _with_children(client, execution) if (fault := _last_fault(client, arn))), None)


def _with_children(client: SFNClient, execution: str) -> Iterator[str]:
    yield execution
    for run in client.list_map_runs(executionArn=execution)["mapRuns"]:
        children = client.list_executions(mapRunArn=run["mapRunArn"], statusFilter="RUNNING", maxResults=_LISTED)
        yield from (child["executionArn"] for child in children["executions"])


def _last_fault(client: SFNClient, execution: str) -> Fault | None:
    """The deployment fault that is the last event of the history; after a later event the execution no longer waits."""
    events = client.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)["events"]
    failures = (_failure(event) for event in events)
    return next((fault for fault in failures if fault and is_deployment_fault(fault.error)), None)


def _failure(event: Mapping[str, Any]) -> Fault | None:
    details = next(filter(None, map(event.get, _FAILURES)), None)
    return explained(details.get("error", ""), details.get("cause", "")) if details else None
