"""A file's manifest and report, as functions of the table alone: writing or verifying them again gives the same bytes."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from runtime.aws.item_table import Item
from runtime.core import keys
from runtime.core.models import SCHEMA


def commit_manifest(item: Item, chunks: Sequence[Item]) -> dict[str, Any]:
    """The commit manifest, on which readers rely."""
    return {
        "schema": SCHEMA,
        "file_id": item["file_id"],
        "dataset": item["dataset"],
        "partner": item["partner"],
        "contract": {"version": item["contract_version"], "sha256": item["contract_sha256"]},
        "source": {name: item[name] for name in ("bucket", "key", "version_id", "size", "etag", "checksum")},
        **_offsets(item),
        "rows": _rows(item),
        "duplicate_keys": {"rows": item["duplicate_keys"], "sample": item["duplicate_rows"]},
        "committed_at": item["committed_at"],
        "objects": [chunk["parquet"] for chunk in chunks if "parquet" in chunk],
        **({"extracts": extracts(item, chunks)} if any("extracts" in chunk for chunk in chunks) else {}),
    }


def extracts(item: Item, chunks: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """Key and size in bytes of each of the file's extracts, by name; empty for a file without accepted rows."""
    sizes: dict[str, int] = {}
    for chunk in chunks:
        for name, part in chunk.get("extracts", {}).items():
            sizes[name] = sizes.get(name, 0) + part["size"]
    return {name: {"key": keys.extract(item["dataset"], item["file_id"], name), "size": size} for name, size in sorted(sizes.items())}


def reject_report(item: Item, chunks: Sequence[Item], reasons: Mapping[str, int]) -> dict[str, Any] | None:
    """All *reasons* with counts, and the objects with the rejected rows; None if every row was accepted.

    ``first_row`` of an object is the number in the file, from 1, of the first row of its chunk.
    """
    objects, first_row = [], 1
    for chunk in chunks:
        if "rejects" in chunk:
            objects.append({**chunk["rejects"], "first_row": first_row})
        first_row += chunk["rows_read"]
    if not objects:
        return None
    return {
        "schema": SCHEMA,
        "file_id": item["file_id"],
        "dataset": item["dataset"],
        "partner": item["partner"],
        "rows": _rows(item),
        "reasons": dict(reasons),
        **_offsets(item),
        "objects": objects,
    }


def _offsets(item: Item) -> dict[str, Any]:
    """Whether offsets refer to the original or to its decoded text."""
    offsets: dict[str, Any] = {"offsets": item.get("offsets", "original")}
    if "decoded" in item:
        offsets["decoded"] = {name: item["decoded"][name] for name in ("size", "sha256")}
    return offsets


def _rows(item: Item) -> dict[str, int]:
    return {"read": item["rows_read"], "accepted": item["rows_accepted"], "rejected": item["rows_rejected"]}
