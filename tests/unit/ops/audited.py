"""A file that the real steps processed, for the audit to look at; and ways to tamper with it behind its back."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from boto3.dynamodb.types import TypeSerializer

from runtime.aws.item_table import Item
from tests.support.transactions import csv, row
from tests.support.workflow import BUCKET, TABLE, Workflow

ROWS = 24
#: Row 7 of the file lacks fields, row 19 has an impossible date; line 12 is blank, and so no row.
BAD = {7: "one,two\n", 19: row(19, booking_date="2026-02-30")}


def good_and_bad() -> bytes:
    lines = [BAD.get(number, row(number)) for number in range(1, ROWS + 1)]
    return csv([*lines[:11], "\n", *lines[11:]])


class AuditedFile:
    def __init__(self, workflow: Workflow, event: dict[str, Any]) -> None:
        self.workflow, self.event = workflow, event
        self.id = workflow.id_of(event)

    @property
    def item(self) -> Item:
        return self.workflow.item(self.event)

    @property
    def chunks(self) -> list[Item]:
        return list(self.workflow.stage.tracking.chunks(self.id))

    @property
    def events(self) -> list[Item]:
        return list(self.workflow.stage.tracking.events(self.id))

    def alter(self, chunk_id: str, change: Callable[[Item], object]) -> None:
        """Change an item of the table by hand."""
        found = next(item for item in (self.item, *self.chunks, *self.events) if item["chunk_id"] == chunk_id)
        change(found)
        serialize = TypeSerializer().serialize
        self.workflow.dynamodb.put_item(TableName=TABLE, Item={name: serialize(_storable(value)) for name, value in found.items()})

    def overwrite(self, key: str, change: Callable[[bytes], bytes]) -> None:
        self.workflow.s3.put_object(Bucket=BUCKET, Key=key, Body=change(self.workflow.read(key)))

    def delete(self, key: str, version_id: str | None = None) -> None:
        version = {"VersionId": version_id} if version_id else {}
        self.workflow.s3.delete_object(Bucket=BUCKET, Key=key, **version)


def _storable(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    return {name: _storable(part) for name, part in value.items()} if isinstance(value, dict) else value


def flip_last_byte(body: bytes) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1])


def rewritten(body: bytes, change: Callable[[list[dict[str, Any]]], object] = lambda _: None) -> bytes:
    """The same table, changed, in other bytes: what another version of the writer would give."""
    table = pq.read_table(io.BytesIO(body))
    rows = table.to_pylist()
    change(rows)
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, table.schema), sink, compression="none")
    return sink.getvalue()
