"""SweepFiles, for objects: an output that nothing names is no data, and is removed two days later (docs/adr/0002).

Workers that died, planners that came second and attempts that were begun anew leave such objects. What is recorded
was written by who records it, minutes before; so a version that is older than any function lives, and that
nothing names, will not be named by anybody. Only versions are deleted, so one that is written meanwhile stays.
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

#: How old a version must be: many times as old as an execution gets.
MIN_AGE = timedelta(hours=48)
#: From the beginning of one pass over a prefix to that of the next.
PAUSE = timedelta(days=1)
AREAS = (keys.CURATED, keys.REJECTED, keys.STAGING)


@dataclass(frozen=True)
class OrphanedOutputs:
    """*now* is the moment that ages are counted from."""

    store: ObjectStore
    tracking: Tracking
    now: datetime

    def remove(self, seconds: float, clock: Callable[[], float]) -> list[Arrived]:
        """Remove what there is within *seconds*, give or take a page of each prefix; return what was removed.

        A bookmark for each prefix says where the next run goes on, and when a pass is over, when the next begins.
        """
        until = clock() + seconds
        return [one for prefix in AREAS for one in self._pass_on(prefix, lambda: clock() < until)]

    def all(self) -> Iterator[Arrived]:
        """All there is, without doing anything about it."""
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
        """Page by page, each with the key after which the next begins, or an empty one.

        By keys alone, since the version where a page ended may be gone: where one key's versions are on two pages,
        those on the second wait for the next pass.
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
            # Of a file in progress it is not settled what counts; and a file that is not on record may be on record elsewhere.
            if item is not None and item["file_status"] in FileStatus.ENDED:
                named = self._named(item)
                yield from (one for one in outputs if not _is_named(one.ref, named))

    def _named(self, item: Item) -> set[str]:
        """All texts in a file's items, and in its commit manifest. Over-inclusive on purpose: a missing name would delete data."""
        named = {text for record in (item, *self.tracking.chunks(item["file_id"])) for text in _texts(record)}
        if item.get("dataset"):
            manifest = ObjectRef(self.store.bucket, keys.commit_manifest(item["dataset"], item["file_id"]))
            # Not read as JSON: what a damaged one names is kept as well.
            with contextlib.suppress(ObjectMissing):
                named.update(re.findall(r'"([^"]*)"', self.store.read(manifest).decode("utf-8", "replace")))
        return named


def _is_named(ref: ObjectRef, named: set[str]) -> bool:
    """Of decoded texts each planner writes a version under one key; everywhere else one key has one content."""
    return ref.key in named and (not ref.key.endswith(keys.DECODED_NAME) or str(ref.version_id) in named)


def _texts(value: Any) -> Iterator[str]:
    """Every text in *value*, except those of superseded plans, which are history."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            if name != "superseded":
                yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
