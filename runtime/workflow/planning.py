"""PlanChunks: byte ranges that begin and end on record boundaries, as items and as the Map's manifest."""

from __future__ import annotations

import json
from typing import Any, Callable

from runtime import keys
from runtime.errors import ReconciliationFailed
from runtime.models import ChunkTask, FileStatus, FileTask, chunk_id
from runtime.object_store import StoredSource
from runtime.records.planning import plan
from runtime.tracking import Item
from runtime.workflow import reading
from runtime.workflow.stage import Stage, original_of


def plan_chunks(task: FileTask, exact_from: int | None, stage: Stage, chunk_bytes: Callable[[], int]) -> dict[str, Any]:
    """Plan the file, or plan it again exactly from a byte offset where a proof did not hold.

    A plan that was made is used again: a retry may not move a boundary under a finished chunk.
    """
    item = stage.owned(task)
    if item["file_status"] == FileStatus.VALIDATED:
        item = _make_plan(task, item, 1, None, stage, chunk_bytes())
    elif exact_from is not None and item.get("exact_from") != exact_from:
        if item["plan"] > 1:
            raise ReconciliationFailed(task.file_id, "an exact plan", "boundaries that hold", f"a broken proof at byte {exact_from}")
        item = _make_plan(task, item, item["plan"] + 1, exact_from, stage, chunk_bytes())
    manifest = {"bucket": stage.store.bucket, "key": item["manifest_key"]}
    return task.to_dict(manifest=manifest, chunks=item["chunks"])


def _make_plan(task: FileTask, item: Item, number: int, exact_from: int | None, stage: Stage, chunk_bytes: int) -> Item:
    original = original_of(item)
    contract, layout = reading.load(stage.store, item["reading_key"])
    keep = [] if exact_from is None else [(c["start"], c["end"]) for c in stage.tracking.chunks(task.file_id) if c["end"] <= exact_from]
    ranges = plan(StoredSource(stage.store, original, item["size"]), contract, layout, chunk_bytes, exact_from=exact_from, keep=keep)
    chunks = [
        ChunkTask(task.file_id, chunk_id(index), number, original, start, end, end == item["size"], item["reading_key"])
        for index, (start, end) in enumerate(ranges)
        if index >= len(keep)
    ]
    stage.tracking.plan_chunks(chunks)
    manifest_key = _write_manifest(chunks, task.file_id, number, stage)
    return stage.tracking.transition(
        task,
        FileStatus.PROCESSING,
        (FileStatus.VALIDATED,) if exact_from is None else (FileStatus.PROCESSING,),
        {"plan": number, "exact_from": exact_from, "manifest_key": manifest_key, "chunks": len(ranges), "chunk_bytes": chunk_bytes},
        {"plan": number, "chunks": len(ranges), "exact_from": exact_from},
    ).item


def _write_manifest(chunks: list[ChunkTask], file_id: str, number: int, stage: Stage) -> str:
    """The Map's item reader wants one JSON array at the top of the object."""
    key = keys.plan_manifest(file_id, number)
    body = json.dumps([chunk.to_dict() for chunk in chunks], ensure_ascii=False, separators=(",", ":")).encode()
    stage.store.write(key, body, "application/json")
    return key
