"""Which files a stage has, most recent first: all of them, or the jobs of one dataset."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from ops.follow import was_left_in_incoming
from runtime.core.models import FILES_BY_DATASET, FILES_BY_STATUS, FileStatus
from runtime.steps.outcome import is_reserved

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Item = dict[str, Any]

#: How long after a file's end its move and its delivery may take before their absence is odd.
_SETTLING = timedelta(minutes=5)

#: What a person is told to look at; docs/operations.md and docs/runbook.md have them word for word.
STUCK = "stuck: its lease has expired and nothing is processing it"
UNMOVED = "its original was not moved out of incoming/"
UNDELIVERED = "its outcome was not delivered to the partner's queue"
MARKS = (STUCK, UNMOVED, UNDELIVERED)

_deserialize = TypeDeserializer().deserialize


def recent_files(
    client: DynamoDBClient, table: str, *, statuses: Collection[str] = FileStatus.ALL, dataset: str | None = None, limit: int
) -> list[Item]:
    """At most *limit* ``#file`` items in one of *statuses*, of *dataset* where given, newest first.

    The system's own probes are shown only when their dataset is asked for.
    """
    if dataset:
        jobs = _newest_first(client, table, FILES_BY_DATASET, "dataset", dataset, limit)
        return list(islice((item for item in jobs if item["file_status"] in statuses), limit))
    streams = [_newest_first(client, table, FILES_BY_STATUS, "file_status", status, limit) for status in statuses]
    merged = heapq.merge(*streams, key=lambda item: str(item["created_at"]), reverse=True)
    return list(islice((item for item in merged if not is_reserved(item)), limit))


def _newest_first(client: DynamoDBClient, table: str, index: str, attribute: str, value: str, page_size: int) -> Iterator[Item]:
    pages = client.get_paginator("query").paginate(
        TableName=table,
        IndexName=index,
        KeyConditionExpression=f"{attribute} = :value",
        ExpressionAttributeValues={":value": {"S": value}},
        ScanIndexForward=False,
        PaginationConfig={"PageSize": max(page_size, 10)},
    )
    for page in pages:
        for item in page["Items"]:
            yield {name: _deserialize(value) for name, value in item.items()}


def concern(file: Item, now: datetime) -> str | None:
    """Why a person should look at this file, or None. What is being done right now is no concern."""
    if file["file_status"] not in FileStatus.ENDED:
        expired = float(file.get("lease_expires_at", 0)) < now.timestamp()
        return STUCK if expired else None
    if now - datetime.fromisoformat(str(file["updated_at"]).replace("Z", "+00:00")) < _SETTLING:
        return None
    if was_left_in_incoming(file):
        return UNMOVED
    if not file.get("published_at") and not is_reserved(file):
        return UNDELIVERED
    return None
