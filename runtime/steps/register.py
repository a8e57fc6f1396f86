"""RegisterFile: registers an object version as a file, once."""

from __future__ import annotations

from typing import Any

from runtime.aws.item_table import Item
from runtime.aws.object_store import StoredObject
from runtime.core import keys
from runtime.core.errors import InvalidInput, InvalidKey, ObjectMissing, TrackingUnavailable
from runtime.core.keys import IncomingKey
from runtime.core.models import Arrival, FileStatus, FileTask, ObjectRef, file_id
from runtime.steps.stage import Stage

PROCESS = "PROCESS"
NOTHING = "NOTHING"


def register_file(arrival: Arrival, execution: str, stage: Stage) -> dict[str, Any]:
    """Create the file's item; answer PROCESS to its owner and NOTHING to duplicates and folders.

    Raises InvalidKey, or ObjectMissing for a deleted version, after the file is recorded.
    """
    original = arrival.original
    if keys.is_folder(original.key, arrival.size):
        return {"decision": NOTHING}
    identity = identify(original, stage)
    item = stage.tracking.file(identity) or _record(arrival, execution, stage)
    if item["execution"] != execution or item["file_status"] not in FileStatus.OPEN:
        return {"decision": NOTHING, "file_id": identity}
    keys.parse_incoming(original.key)
    return FileTask(identity, item["attempt"], execution).to_dict(decision=PROCESS)


def _record(arrival: Arrival, execution: str, stage: Stage) -> Item:
    try:
        stored: StoredObject | None = stage.store.head(arrival.original)
    except ObjectMissing:
        stored = None
    item = record_arrival(arrival, execution, stage, stored=stored)
    if stored is None:
        raise ObjectMissing(arrival.original.key, arrival.original.version_id)
    return item


def identify(original: ObjectRef, stage: Stage) -> str:
    """The file's id; raise InvalidInput for an object that is not an arrival of this stage."""
    if original.bucket != stage.settings.data_bucket:
        raise InvalidInput(f"bucket {original.bucket!r} is not this stage's")
    if not original.key.startswith(keys.INCOMING):
        raise InvalidInput(f"key {original.key!r} is not under {keys.INCOMING}")
    # "null" is the version id of objects that were put while versioning was off; it does not identify one of them.
    if original.version_id in (None, "", "null"):
        raise InvalidInput(f"the event for {original.key!r} names no version; is versioning of {original.bucket} on?")
    return file_id(stage.settings.source_name, original.key, str(original.version_id))


def record_arrival(
    arrival: Arrival, execution: str, stage: Stage, *, stored: StoredObject | None = None, status: str = FileStatus.REGISTERED
) -> Item:
    """Record the arrival, unless it is recorded already; return the file's item."""
    original = arrival.original
    identity = identify(original, stage)
    named = named_by(original.key)
    attributes = {
        **original.to_dict(),
        "location": original.to_dict(),
        "source_name": stage.settings.source_name,
        "dataset": named.dataset,
        "partner": named.partner,
        "name": named.name,
        "size": stored.size if stored else arrival.size,
        "etag": stored.etag if stored else arrival.etag,
        "checksum": stored.checksum if stored else "",
        "event_time": arrival.event_time,
        "requester": arrival.requester,
        "source_ip": arrival.source_ip,
    }
    made = stage.tracking.register(identity, attributes, status=status, execution=execution, lease_seconds=stage.settings.lease_seconds)
    item = made or stage.tracking.file(identity)
    if item is None:
        raise TrackingUnavailable("GetItem", "the item that kept this one from being written is not there")
    return item


def named_by(key: str) -> IncomingKey:
    """Dataset, partner and name in *key*; only the name if the key is invalid."""
    try:
        return keys.parse_incoming(key)
    except InvalidKey:
        return IncomingKey(None, keys.NO_PARTNER, key.rpartition("/")[2])
