"""RecordFailure: whatever ended badly is given an end that says why, and loses nothing."""

from __future__ import annotations

import json
from typing import Any, Mapping

from runtime import keys
from runtime import metric_names as names
from runtime.errors import FileRejected, InvalidInput, ObjectMissing, error_class
from runtime.models import Arrival, ChunkStatus, FileStatus, FileTask
from runtime.observability import emit
from runtime.tracking import Item
from runtime.workflow.finalization import Totals
from runtime.workflow.outcome import is_reserved, outcome
from runtime.workflow.registration import NOTHING, identify, record_arrival
from runtime.workflow.roll_forward import all_done, finished_chunks, roll_forward, seconds_open, write_reject_report
from runtime.workflow.stage import Stage, original_of

EXECUTION_ENDED = "Step Functions Execution Status Change"
_MESSAGE_CHARACTERS = 2000


class _Failure:
    """What went wrong, in which execution, for which arrival or file."""

    def __init__(self, event: Mapping[str, Any], execution: str) -> None:
        self.reported = event.get("detail-type") == EXECUTION_ENDED
        if self.reported:
            detail = event["detail"]
            self.execution = str(detail["executionArn"])
            self.source: Mapping[str, Any] = json.loads(detail.get("input") or "{}")
            self.type = f"Execution{str(detail['status']).title().replace('_', '')}"
            self.message = str(detail.get("cause") or detail.get("error") or f"the workflow's execution ended {detail['status']}")
        else:
            self.execution = execution
            self.source = event
            error = event.get("error") or {}
            self.type, self.message = _explained(str(error.get("Error", "Unknown")), str(error.get("Cause", "")))


def record_failure(event: Mapping[str, Any], execution: str, stage: Stage) -> dict[str, Any]:
    """Bring a file whose execution failed to REJECTED or FAILED, or forward if it was committed.

    *event* is the workflow's state with ``error``, or EventBridge's report that an execution ended.
    NOTHING is answered for executions that owned no file.
    """
    failure = _Failure(event, execution)
    item = _file_of(failure, stage)
    if item is None or item["execution"] != failure.execution:
        return {"decision": NOTHING}
    task = FileTask(item["file_id"], item["attempt"], item["execution"])
    if item["file_status"] in (FileStatus.COMMITTED, FileStatus.SUCCEEDED):
        item = roll_forward(task, item, stage)
    else:
        item = _end(task, item, failure, stage)
    if failure.reported and item.get("published_at"):
        return {"decision": NOTHING}
    return task.to_dict(decision="FAILED", outcome=outcome(item))


def _file_of(failure: _Failure, stage: Stage) -> Item | None:
    if "file_id" in failure.source:
        return stage.tracking.file(str(failure.source["file_id"]))
    try:
        arrival = Arrival.from_event(failure.source)
        identity = identify(arrival.original, stage)
    except InvalidInput:
        if failure.reported:
            return None
        raise
    # An execution that died before it wrote anything still owned its arrival.
    return stage.tracking.file(identity) or record_arrival(arrival, failure.execution, stage)


def _end(task: FileTask, item: Item, failure: _Failure, stage: Stage) -> Item:
    if item["file_status"] in FileStatus.OPEN:
        item = _fail(task, item, failure, stage)
    destination = keys.archived(keys.FAILED, item["key"], item["file_id"])
    if item["location"]["key"] == destination:
        return item
    try:
        location = stage.store.move(original_of(item), destination)
    except ObjectMissing:
        return item
    return stage.tracking.transition(
        task, item["file_status"], (item["file_status"],), {"location": location.to_dict()}, {"moved_to": destination}
    ).item


def _fail(task: FileTask, item: Item, failure: _Failure, stage: Stage) -> Item:
    chunks = finished_chunks(item, stage) if "chunks" in item else []
    kind, message = failure.type, failure.message
    if error_class(kind) is None:
        kind, message = _from_chunks(chunks) or (kind, message)
    known = error_class(kind)
    status = FileStatus.REJECTED if known and issubclass(known, FileRejected) else FileStatus.FAILED
    attributes: dict[str, Any] = {"error_type": kind, "error_message": message[:_MESSAGE_CHARACTERS]}
    if chunks and all_done(chunks, item):
        attributes.update(Totals.of(chunks).to_dict())
        attributes["reject_report"] = write_reject_report({**item, **attributes}, chunks, stage)
    ended = stage.tracking.transition(
        task, status, FileStatus.OPEN, attributes, {"error_type": kind, "error_message": attributes["error_message"]}
    )
    if ended.made and not is_reserved(item):
        counted = names.FILES_REJECTED if status == FileStatus.REJECTED else names.FILES_FAILED
        emit(stage.settings.stage, {counted: 1, names.FILE_SECONDS: seconds_open(ended.item)})
    return ended.item


def _from_chunks(chunks: list[Item]) -> tuple[str, str] | None:
    """The Map reports only that a child failed; why is in the child's item."""
    for chunk in chunks:
        if chunk["status"] == ChunkStatus.FAILED and chunk["errors"]:
            last = chunk["errors"][-1]
            return last["type"], f"chunk {chunk['chunk_id']}, attempt {chunk['attempts']}: {last['message']}"
    return None


def _explained(error: str, cause: str) -> tuple[str, str]:
    """A Lambda error's cause is JSON with ``errorMessage``; anything else is its own explanation."""
    try:
        parsed = json.loads(cause)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict) and "errorMessage" in parsed:
        return str(parsed.get("errorType") or error), str(parsed["errorMessage"])
    return error, cause or error
