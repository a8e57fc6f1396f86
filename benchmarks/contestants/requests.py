"""The requests of a file to S3 and DynamoDB, counted on the real steps against an in-process S3 and DynamoDB."""

from __future__ import annotations

import json
from collections import Counter
from threading import Lock
from typing import Any, Dict, Mapping

from benchmarks.contestants.dataset import CHUNK_BYTES

Job = Dict[str, Any]
Answer = Dict[str, Any]

#: Chunks and the parts they are read in are this many times smaller than on AWS, so the number of requests stays the same.
SCALE = 1000
SCALED_CHUNK_BYTES = CHUNK_BYTES // SCALE
_WRITE_UNIT_BYTES, _READ_UNIT_BYTES = 1024, 4096
_WRITES = {"PutItem": 1, "UpdateItem": 1, "TransactWriteItems": 2}


def count(job: Job) -> Answer:
    """One file of a given number of chunks through every step: requests and table units by step, including reading in parts.
    Excludes the upload and the copy in many parts: here a file is one part.
    """
    import os
    from unittest import mock

    from moto import mock_aws

    from benchmarks import generate
    from runtime.aws import object_store
    from tests.support import workflow

    # The planner cuts a little before the allowed size.
    planned_bytes = SCALED_CHUNK_BYTES - SCALED_CHUNK_BYTES // 8
    truth = generate.Truth()
    # Enough bad rows that each small chunk has some, as a real chunk does.
    body = b"".join(generate.blocks(planned_bytes * job["chunks"] - planned_bytes // 2, 0.05, 0.005, 7, truth))
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {**{name: value for name, value in os.environ.items() if not name.startswith("AWS_")}, **credentials}
    meter = Meter()
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(object_store, "PART_BYTES", object_store.PART_BYTES // SCALE),
        mock_aws(),
    ):
        stage = workflow.Workflow(*workflow.make_store(), chunk_bytes=SCALED_CHUNK_BYTES)
        event = stage.upload("incoming/transactions/acme/file.csv", body)
        meter.attach(stage.s3, stage.dynamodb)
        with meter.steps(workflow):
            stage.run(event)
        item = stage.item(event)
    if item["file_status"] != "SUCCEEDED" or item["rows_read"] != truth.rows:
        raise RuntimeError(f"the counted file ended {item['file_status']} with {item.get('rows_read')} of {truth.rows} rows")
    return {"chunks": item["chunks"], "steps": {step: dict(sorted(counts.items())) for step, counts in meter.by_step.items()}}


class Meter:
    """Counts the requests of two clients by step; computes the table's units from the sizes of its items."""

    def __init__(self) -> None:
        self.by_step: dict[str, Counter[str]] = {}
        self._step = "RegisterFile"
        self._lock = Lock()
        self._dynamodb: Any = None

    def attach(self, s3: Any, dynamodb: Any) -> None:
        import boto3

        self._dynamodb = boto3.client("dynamodb")
        s3.meta.events.register("before-parameter-build.s3", self._s3)
        dynamodb.meta.events.register("before-parameter-build.dynamodb", lambda params, context, **_: context.update(asked=params))
        dynamodb.meta.events.register("after-call.dynamodb", self._table)

    def steps(self, module: Any) -> Any:
        """Patch ``call_step`` of tests.support.workflow to record the running step."""
        from unittest import mock

        original, names = module.call_step, {"process": "ProcessChunk"}

        def named(step: Any, *arguments: Any) -> Any:
            self._step = names.get(step.__name__, "".join(word.capitalize() for word in step.__name__.split("_")))
            return original(step, *arguments)

        return mock.patch.object(module, "call_step", named)

    def _add(self, **counts: int) -> None:
        with self._lock:
            self.by_step.setdefault(self._step, Counter()).update(counts)

    def _s3(self, model: Any, **_: Any) -> None:
        if model.name.startswith(("Put", "Copy", "List", "Create", "Upload", "Complete")):
            self._add(s3_writes=1)
        elif not model.name.startswith("Delete"):  # deletions are free
            self._add(s3_reads=1)
        else:
            self._add(s3_deletions=1)

    def _table(self, model: Any, parsed: Mapping[str, Any], context: Mapping[str, Any], **_: Any) -> None:
        asked = context["asked"]
        if model.name in _WRITES:
            writes = [next(iter(write.values())) for write in asked["TransactItems"]] if model.name == "TransactWriteItems" else [asked]
            items = [write["Item"] if "Item" in write else self._stored(write) for write in writes]
            units = sum(_units(item, _WRITE_UNIT_BYTES) * _WRITES[model.name] for item in items)
            # A change of status deletes and inserts the file's item in the index by status, and updates it in the index by dataset.
            indexed = sum((2 + ("dataset" in item)) * _units(item, _WRITE_UNIT_BYTES) for item in items if "file_status" in item)
            self._add(table_requests=len(items), table_writes=units + indexed)
        else:
            items = parsed["Items"] if "Items" in parsed else [parsed.get("Item", {})]
            self._add(table_requests=1, table_reads=2 * _units(items, _READ_UNIT_BYTES))  # consistent: two halves

    def _stored(self, write: Mapping[str, Any]) -> Mapping[str, Any]:
        item: Mapping[str, Any] = self._dynamodb.get_item(TableName=write["TableName"], Key=write["Key"])["Item"]
        return item


def _units(content: Any, unit_bytes: int) -> int:
    """Units of an item; its JSON is a little longer than the size that DynamoDB counts."""
    return max(1, -(-len(json.dumps(content)) // unit_bytes))
