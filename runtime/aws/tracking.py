"""The tracking table: one item for each file, each chunk and each event.

Every change of a file's status goes through :meth:`Tracking.transition`: one transaction that changes
the ``#file`` item, on condition that it is unchanged since it was read, and writes the event of the
change (docs/commit-protocol.md).
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Callable, Collection, Iterable, Iterator, Mapping, NamedTuple, Sequence

from runtime.aws.item_table import Item, ItemTable, put
from runtime.core.errors import OwnershipLost, TrackingUnavailable
from runtime.core.models import BOOKMARKS, EVENT_PREFIX, FILE_ITEM, FILES_BY_STATUS, OWED, SCHEMA, ChunkStatus, ChunkTask, FileTask

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def iso(moment: datetime) -> str:
    """``2026-11-20T13:00:00.000Z``: sorts as text."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Transition(NamedTuple):
    """The file's item after a transition. ``made``: this call made the transition; otherwise an earlier one did."""

    item: Item
    made: bool


#: Condition: the item does not exist.
_NEW = "attribute_not_exists(file_id)"

#: Keys of sparse indexes. An index leaves out items that lack its key; DynamoDB refuses null as a key.
_INDEXED = ("dataset",)


def _indexable(item: Mapping[str, Any]) -> Item:
    """A file's item without index keys that are null: versions before the index wrote null for what was not known yet."""
    return {name: value for name, value in item.items() if value is not None or name not in _INDEXED}


#: Errors of a chunk that its item keeps, and their maximum lengths, so that the item stays below DynamoDB's 400 KB.
_FIRST_ERRORS = _LAST_ERRORS = 10
_TYPE_CHARACTERS, _MESSAGE_CHARACTERS = 200, 1000
#: Maximum size of the records of earlier plans in a chunk's item, as JSON.
_SUPERSEDED_BYTES = 150 * 1024


def superseded(chunk: Item) -> list[Item]:
    """The records of this plan and of earlier plans in a chunk's item, oldest first, for the item of the next plan.

    A file may be planned again any number of times, but an item's size is limited, so the oldest records are dropped.
    """
    kept = {name: value for name, value in chunk.items() if name not in ("file_id", "chunk_id", "schema", "superseded")}
    plans = [*chunk.get("superseded", []), kept]
    while len(plans) > 1 and len(json.dumps(plans, ensure_ascii=False).encode()) > _SUPERSEDED_BYTES:
        plans = plans[1:]
    return plans


class Tracking:
    """*now* is a parameter so that tests can set the time."""

    def __init__(self, client: DynamoDBClient, table: str, now: Callable[[], datetime] = utc_now) -> None:
        self._table, self._now = ItemTable(client, table), now

    # Files

    def file(self, file_id: str) -> Item | None:
        return self._table.get(_key(file_id, FILE_ITEM))

    def known(self, file_ids: Sequence[str]) -> set[str]:
        """Those of at most 100 files that are recorded."""
        return {item["file_id"] for item in self._table.get_all([_key(file_id, FILE_ITEM) for file_id in file_ids], "file_id")}

    def files(self, status: str) -> Iterator[Item]:
        """Files with one status, oldest first, page by page; the index may be seconds behind."""
        yield from self._table.query("file_status = :status", {":status": status}, index=FILES_BY_STATUS)

    def owed(self) -> Iterator[Item]:
        """Pending-work notes: ``chunk_id`` is the file's id, ``at`` the time at which it ended."""
        yield from self._query(OWED, "chunk_id > :low", {":low": "0"})

    def settle(self, note: Mapping[str, Any]) -> None:
        """Delete a note, unless its file has ended once more since."""
        self._table.delete(_key(OWED, note["chunk_id"]), condition="#at = :at", names={"#at": "at"}, values={":at": note["at"]})

    def bookmark(self, name: str) -> Item | None:
        """The position at which the work called *name* continues; None at its beginning."""
        return (self._table.get(_key(BOOKMARKS, name)) or {}).get("place")

    def set_bookmark(self, name: str, place: Mapping[str, Any] | None) -> None:
        self._table.put({**_key(BOOKMARKS, name), "schema": SCHEMA, "at": iso(self._now()), "place": place})

    def register(self, file_id: str, attributes: Mapping[str, Any], *, status: str, execution: str, lease_seconds: int) -> Item | None:
        """Create the file's item and its first event; None if the item exists."""
        moment = self._now()
        item = {
            **_indexable(attributes),
            "file_id": file_id,
            "chunk_id": FILE_ITEM,
            "schema": SCHEMA,
            "file_status": status,
            "created_at": iso(moment),
            "updated_at": iso(moment),
            "revision": 1,
            "attempt": 1,
            "execution": execution,
            "lease_expires_at": int(moment.timestamp()) + lease_seconds,
        }
        return item if self._table.transact([put(item, condition=_NEW), _event(item, None, {})]) else None

    def transition(
        self,
        task: FileTask,
        to_status: str,
        from_statuses: Sequence[str],
        attributes: Mapping[str, Any] | None = None,
        detail: Mapping[str, Any] | None = None,
        *,
        expecting: Mapping[str, Any] | None = None,
        without: Collection[str] = (),
        owing: bool = False,
    ) -> Transition:
        """Change the file's status to *to_status*, unless this attempt has already done so.

        *expecting* are attributes as the caller read them; if one differs, another worker made the transition.
        *without* are attributes to remove. *owing* also writes a pending-work note, which stays until :meth:`settle`
        deletes it: the file's outcome has to be published.

        Raises OwnershipLost if another attempt owns the file, or if its status is not in *from_statuses*.
        """
        for _ in range(5):
            item = self.file(task.file_id)
            if item is None:
                raise OwnershipLost(task.file_id, task.attempt, "not registered")
            if item["attempt"] != task.attempt:
                raise OwnershipLost(task.file_id, task.attempt, f"attempt {item['attempt']} in state {item['file_status']}")
            if item["file_status"] == to_status and to_status not in from_statuses:
                return Transition(item, made=False)
            if any(item.get(name) != value for name, value in (expecting or {}).items()):
                return Transition(item, made=False)
            if item["file_status"] not in from_statuses:
                raise OwnershipLost(task.file_id, task.attempt, item["file_status"])
            changed = {
                **_indexable({**{name: value for name, value in item.items() if name not in without}, **(attributes or {})}),
                "file_status": to_status,
                "updated_at": iso(self._now()),
                "revision": item["revision"] + 1,
            }
            unchanged = {":revision": item["revision"], ":attempt": task.attempt}
            writes = [
                put(changed, condition="revision = :revision AND attempt = :attempt", values=unchanged),
                _event(changed, item["file_status"], detail or {}),
                *([_owed(changed)] if owing else []),
            ]
            if self._table.transact(writes):
                return Transition(changed, made=True)
        raise TrackingUnavailable("TransactWriteItems", "the item kept changing")

    def reopen(
        self,
        ended: FileTask,
        to_status: str,
        from_statuses: Sequence[str],
        attributes: Mapping[str, Any],
        detail: Mapping[str, Any],
        *,
        execution: str,
        lease_seconds: int,
        without: Collection[str],
    ) -> Item:
        """Start the next attempt, owned by *execution*, of a file whose attempt *ended* has ended.

        Raises OwnershipLost if another attempt owns the file, or if its status is not in *from_statuses*.
        """
        moment = self._now()
        owned = {
            "attempt": ended.attempt + 1,
            "execution": execution,
            "lease_expires_at": int(moment.timestamp()) + lease_seconds,
            "reopened_at": iso(moment),
        }
        return self.transition(ended, to_status, from_statuses, {**attributes, **owned}, detail, without=without).item

    # Chunks

    def plan_chunks(self, chunks: Iterable[ChunkTask]) -> None:
        """Create an item for each chunk of a plan, unless this plan or a later one has created it.

        The new item keeps the records of the older plans' chunk, within the limit of their size.
        """
        planned = list(chunks)
        replanned = {chunk.file_id for chunk in planned if chunk.plan > 1}
        recorded = {(item["file_id"], item["chunk_id"]): item for file_id in replanned for item in self.chunks(file_id)}
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda chunk: self._plan_chunk(chunk, recorded.get((chunk.file_id, chunk.chunk_id))), planned))

    def _plan_chunk(self, chunk: ChunkTask, recorded: Item | None) -> None:
        item = {
            "file_id": chunk.file_id,
            "chunk_id": chunk.chunk_id,
            "schema": SCHEMA,
            "status": ChunkStatus.PENDING,
            "plan": chunk.plan,
            "start": chunk.start,
            "end": chunk.end,
            "attempts": 0,
            "errors": [],
            **({"superseded": superseded(recorded)} if recorded else {}),
        }
        older = "attribute_not_exists(file_id) OR #plan < :plan"
        self._table.put(item, condition=older, names={"#plan": "plan"}, values={":plan": chunk.plan})

    def start_chunk(self, chunk: ChunkTask) -> bool:
        """Count an attempt; False if the chunk is finished or belongs to another plan."""
        return self._update_chunk(
            chunk,
            "SET #status = :status, started_at = :now ADD attempts :one",
            {":status": ChunkStatus.RUNNING, ":now": iso(self._now()), ":one": 1},
        )

    def finish_chunk(self, chunk: ChunkTask, status: str, results: Mapping[str, Any]) -> bool:
        """Record a chunk's results; False if another worker finished it first, whose outputs are then valid."""
        values = {**results, "status": status, "finished_at": iso(self._now())}
        names = {f"#a{index}": name for index, name in enumerate(values)}
        sets = ", ".join(f"{alias} = :v{index}" for index, alias in enumerate(names))
        return self._update_chunk(chunk, f"SET {sets}", {f":v{index}": value for index, value in enumerate(values.values())}, names)

    def fail_chunk(self, chunk: ChunkTask, error_type: str, message: str) -> bool:
        """Add an error to the chunk's list; the chunk can still be retried.

        Throttling may last for hours, and an item's size is limited: the first and last errors are kept, and all are counted.
        """
        error = {"at": iso(self._now()), "type": error_type[:_TYPE_CHARACTERS], "message": message[:_MESSAGE_CHARACTERS]}
        for _ in range(5):
            item = self._table.get(_key(chunk.file_id, chunk.chunk_id))
            if item is None or item["status"] in (ChunkStatus.DONE, ChunkStatus.MISALIGNED):
                return False
            errors, seen = [*item["errors"], error], item.get("errors_counted")
            values = {
                ":status": ChunkStatus.FAILED,
                ":errors": [*errors[:_FIRST_ERRORS], *errors[_FIRST_ERRORS:][-_LAST_ERRORS:]],
                ":count": len(errors) if seen is None else seen + 1,
                **({} if seen is None else {":seen": seen}),
            }
            # The count detects that another worker of the chunk wrote in between.
            unchanged = "attribute_not_exists(errors_counted)" if seen is None else "errors_counted = :seen"
            expression = "SET #status = :status, #errors = :errors, errors_counted = :count"
            if self._update_chunk(chunk, expression, values, {"#errors": "errors"}, unchanged):
                return True
            if item["plan"] != chunk.plan:
                return False
        raise TrackingUnavailable("UpdateItem", "the chunk's errors kept changing")

    def _update_chunk(
        self, chunk: ChunkTask, expression: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None, more: str = ""
    ) -> bool:
        # The range as well: the recorded bytes must be those that were planned.
        condition = "#plan = :plan AND #start = :start AND #end = :end AND NOT #status IN (:done, :misaligned)"
        condition += f" AND {more}" if more else ""
        guard: dict[str, Any] = {":plan": chunk.plan, ":start": chunk.start, ":end": chunk.end}
        guard.update({":done": ChunkStatus.DONE, ":misaligned": ChunkStatus.MISALIGNED})
        used = {"#status": "status", "#plan": "plan", "#start": "start", "#end": "end", **(names or {})}
        return self._table.update(
            _key(chunk.file_id, chunk.chunk_id), expression, condition=condition, names=used, values={**values, **guard}
        )

    def chunks(self, file_id: str) -> Iterator[Item]:
        """The chunk items in file order, page by page."""
        # Digits sort between '#' and ':', so this range contains exactly the chunks.
        yield from self._query(file_id, "chunk_id BETWEEN :low AND :high", {":low": "0", ":high": ":"})

    def planned_chunks(self, file: Mapping[str, Any]) -> list[Item]:
        """The chunk items of the file's current plan, in file order; empty if the file has no plan.

        An exact plan from a byte offset keeps its predecessor's chunks before that offset. Other items of older plans
        stay until they are replaced; those beyond the last chunk stay for good.
        """
        if "chunks" not in file:
            return []
        exact_from = file.get("exact_from") or 0

        def planned(chunk: Item) -> bool:
            kept: bool = chunk["plan"] == file["plan"] - 1 and chunk["end"] <= exact_from
            return int(chunk["chunk_id"]) < file["chunks"] and (kept or chunk["plan"] == file["plan"])

        return list(filter(planned, self.chunks(file["file_id"])))

    def events(self, file_id: str) -> Iterator[Item]:
        yield from self._query(file_id, "begins_with(chunk_id, :low)", {":low": EVENT_PREFIX})

    def _query(self, file_id: str, range_condition: str, values: Mapping[str, str]) -> Iterator[Item]:
        yield from self._table.query(f"file_id = :file AND {range_condition}", {":file": file_id, **values})


def _key(file_id: str, chunk_id: str) -> Item:
    return {"file_id": file_id, "chunk_id": chunk_id}


def _event(item: Item, from_status: str | None, detail: Mapping[str, Any]) -> dict[str, Any]:
    """The write of the event for the transition that led to *item*."""
    event = {
        "file_id": item["file_id"],
        "chunk_id": f"{EVENT_PREFIX}{item['updated_at']}#{item['revision']}",
        "schema": SCHEMA,
        "at": item["updated_at"],
        "from_status": from_status,
        "to_status": item["file_status"],
        "attempt": item["attempt"],
        "execution": item["execution"],
        "detail": dict(detail),
    }
    return put(event, condition=_NEW)


def _owed(item: Item) -> dict[str, Any]:
    """The write of the pending-work note for *item*, which has ended."""
    return put({"file_id": OWED, "chunk_id": item["file_id"], "schema": SCHEMA, "at": item["updated_at"]})
