"""What an execution did, from its history."""

from __future__ import annotations

from typing import Any

from tests.e2e.files import StageFiles


def events(files: StageFiles, execution: str) -> list[dict[str, Any]]:
    return list(files.states.get_execution_history(executionArn=execution)["events"])


def entered(files: StageFiles, execution: str) -> list[str]:
    """The states of an execution in the order in which it entered them."""
    return [event["stateEnteredEventDetails"]["name"] for event in events(files, execution) if "stateEnteredEventDetails" in event]


def failures(files: StageFiles, execution: str) -> list[str]:
    """The names of the errors that its tasks ended with, those that were retried as well."""
    return [event["taskFailedEventDetails"]["error"] for event in events(files, execution) if event["type"] == "TaskFailed"]


def children(files: StageFiles, execution: str) -> list[dict[str, Any]]:
    """The executions of its map's items, one for each chunk."""
    runs = files.states.list_map_runs(executionArn=execution)["mapRuns"]
    return [child for run in runs for child in files.states.list_executions(mapRunArn=run["mapRunArn"])["executions"]]


def waits(files: StageFiles, execution: str) -> list[float]:
    """Seconds from each failure of a task to its next try."""
    happened = [event for event in events(files, execution) if event["type"] in ("TaskFailed", "TaskScheduled")]
    pairs = zip(happened, happened[1:])
    return [(after["timestamp"] - before["timestamp"]).total_seconds() for before, after in pairs if before["type"] == "TaskFailed"]
