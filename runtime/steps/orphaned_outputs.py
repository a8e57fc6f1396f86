"""SweepFiles, for objects: removes outputs that nothing refers to, once they are two days old (docs/adr/0002).

Killed workers, concurrent planners and restarted attempts leave such objects. A worker records a reference to an object within
minutes of writing it, so an object that is older than any execution and has no reference will not get one. Each deletion
names a version, so a version that is written meanwhile stays.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Callable, Iterator

from runtime.aws.item_table import Item
from runtime.aws.object_store import Arrived, ObjectStore
from runtime.aws.tracking import Tracking, iso
from runtime.core import keys
from runtime.core.errors import ObjectMissing
from runtime.core.models import FileStatus, ObjectRef

#: Minimum age of a version to remove: many times the longest execution.
MIN_AGE = timedelta(hours=48)
#: Time between the beginnings of two passes over a prefix.
PAUSE = timedelta(days=1)
AREAS = (keys.CURATED, keys.REJECTED, keys.STAGING)


@dataclass(frozen=True)
class OrphanedOutputs:
    """Finds and removes outputs that nothing refers to; *now* is the time from which ages are counted."""

    store: ObjectStore
    tracking: Tracking
    now: datetime

    def remove(self, seconds: float, clock: Callable[[], float]) -> list[Arrived]:
        """Remove orphaned outputs for *seconds*, plus at most a page of each prefix; return those removed.

        A bookmark for each prefix stores where the next run continues, and when the pass began.
        """
        until = clock() + seconds
        return [one for prefix in AREAS for one in self._pass_on(prefix, lambda: clock() < until)]

    def all(self) -> Iterator[Arrived]:
        """All orphaned outputs; removes nothing."""
        for prefix in AREAS:
            for objects, _ in self._pages(prefix, ""):
                yield from self._unnamed(objects)

    def _pass_on(self, prefix: str, go_on: Callable[[], bool]) -> Iterator[Arrived]:
        bookmark = f"leftovers of {prefix}"
        place = self.tracking.bookmark(bookmark) or {"begun": ""}
        if "key" not in place:
            if place["begun"] > iso(self.now - PAUSE):
                return
            place = {"begun": iso(self.now)}
        for objects, following in self._pages(prefix, place.get("key", "")):
            for one in self._unnamed(objects):
                self.store.delete(one.ref)
                yield one
            self.tracking.set_bookmark(bookmark, {"begun": place["begun"], **({"key": following} if following else {})})
            if not go_on():
                return

    def _pages(self, prefix: str, after: str) -> Iterator[tuple[list[Arrived], str]]:
        """Pages of objects, each with the key after which the next page begins; the key is empty after the last page.

        A page begins after a key, not after a version, since that version may have been deleted. If the versions of one key
        are on two pages, the next pass handles those on the second.
        """
        while True:
            page = next(self.store.versions(prefix, (after, "") if after else None))
            after = page.after[0] if page.after else ""
            yield page.objects, after
            if not after:
                return

    def _unnamed(self, objects: list[Arrived]) -> Iterator[Arrived]:
        old = [one for one in objects if one.modified <= self.now - MIN_AGE]
        for file_id, outputs in groupby(old, lambda one: keys.file_of_output(one.ref.key)):
            item = self.tracking.file(file_id) if file_id else None
            # A file in progress may still refer to its outputs, and a file that is not recorded in this table may be recorded elsewhere.
            if item is not None and item["file_status"] in FileStatus.ENDED:
                named = self._named(item)
                yield from (one for one in outputs if not _is_named(one.ref, named))

    def _named(self, item: Item) -> set[str]:
        """All strings in a file's items and in its commit manifest. Over-inclusive on purpose: a missing name would delete data."""
        named = {text for record in (item, *self.tracking.chunks(item["file_id"])) for text in _texts(record)}
        if item.get("dataset"):
            manifest = ObjectRef(self.store.bucket, keys.commit_manifest(item["dataset"], item["file_id"]))
            # Not parsed as JSON, so that the objects named in a damaged manifest are kept as well.
            with contextlib.suppress(ObjectMissing):
                named.update(re.findall(r'"([^"]*)"', self.store.read(manifest).decode("utf-8", "replace")))
        return named


def _is_named(ref: ObjectRef, named: set[str]) -> bool:
    """Whether *ref* is among the *named*. Planners write versions of a decoded text under one key; any other key has one content."""
    return ref.key in named and (not ref.key.endswith(keys.DECODED_NAME) or str(ref.version_id) in named)


def _texts(value: Any) -> Iterator[str]:
    """Every string in *value*, except those of superseded plans, whose objects are no longer needed."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            if name != "superseded":
                yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
