"""RecordFailure: a file whose execution failed ends REJECTED or FAILED, with the reason; its original is kept."""

from __future__ import annotations

import json
from typing import Any, Mapping

from runtime.aws.executions import explained
from runtime.aws.item_table import Item
from runtime.aws.observability import emit
from runtime.core import keys
from runtime.core import metric_names as names
from runtime.core.errors import FileRejected, InvalidInput, OwnershipLost, Throttled, TransientError, error_class, error_names
from runtime.core.models import EXECUTION_ENDED, REDRIVE_REQUESTED, Arrival, ChunkStatus, FileStatus, FileTask, Redrive, named_file
from runtime.steps.finalize import Totals
from runtime.steps.outcome import is_reserved, outcome
from runtime.steps.register import NOTHING, identify, record_arrival
from runtime.steps.roll_forward import all_done, put_in_place, roll_forward, seconds_open, write_reject_report
from runtime.steps.stage import Stage

#: Maximum lengths of an error's type and message, which may come from AWS or from libraries.
_TYPE_CHARACTERS, _MESSAGE_CHARACTERS = 200, 2000

_DELAYS = frozenset(error_names(Throttled))


class _Failure:
    """The error, its execution, and the arrival or file.

    An execution that was stopped or timed out did not end because of a chunk's error.
    """

    def __init__(self, event: Mapping[str, Any], execution: str) -> None:
        self.reported = event.get("detail-type") == EXECUTION_ENDED
        if self.reported:
            self.source: Mapping[str, Any]
            detail, self.source = _reported(event)
            self.chunks_may_explain = detail["status"] == "FAILED"
            self.execution = str(detail["executionArn"])
            ended = f"Execution{str(detail['status']).title().replace('_', '')}"
            kind, message = explained(str(detail.get("error") or ended), str(detail.get("cause") or ""))
            known = error_class(kind) is not None
            self.type = kind if known else ended
            self.message = message if known or detail.get("cause") else f"the workflow's execution ended {detail['status']}"
        else:
            self.execution = execution
            self.source = event
            self.chunks_may_explain = True
            error = event.get("error") or {}
            self.type, self.message = explained(str(error.get("Error", "Unknown")), str(error.get("Cause", "")))


def _reported(event: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The detail of EventBridge's report, and the input of the execution that it reports."""
    try:
        detail = event["detail"]
        source = json.loads(detail.get("input") or "{}")
        complete = {"executionArn", "status"} <= detail.keys() and isinstance(source, Mapping)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise InvalidInput(f"not the report of an execution's end: {type(error).__name__}") from error
    if not complete:
        raise InvalidInput("not the report of an execution's end: its executionArn, status or input is missing")
    return detail, source


def record_failure(event: Mapping[str, Any], execution: str, stage: Stage) -> dict[str, Any]:
    """Bring a file whose execution failed to REJECTED or FAILED, or forward if it was committed.

    *event* is the workflow's state with ``error``, or EventBridge's report that an execution ended.
    The answer is NOTHING for executions that owned no file.
    """
    failure = _Failure(event, execution)
    item = _file_of(failure, stage)
    if item is None or item["execution"] != failure.execution:
        return {"decision": NOTHING}
    task = FileTask(item["file_id"], item["attempt"], item["execution"])
    try:
        item = _settled(task, item, failure, stage)
    except OwnershipLost:
        # FinalizeFile has committed the file since it was read, so it rolls forward.
        item = _settled(task, stage.owned(task), failure, stage)
    if failure.reported and item.get("published_at"):
        return {"decision": NOTHING}
    return task.to_dict(decision="FAILED", outcome=outcome(item))


def _file_of(failure: _Failure, stage: Stage) -> Item | None:
    if "file_id" in failure.source:
        return stage.tracking.file(named_file(failure.source))
    if failure.source.get("detail-type") == REDRIVE_REQUESTED:
        return stage.tracking.file(Redrive.from_event(failure.source).file_id)
    try:
        arrival = Arrival.from_event(failure.source)
        identity = identify(arrival.original, stage)
    except InvalidInput:
        if failure.reported:
            return None
        raise
    # An execution that ended before it wrote anything still owned its arrival.
    return stage.tracking.file(identity) or record_arrival(arrival, failure.execution, stage)


def _settled(task: FileTask, item: Item, failure: _Failure, stage: Stage) -> Item:
    if item["file_status"] in (FileStatus.COMMITTED, FileStatus.SUCCEEDED):
        return roll_forward(task, item, stage)
    if item["file_status"] in FileStatus.OPEN:
        item = _fail(task, item, failure, stage)
    return put_in_place(task, item, keys.FAILED, stage)


def _fail(task: FileTask, item: Item, failure: _Failure, stage: Stage) -> Item:
    chunks = stage.tracking.planned_chunks(item)
    kind, message = failure.type, failure.message
    if failure.chunks_may_explain and error_class(kind) is None:
        kind, message = _from_chunks([chunk for chunk in chunks if _tried(chunk, item)]) or (kind, message)
    known = error_class(kind)
    status = FileStatus.REJECTED if known and issubclass(known, FileRejected) else FileStatus.FAILED
    why = {"error_type": kind[:_TYPE_CHARACTERS], "error_message": " ".join(message.splitlines())[:_MESSAGE_CHARACTERS]}
    attributes: dict[str, Any] = {**why}
    if chunks and all_done(chunks, item):
        attributes.update(Totals.of(chunks).to_dict())
        attributes["reject_report"] = write_reject_report({**item, **attributes}, chunks, stage)
    ended = stage.tracking.transition(task, status, FileStatus.OPEN, attributes, why, owing=not is_reserved(item))
    if ended.made and not is_reserved(item):
        counted = names.FILES_REJECTED if status == FileStatus.REJECTED else names.FILES_FAILED
        emit(stage.settings.stage, {counted: 1, names.FILE_SECONDS: seconds_open(ended.item)})
    return ended.item


def _tried(chunk: Item, item: Item) -> bool:
    """Whether the file's current attempt has tried the chunk; the errors of earlier attempts did not end this one."""
    return str(chunk.get("started_at", "")) >= str(item.get("reopened_at", ""))


def _from_chunks(chunks: list[Item]) -> tuple[str, str] | None:
    """The error type and message of a chunk; permanent errors come first. The Map reports only that a child failed.

    Throttling is never the reason, since it is retried until the execution times out (E23).
    """
    failed = [(chunk, chunk["errors"][-1]) for chunk in chunks if chunk["status"] == ChunkStatus.FAILED and chunk["errors"]]
    failed = [(chunk, last) for chunk, last in failed if last["type"] not in _DELAYS]
    if failed:
        chunk, last = min(failed, key=lambda pair: _severity(pair[1]["type"]))
        return last["type"], f"chunk {chunk['chunk_id']}, attempt {chunk['attempts']}: {last['message']}"
    # A function that was killed could not record an error.
    silent = [chunk for chunk in chunks if chunk["status"] == ChunkStatus.RUNNING]
    if silent:
        chunk = silent[0]
        why = "its function timed out, ran out of memory or was stopped"
        return "ChunkWithoutAnswer", f"chunk {chunk['chunk_id']} did not answer in attempt {chunk['attempts']}: {why}"
    return None


def _severity(kind: str) -> int:
    known = error_class(kind)
    if known is None:
        return 1
    return 0 if issubclass(known, FileRejected) else 2 if issubclass(known, TransientError) else 1
