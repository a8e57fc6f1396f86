"""The stage's settings, bucket and table, which every step uses. Created once in each process."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Mapping

from runtime.aws import item_table, object_store
from runtime.aws.item_table import Item
from runtime.aws.object_store import ObjectStore
from runtime.aws.tracking import Tracking
from runtime.contracts.model import Contract
from runtime.core.errors import OwnershipLost
from runtime.core.models import FileTask, ObjectRef
from runtime.core.settings import Settings
from runtime.formats.registry import load_contracts


@dataclass(frozen=True)
class Stage:
    settings: Settings
    store: ObjectStore
    tracking: Tracking

    @functools.cached_property
    def contracts(self) -> Mapping[str, Contract]:
        """The deployed contracts by dataset; loaded on first use, since only validation needs them."""
        return load_contracts()

    def owned(self, task: FileTask) -> Item:
        """The file's item; raise OwnershipLost unless the task's attempt still owns the file."""
        item = self.tracking.file(task.file_id)
        if item is None:
            raise OwnershipLost(task.file_id, task.attempt, "not registered")
        if item["attempt"] != task.attempt:
            raise OwnershipLost(task.file_id, task.attempt, f"attempt {item['attempt']} in state {item['file_status']}")
        return item


@functools.lru_cache(maxsize=1)
def current_stage() -> Stage:
    """The stage that this function belongs to, from its environment."""
    settings = Settings.from_environment()
    return Stage(
        settings,
        ObjectStore(object_store.make_client(), settings.data_bucket),
        Tracking(item_table.make_client(), settings.tracking_table),
    )


def original_of(item: Item) -> ObjectRef:
    """The current location of the file's original."""
    return ObjectRef.from_dict(item["location"])


def text_of(item: Item) -> tuple[ObjectRef, int]:
    """The text to which all offsets of the file refer, and its size: the decoded text, or else the original."""
    decoded = item.get("decoded")
    if decoded is None:
        return original_of(item), item["size"]
    return ObjectRef(item["bucket"], decoded["key"], decoded["version_id"]), decoded["size"]
