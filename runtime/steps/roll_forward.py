"""The work that remains for a committed file. Each part is idempotent, and any worker may do it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Sequence

from runtime.aws.item_table import Item
from runtime.aws.observability import emit, logger
from runtime.core import keys
from runtime.core import metric_names as names
from runtime.core.errors import AccessRefused, ObjectArchived, ObjectMissing, OwnershipLost, ReconciliationFailed
from runtime.core.models import ChunkStatus, FileStatus, FileTask
from runtime.steps import reasons
from runtime.steps.documents import commit_manifest, extracts, reject_report
from runtime.steps.outcome import is_reserved
from runtime.steps.stage import Stage, original_of

#: Maximum length of the reason why an original was not moved; it contains keys of up to a thousand characters.
_REASON_CHARACTERS = 4000


def roll_forward(task: FileTask, item: Item, stage: Stage) -> Item:
    """Make a committed file visible, move its original to ``processed/``, and end it SUCCEEDED."""
    if item["file_status"] == FileStatus.SUCCEEDED:
        return put_in_place(task, item, keys.PROCESSED, stage)
    if item["file_status"] != FileStatus.COMMITTED:
        raise OwnershipLost(item["file_id"], task.attempt, item["file_status"])
    chunks = stage.tracking.planned_chunks(item)
    joined = join_extracts(item, chunks, stage)
    manifest_key = keys.commit_manifest(item["dataset"], item["file_id"])
    stage.store.write(manifest_key, _json(commit_manifest(item, chunks)), "application/json")
    report_key = write_reject_report(item, chunks, stage)
    attributes = {"commit_manifest": manifest_key, "reject_report": report_key, **joined, **move_original(item, keys.PROCESSED, stage)}
    ended = stage.tracking.transition(task, FileStatus.SUCCEEDED, (FileStatus.COMMITTED,), attributes, owing=not is_reserved(item))
    if ended.made and not is_reserved(item):
        emit(stage.settings.stage, {names.FILES_SUCCEEDED: 1, names.FILE_SECONDS: seconds_open(ended.item)})
    return ended.item


def join_extracts(item: Item, chunks: Sequence[Item], stage: Stage) -> dict[str, Any]:
    """Concatenate the chunks' parts of each extract, in file order. Idempotent: a repetition writes the same bytes."""
    made = extracts(item, chunks)
    for name, extract in made.items():
        parts = [chunk["extracts"][name] for chunk in chunks if name in chunk.get("extracts", {})]
        stage.store.join(extract["key"], [(part["key"], part["size"]) for part in parts], "application/octet-stream")
    return {"extracts": made} if made else {}


def put_in_place(task: FileTask, item: Item, prefix: str, stage: Stage) -> Item:
    """Try to move the original of a file that has ended: a deployment may have refused an earlier move."""
    moved = move_original(item, prefix, stage)
    if moved.items() <= item.items():
        return item
    status = item["file_status"]
    # The reason for a refused move is recorded only if no other worker has moved the original since.
    seen = {} if "location" in moved else {"location": item["location"]}
    return stage.tracking.transition(task, status, (status,), moved, {"moved": moved}, expecting=seen).item


def move_original(item: Item, prefix: str, stage: Stage) -> dict[str, Any]:
    """Move the original under *prefix*; return its new ``location``, or ``not_moved`` with the reason.

    An original that cannot be moved (deleted, encrypted with a foreign key, archived, or with a copy that differs)
    stays where it is. The outcome is published all the same.
    """
    destination = keys.archived(prefix, item["key"], item["file_id"])
    if item["location"]["key"] == destination:
        return {"location": item["location"]}
    try:
        return {"location": stage.store.move(original_of(item), destination).to_dict(), "not_moved": None}
    except (ObjectMissing, ObjectArchived, AccessRefused, ReconciliationFailed) as error:
        return {"not_moved": f"{type(error).__name__}: {error}"[:_REASON_CHARACTERS]}


def write_reject_report(item: Item, chunks: Sequence[Item], stage: Stage) -> str | None:
    """Write :func:`reject_report` and return its key; None if every row was accepted.

    If the object with a chunk's reasons cannot be read, the report contains those of the file's item, so that the file can end.
    """
    try:
        counted = reasons.everything(chunks, stage.store)
    except (ObjectMissing, AccessRefused, ReconciliationFailed) as error:
        logger.warning("not every reason is in the report of rejects", extra={"file_id": item["file_id"], "why": str(error)})
        counted = item["reasons"]
    report = reject_report(item, chunks, counted)
    if report is None:
        return None
    key = keys.reject_report(item["dataset"], item["file_id"])
    stage.store.write(key, _json(report), "application/json")
    return key


def all_done(chunks: Sequence[Item], item: Item) -> bool:
    return len(chunks) == item.get("chunks") and all(chunk["status"] == ChunkStatus.DONE for chunk in chunks)


def seconds_open(item: Item) -> float:
    """Seconds from the file's registration or last redrive to its last change."""
    begun: str = item["reopened_at"] if "reopened_at" in item else item["created_at"]
    opened, updated = (datetime.fromisoformat(moment.replace("Z", "+00:00")) for moment in (begun, item["updated_at"]))
    return (updated - opened).total_seconds()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()
