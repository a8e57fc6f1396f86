"""How one file is to be read: the contract and layout fixed when it was validated, kept as one object.

The deployed contracts may change while a file is in progress; its reading does not.
"""

from __future__ import annotations

import functools
import hashlib
import json
from typing import NamedTuple

from runtime.aws.object_store import ObjectStore
from runtime.contracts.loader import parse_contract
from runtime.contracts.model import Contract
from runtime.core import keys
from runtime.core.errors import InvalidInput
from runtime.core.models import SCHEMA, ObjectRef, check_schema
from runtime.formats import Layout, file_format

#: Of a reading that asks for decoding. A version of the code that knows none would read gzip as rows; it refuses the number.
_DECODING_SCHEMA = 2


class Reading(NamedTuple):
    contract: Contract
    layout: Layout


def save(store: ObjectStore, file_id: str, reading: Reading) -> str:
    """Write the snapshot under a name made of its content; return its key."""
    schema = _DECODING_SCHEMA if reading.layout.decoding else SCHEMA
    document = {"schema": schema, "contract": reading.contract.document, "layout": reading.layout.to_dict()}
    body = json.dumps(document, ensure_ascii=False, sort_keys=True).encode()
    return store.write_addressed(functools.partial(keys.reading, file_id), body, "application/json").key


@functools.lru_cache(maxsize=8)
def load(store: ObjectStore, key: str) -> Reading:
    """Read the snapshot at *key*; cached, since a warm worker sees many chunks of one file.

    Raises InvalidInput when it is not what was written there: the key tells its digest.
    """
    body = store.read(ObjectRef(store.bucket, key))
    if not keys.has_digest(key, hashlib.sha256(body).hexdigest()):
        raise InvalidInput(f"{key!r} is not what this stage wrote")
    document = json.loads(body)
    if document.get("schema") != _DECODING_SCHEMA:
        check_schema(document)
    contract = parse_contract(document["contract"], key)
    return Reading(contract, file_format(contract).layout(document["layout"]))
