"""The whole story of a file, from the tracking table alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runtime.aws.tracking import superseded
from runtime.core.models import SCHEMA
from runtime.steps.reasons import ALL_REASONS

Item = Mapping[str, Any]

#: What a chunk wrote, as its item names it: key, size in bytes, SHA-256, rows. Its parts of extracts come by name, without rows.
OUTPUTS = ("parquet", "rejects", "key_digests", ALL_REASONS)
COUNTS = ("rows_read", "rows_accepted", "rows_rejected", "blank_lines")


def story(file: Item, chunks: Sequence[Item], recorded: Sequence[Item], events: Sequence[Item]) -> dict[str, Any]:
    """The document of ``ops audit --json`` (docs/operations.md); null is what the table does not know, or not yet.

    *chunks* are those of the file's present plan, *recorded* all that the table has.
    """
    return {
        "schema": SCHEMA,
        "file_id": file["file_id"],
        "status": file["file_status"],
        "sender": _some(file, "requester", "source_ip", "event_time", "partner"),
        "object": _some(file, "source_name", "bucket", "key", "version_id", "size", "etag", "checksum", "location", "not_moved"),
        "reading": _some(
            file,
            "dataset",
            "contract_version",
            "contract_sha256",
            "reading_key",
            "compression",
            "encoding",
            "delimiter",
            "record_format",
            "header_bytes",
            "columns",
            "offsets",
            "decoded",
        ),
        "workflow": _some(
            file, "execution", "attempt", "revision", "created_at", "updated_at", "plan", "exact_from", "manifest_key", "chunk_bytes"
        ),
        "rows": _some(file, *COUNTS, "reasons", "duplicate_keys", "duplicate_rows"),
        "outcome": _some(
            file, "error_type", "error_message", "committed_at", "commit_manifest", "reject_report", "extracts", "published_at"
        ),
        "events": [_some(event, "at", "from_status", "to_status", "attempt", "execution", "detail") for event in events],
        "chunks": [_chunk(chunk) for chunk in chunks],
        "superseded": [_chunk(chunk) for chunk in _superseded(chunks, recorded)],
    }


def _superseded(chunks: Sequence[Item], recorded: Sequence[Item]) -> Iterator[Item]:
    """What chunks of older plans had recorded, also where the present plan has fewer chunks."""
    current = {chunk["chunk_id"] for chunk in chunks}
    for item in recorded:
        earlier = item.get("superseded", []) if item["chunk_id"] in current else superseded(dict(item))
        yield from ({**chunk, "chunk_id": item["chunk_id"]} for chunk in earlier)


def _chunk(chunk: Item) -> dict[str, Any]:
    planned = _some(chunk, "chunk_id", "status", "plan", "start", "end", "attempts", "errors", "started_at", "finished_at", "seconds")
    found = _some(chunk, *COUNTS, "bytes_read", "reasons", "proof")
    written = {name: dict(chunk[name]) for name in OUTPUTS if chunk.get(name)}
    return {**planned, **found, "outputs": written, "extracts": {name: dict(part) for name, part in (chunk.get("extracts") or {}).items()}}


def _some(item: Item, *names: str) -> dict[str, Any]:
    return {name: item.get(name) for name in names}
