"""Why rows were rejected, counted by ``column:code``: the commonest in the table's items, all of them in objects.

An item of DynamoDB has at most 400 KB, and a contract of 2,000 columns can be broken in 14,000 ways. So a chunk whose
reasons are more than its item keeps writes them all beside its rejects, and the report of a file's rejects has them all.
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

#: Reasons that one item keeps by name, and the bytes that these names may have.
COMMONEST, COMMONEST_BYTES = 200, 16 * 1024
#: What an item counts the others under; it is no column's name.
OTHERS = "(others):other"
#: Of a chunk's item: where all its reasons are, if they are not in the item.
ALL_REASONS = "all_reasons"
#: Read at once: each may be of a megabyte.
_READERS = 16


def commonest(reasons: Mapping[str, int]) -> dict[str, int]:
    """As much of *reasons* as an item may hold, by name; the counts are none less."""
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
    """The reasons in the items of *chunks*, together."""
    return _sum(chunk["reasons"] for chunk in chunks)


def recorded(chunk: ChunkTask, dataset: str, reasons: Mapping[str, int], store: ObjectStore) -> dict[str, Any]:
    """What a chunk's item says of its *reasons*, of which all are written where they are more than it keeps."""
    kept = commonest(reasons)
    if OTHERS not in kept:
        return {"reasons": kept}
    body = json.dumps(reasons, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    key_of = functools.partial(keys.chunk_reasons, dataset, chunk.file_id, chunk.chunk_id)
    return {"reasons": kept, ALL_REASONS: store.write_addressed(key_of, body, "application/json").to_dict()}


def everything(chunks: Sequence[Item], store: ObjectStore) -> dict[str, int]:
    """All reasons of *chunks*.

    Raises ObjectMissing where what a chunk wrote of them is gone, and ReconciliationFailed where it is another.
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
