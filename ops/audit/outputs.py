"""Whether what readers rely on is still what was written: the outputs, the extracts, the commit manifest, the report of rejects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.audit import stored
from ops.audit.checks import Check, Unverifiable, check
from ops.audit.table import COMMITTED
from runtime.aws.object_store import ObjectStore
from runtime.core import keys
from runtime.core.errors import ObjectMissing
from runtime.core.models import ChunkStatus, FileStatus, ObjectRef
from runtime.steps.documents import commit_manifest, extracts, reject_report
from runtime.steps.reasons import ALL_REASONS, everything

Item = Mapping[str, Any]

#: Key digests are compared when the rows are processed again: they are the workflow's own, and expire.
_KEPT = ("parquet", "rejects", ALL_REASONS)
#: What the first versions did not write, with what its absence means.
_ADDED = {"offsets": "original"}


def output_checks(file: Item, chunks: Sequence[Item], store: ObjectStore) -> Iterator[Check]:
    for chunk in chunks:
        for name in _KEPT:
            if chunk["status"] == ChunkStatus.DONE and chunk.get(name):
                yield check(
                    f"chunk {chunk['chunk_id']}",
                    "its outputs have the size and SHA-256 that were recorded",
                    lambda written=chunk[name]: _drained(store, written),  # type: ignore[misc]
                )
    if file["file_status"] in COMMITTED:
        yield check("commit manifest", "it says what the table says", lambda: _manifest(file, chunks, store))
    elif file.get("dataset"):
        yield check("commit manifest", "a file that was not committed has none", lambda: _no_manifest(file, store))
    if file["file_status"] == FileStatus.SUCCEEDED:
        expected = extracts(dict(file), [dict(chunk) for chunk in chunks])
        if expected or file.get("extracts"):
            yield check("extracts", "the table names them as their parts add up", lambda: _named(expected, file.get("extracts")))
        for name, extract in expected.items():
            yield check(
                f"extract {name}",
                "it is the chunks' parts in their order, to the byte",
                lambda name=name, extract=extract: _joined(name, extract, chunks, store),  # type: ignore[misc]
            )
    if file["file_status"] in COMMITTED or file.get("reject_report"):
        yield check("reject report", "it says what the table says", lambda: _report(file, chunks, store))


def _drained(store: ObjectStore, written: Item) -> None:
    for _ in stored.parts(store, written):
        pass


def _named(expected: Mapping[str, Item], found: Mapping[str, Item] | None) -> str | None:
    wrong = sorted(name for name in expected.keys() | (found or {}).keys() if expected.get(name) != (found or {}).get(name))
    return f"they differ in: {', '.join(wrong)}" if wrong else None


def _joined(name: str, extract: Item, chunks: Sequence[Item], store: ObjectStore) -> str | None:
    """The object is read once; what each chunk recorded of its part tells where the part ends and what its digest is."""
    ref = ObjectRef(store.bucket, extract["key"])
    size = store.head(ref).size
    if size != extract["size"]:
        return f"{extract['key']}: its parts have {extract['size']:,} bytes, {size:,} are there"
    pieces = store.stream(ref, 0, size)
    held, begin = b"", 0
    for chunk in (chunk for chunk in chunks if name in chunk.get("extracts", {})):
        part, digest = chunk["extracts"][name], hashlib.sha256()
        left = part["size"]
        while left:
            held = held or next(pieces)
            digest.update(held[:left])
            held, left = held[left:], left - min(left, len(held))
        if digest.hexdigest() != part["sha256"]:
            return f"{extract['key']}: bytes {begin:,} to {begin + part['size']:,} are not the part of chunk {chunk['chunk_id']}"
        begin += part["size"]
    return None


def _manifest(file: Item, chunks: Sequence[Item], store: ObjectStore) -> str | None:
    if not file.get("commit_manifest"):
        raise Unverifiable("the file is committed and its manifest not written yet; verify again when it has SUCCEEDED")
    return _compared(commit_manifest(dict(file), [dict(chunk) for chunk in chunks]), file["commit_manifest"], store)


def _report(file: Item, chunks: Sequence[Item], store: ObjectStore) -> str | None:
    items = [dict(chunk) for chunk in chunks]
    expected = reject_report(dict(file), items, everything(items, store))
    if expected is None or not file.get("reject_report"):
        return None if expected is None and not file.get("reject_report") else "there is one exactly when a row was rejected"
    return _compared(expected, file["reject_report"], store)


def _compared(expected: Item, key: str, store: ObjectStore) -> str | None:
    found = {**_ADDED, **json.loads(store.read(ObjectRef(store.bucket, key)))}
    # As JSON would give it back: lists for tuples.
    wanted = json.loads(json.dumps(expected))
    differing = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    return f"{key} differs from the table in: {', '.join(differing)}" if differing else None


def _no_manifest(file: Item, store: ObjectStore) -> str | None:
    key = keys.commit_manifest(file["dataset"], file["file_id"])
    try:
        store.head(ObjectRef(store.bucket, key))
    except ObjectMissing:
        return None
    return f"{key} is there, and readers take it for data"
