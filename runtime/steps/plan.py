"""PlanChunks: cuts the file at record boundaries; writes the chunks as the Map's manifest and as items."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

from runtime.aws.item_table import Item
from runtime.aws.object_store import StoredSource
from runtime.core import keys
from runtime.core.errors import InvalidInput, ReconciliationFailed, RecordTooLong
from runtime.core.limits import MAX_RECORD_BYTES, check_chunks
from runtime.core.models import ChunkStatus, ChunkTask, FileStatus, FileTask, ObjectRef, chunk_id
from runtime.formats.registry import compiled
from runtime.steps import snapshot
from runtime.steps.materialize import Materialized, materialize
from runtime.steps.stage import Stage, text_of


def plan_chunks(task: FileTask, exact_from: int | None, stage: Stage) -> dict[str, Any]:
    """Plan the file, or plan it again exactly from the byte offset after which a proof failed.

    The valid plan is the manifest that the file's item names. Chunk items are made from that manifest only, so
    repeated and concurrent planners agree.
    """
    item = stage.owned(task)
    if item["file_status"] == FileStatus.VALIDATED and "manifest_key" in item:
        item = _resume_plan(task, item, stage)
    elif item["file_status"] == FileStatus.VALIDATED:
        item = _make_plan(task, item, item.get("plan", 0) + 1, None, stage)
    elif exact_from is not None and item["exact_from"] != exact_from:
        if item["exact_from"] is not None:
            raise ReconciliationFailed(task.file_id, "an exact plan", "boundaries that hold", f"a broken proof at byte {exact_from}")
        item = _make_plan(task, item, item["plan"] + 1, exact_from, stage)
    manifest = ObjectRef(stage.store.bucket, item["manifest_key"])
    chunks = [ChunkTask.from_dict(chunk) for chunk in json.loads(stage.store.read(manifest))]
    stage.tracking.plan_chunks(chunks)
    return task.to_dict(manifest={"bucket": manifest.bucket, "key": manifest.key}, chunks=len(chunks))


def _make_plan(task: FileTask, item: Item, number: int, exact_from: int | None, stage: Stage) -> Item:
    """Write a plan and try to make it the file's; return the item with the valid plan."""
    planned_before = [] if exact_from is None else [(c["start"], c["end"]) for c in stage.tracking.planned_chunks(item)]
    if exact_from is not None and exact_from not in [start for start, _ in planned_before]:
        raise InvalidInput(f"no chunk of file {task.file_id} begins where it is to be planned again")
    kept = [(start, end) for start, end in planned_before if end <= exact_from]
    ranges, made = _ranges(item, exact_from, kept, stage)
    decoded = {"decoded": made.text.to_dict()} if made else {}
    text, size = text_of({**item, **decoded})
    chunks = [
        ChunkTask(task.file_id, chunk_id(index), number, text, start, end, end == size, item["reading_key"])
        for index, (start, end) in enumerate(ranges)
        if index >= len(kept)
    ]
    planned = {"plan": number, "chunks": len(ranges), "exact_from": exact_from}
    return stage.tracking.transition(
        task,
        FileStatus.PROCESSING,
        (FileStatus.VALIDATED,) if exact_from is None else (FileStatus.PROCESSING,),
        {**planned, **decoded, "manifest_key": _write_manifest(chunks, task.file_id, stage)},
        {**planned, **decoded, **({"records_sampled": made.records_sampled} if made else {})},
        expecting={"plan": item.get("plan")},
    ).item


def _resume_plan(task: FileTask, item: Item, stage: Stage) -> Item:
    """Write a manifest of the unfinished chunks of an earlier attempt's plan, with the original's current location.

    The chunks come from that plan's manifest, since the attempt may have ended before it created their items.
    """
    planned = [ChunkTask.from_dict(chunk) for chunk in json.loads(stage.store.read(ObjectRef(stage.store.bucket, item["manifest_key"])))]
    finished = {
        chunk["chunk_id"] for chunk in stage.tracking.planned_chunks(item) if chunk["status"] in (ChunkStatus.DONE, ChunkStatus.MISALIGNED)
    }
    text, _ = text_of(item)
    left = [dataclasses.replace(chunk, source=text) for chunk in planned if chunk.chunk_id not in finished]
    return stage.tracking.transition(
        task,
        FileStatus.PROCESSING,
        (FileStatus.VALIDATED,),
        {"manifest_key": _write_manifest(left, task.file_id, stage)},
        {"plan": item["plan"], "chunks": item["chunks"], "unfinished": len(left)},
    ).item


def _ranges(
    item: Item, exact_from: int | None, kept: list[tuple[int, int]], stage: Stage
) -> tuple[list[tuple[int, int]], Materialized | None]:
    """The chunks' byte ranges; also the decoded text, if this call has made it."""
    check_chunks(text_of(item)[1], item["chunk_bytes"])
    contract, layout = snapshot.load(stage.store, item["reading_key"])
    try:
        if layout.decoding and "decoded" not in item:
            made = materialize(item, contract, layout, layout.decoding, stage)
            check_chunks(made.text.size, item["chunk_bytes"])
            return made.ranges, made
        source = StoredSource(stage.store, *text_of(item))
        return compiled(contract, layout).plan(source, item["chunk_bytes"], exact_from=exact_from, keep=kept), None
    except RecordTooLong as error:
        if error.limit_bytes >= MAX_RECORD_BYTES:
            raise
        reason = f"the record at byte {error.offset} does not fit a chunk of {item['chunk_bytes']:,} bytes; raise the chunk-bytes parameter"
        raise InvalidInput(reason) from error


def _write_manifest(chunks: list[ChunkTask], file_id: str, stage: Stage) -> str:
    """Write the manifest: one JSON array, as the Map's item reader expects it. Return its key."""
    body = json.dumps([chunk.to_dict() for chunk in chunks], ensure_ascii=False, separators=(",", ":")).encode()
    return stage.store.write_addressed(functools.partial(keys.plan_manifest, file_id), body, "application/json").key
