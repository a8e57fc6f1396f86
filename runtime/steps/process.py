"""ProcessChunk: processes the bytes of one chunk; writes Parquet, rejects, key digests and extracts, and records the proof."""

from __future__ import annotations

import functools
import time
from typing import Any, Mapping

from runtime.aws.observability import emit, logger
from runtime.chunk.process import ChunkOutput, process_chunk
from runtime.contracts.model import Contract
from runtime.core import keys
from runtime.core import metric_names as names
from runtime.core.errors import InvalidInput, LedgerlineError
from runtime.core.models import ChunkStatus, ChunkTask, ObjectRef
from runtime.steps import reasons, snapshot
from runtime.steps.stage import Stage, text_of


def process(chunk: ChunkTask, stage: Stage) -> None:
    """Process a chunk, unless it is finished.

    The results are in its item, not in the answer, since 2,001 answers must fit the workflow's payload.
    """
    _check(chunk, stage)
    if not stage.tracking.start_chunk(chunk):
        return
    try:
        _process(chunk, stage)
    except Exception as error:
        try:
            stage.tracking.fail_chunk(chunk, type(error).__name__, str(error))
        except LedgerlineError as unrecorded:
            # Raise the chunk's error, not this one: its class decides whether and when the chunk is retried.
            logger.warning("the chunk's error is not recorded", extra={"why": str(unrecorded)})
        raise


def _process(chunk: ChunkTask, stage: Stage) -> None:
    started = time.monotonic()
    contract, layout = snapshot.load(stage.store, chunk.reading_key)
    output = process_chunk(
        stage.store.stream(chunk.source, chunk.start, chunk.end),
        contract=contract,
        layout=layout,
        start=chunk.start,
        last=chunk.last,
        key_seed=bytes.fromhex(chunk.file_id),
    )
    proof = {"aligned": output.proof.aligned, "open_quote": output.proof.broken_at}
    if not output.proof.aligned:
        stage.tracking.finish_chunk(chunk, ChunkStatus.MISALIGNED, {"proof": proof})
        return
    results = {"proof": proof, **_counts(output), **_write(chunk, contract, output, stage)}
    seconds = round(time.monotonic() - started, 3)
    if stage.tracking.finish_chunk(chunk, ChunkStatus.DONE, {**results, "seconds": seconds}) and not contract.reserved:
        emit(
            stage.settings.stage,
            {
                names.ROWS_READ: output.rows_read,
                names.ROWS_ACCEPTED: output.rows_accepted,
                names.ROWS_REJECTED: output.rows_rejected,
                names.BYTES_READ: output.bytes_read,
                names.CHUNK_SECONDS: seconds,
            },
        )


def _counts(output: ChunkOutput) -> dict[str, Any]:
    return {
        "rows_read": output.rows_read,
        "rows_accepted": output.rows_accepted,
        "rows_rejected": output.rows_rejected,
        "blank_lines": output.blank_lines,
        "bytes_read": output.bytes_read,
    }


def _write(chunk: ChunkTask, contract: Contract, output: ChunkOutput, stage: Stage) -> Mapping[str, Any]:
    """Write the outputs under keys that contain their digest; return the attributes for the chunk's item."""
    written = {}
    for name, body, key_of, content_type, rows in (
        ("parquet", output.parquet, keys.chunk_parquet, "application/vnd.apache.parquet", output.rows_accepted),
        ("rejects", output.rejects, keys.chunk_rejects, "application/x-ndjson", output.rows_rejected),
        ("key_digests", output.key_digests, keys.chunk_key_digests, "application/octet-stream", output.rows_accepted),
    ):
        if body:
            named = functools.partial(key_of, contract.dataset, chunk.file_id, chunk.chunk_id)
            written[name] = {**stage.store.write_addressed(named, body, content_type).to_dict(), "rows": rows}
    extracts = {name: _write_extract(chunk, contract, name, body, stage) for name, body in output.extracts.items() if body}
    recorded = reasons.recorded(chunk, contract.dataset, output.reasons, stage.store)
    return {**written, **recorded, **({"extracts": extracts} if extracts else {})}


def _write_extract(chunk: ChunkTask, contract: Contract, name: str, body: bytes, stage: Stage) -> dict[str, Any]:
    named = functools.partial(keys.chunk_extract, contract.dataset, chunk.file_id, chunk.chunk_id, name)
    return stage.store.write_addressed(named, body, "application/octet-stream").to_dict()


def _check(chunk: ChunkTask, stage: Stage) -> None:
    """Check the chunk against the table: a manifest is an object in a bucket, so it is untrusted input.

    A late chunk may name the key from which its original has been moved; that is allowed.
    """
    item = stage.tracking.file(chunk.file_id)
    if item is None or "reading_key" not in item or "plan" not in item:
        raise InvalidInput(f"chunk {chunk.chunk_id} of file {chunk.file_id} was not planned by this stage")
    text, size = text_of(item)
    arrived = ObjectRef(item["bucket"], item["key"], item["version_id"])
    if chunk.source != text and ("decoded" in item or chunk.source != arrived):
        raise InvalidInput(f"chunk {chunk.chunk_id} names {chunk.source.key!r}, which is no original of its file")
    in_range = 0 <= chunk.start < chunk.end <= size and chunk.last == (chunk.end == size)
    if not in_range or chunk.reading_key != item["reading_key"] or not 1 <= chunk.plan <= item["plan"]:
        raise InvalidInput(f"chunk {chunk.chunk_id} of file {chunk.file_id} is not as this stage planned it")
