"""Counts of the reasons for rejected rows, by ``column:code``: the commonest in the table's items, all of them in objects.

A DynamoDB item has at most 400 KB, and a contract of 2,000 columns has about 14,000 possible reasons. A chunk with more
reasons than its item may store writes all of them to an object beside its rejects. The file's reject report contains all.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterable, Mapping, Sequence

from runtime.aws.item_table import Item
from runtime.aws.object_store import ObjectStore
from runtime.core import keys
from runtime.core.errors import ReconciliationFailed
from runtime.core.models import ChunkTask, ObjectRef

#: Maximum number of reasons that an item stores by name, and maximum bytes of these names.
COMMONEST, COMMONEST_BYTES = 200, 16 * 1024
#: The key under which an item counts all other reasons; it is not a column's name.
OTHERS = "(others):other"
#: Attribute of a chunk's item: the object with all its reasons, if the item does not store them all.
ALL_REASONS = "all_reasons"
#: Concurrent reads of such objects; each may have a megabyte.
_READERS = 16


def commonest(reasons: Mapping[str, int]) -> dict[str, int]:
    """The commonest of *reasons*, as many as an item may store, with the others summed; the total is the same."""
    kept: dict[str, int] = {}
    left = COMMONEST_BYTES
    for name, count in sorted(reasons.items(), key=lambda one: (-one[1], one[0])):
        size = len(name.encode())
        if name != OTHERS and len(kept) < COMMONEST and size <= left:
            kept[name] = count
            left -= size
    others = sum(reasons.values()) - sum(kept.values())
    return {**dict(sorted(kept.items())), **({OTHERS: others} if others else {})}


def summed(chunks: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The sum of the reasons in the items of *chunks*."""
    return _sum(chunk["reasons"] for chunk in chunks)


def recorded(chunk: ChunkTask, dataset: str, reasons: Mapping[str, int], store: ObjectStore) -> dict[str, Any]:
    """The attributes of a chunk's item for its *reasons*. Writes all of them to an object if the item cannot store them."""
    kept = commonest(reasons)
    if OTHERS not in kept:
        return {"reasons": kept}
    body = json.dumps(reasons, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    key_of = functools.partial(keys.chunk_reasons, dataset, chunk.file_id, chunk.chunk_id)
    return {"reasons": kept, ALL_REASONS: store.write_addressed(key_of, body, "application/json").to_dict()}


def everything(chunks: Sequence[Item], store: ObjectStore) -> dict[str, int]:
    """The sum of all reasons of *chunks*.

    Raises ObjectMissing if the object with a chunk's reasons is missing, and ReconciliationFailed if its digest differs.
    """
    read = functools.partial(_of_chunk, store=store)
    with ThreadPoolExecutor(_READERS) as pool:
        batches = (chunks[start : start + _READERS] for start in range(0, len(chunks), _READERS))
        return _sum(reasons for batch in batches for reasons in pool.map(read, batch))


def _of_chunk(chunk: Item, store: ObjectStore) -> Mapping[str, int]:
    written = chunk.get(ALL_REASONS)
    kept: dict[str, int] = chunk["reasons"]
    if written is None:
        return kept
    body = store.read(ObjectRef(store.bucket, written["key"]))
    digest = hashlib.sha256(body).hexdigest()
    if digest != written["sha256"]:
        raise ReconciliationFailed(chunk["file_id"], f"the reasons of chunk {chunk['chunk_id']}", written["sha256"], digest)
    reasons: dict[str, int] = json.loads(body)
    return reasons


def _sum(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items()))
