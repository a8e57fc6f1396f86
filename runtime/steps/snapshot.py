"""The snapshot of a file: its contract and layout, fixed at validation and stored as one object.

The deployed contracts may change while a file is in progress; its snapshot does not.
"""

from __future__ import annotations

import functools
import hashlib
import json
from typing import NamedTuple

from runtime.aws.object_store import ObjectStore
from runtime.contracts.model import Contract
from runtime.core import keys
from runtime.core.errors import InvalidInput
from runtime.core.models import SCHEMA, ObjectRef, check_schema
from runtime.formats.interface import Layout
from runtime.formats.registry import file_format, parse_contract

#: Schema of a snapshot whose layout has a decoding. Older code, which would read gzip as rows, refuses this number.
_DECODING_SCHEMA = 2


class Snapshot(NamedTuple):
    contract: Contract
    layout: Layout


def save(store: ObjectStore, file_id: str, snapshot: Snapshot) -> str:
    """Write the snapshot under a key that contains its digest; return the key."""
    schema = _DECODING_SCHEMA if snapshot.layout.decoding else SCHEMA
    document = {"schema": schema, "contract": snapshot.contract.document, "layout": snapshot.layout.to_dict()}
    body = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    return store.write_addressed(functools.partial(keys.reading, file_id), body, "application/json").key


@functools.lru_cache(maxsize=8)
def load(store: ObjectStore, key: str) -> Snapshot:
    """Read the snapshot at *key*; cached, since a warm worker sees many chunks of one file.

    Raises InvalidInput when the content is not the one whose digest is in the key.
    """
    body = store.read(ObjectRef(store.bucket, key))
    if not keys.has_digest(key, hashlib.sha256(body).hexdigest()):
        raise InvalidInput(f"{key!r} is not what this stage wrote")
    document = json.loads(body)
    if document.get("schema") != _DECODING_SCHEMA:
        check_schema(document)
    contract = parse_contract(document["contract"], key)
    return Snapshot(contract, file_format(contract).layout(document["layout"]))
