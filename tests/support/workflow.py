"""The state machine's road, walked in this process: the real steps against a store with a real S3 and DynamoDB API.

It is what Step Functions does with etl/workflow.py's definition, without the waiting: three retries of
transient errors and deployment faults, every other error to RecordFailure. The e2e tests run the definition itself.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import Any, Callable, Generator, Tuple

import boto3
from botocore.config import Config

from runtime.aws.object_store import ObjectStore
from runtime.aws.tracking import Tracking
from runtime.core.errors import DeploymentFault, LedgerlineError, Throttled, TransientError
from runtime.core.models import (
    EXECUTION_ENDED,
    FILES_BY_DATASET,
    FILES_BY_STATUS,
    REDRIVE_REQUESTED,
    Arrival,
    ChunkTask,
    FileTask,
    Redrive,
    file_id,
)
from runtime.core.settings import Settings
from runtime.steps.fail import record_failure
from runtime.steps.finalize import finalize_file
from runtime.steps.plan import plan_chunks
from runtime.steps.process import process
from runtime.steps.redrive import redrive_file
from runtime.steps.register import register_file
from runtime.steps.stage import Stage
from runtime.steps.validate import validate_file
from tests.support import item_sizes

BUCKET = "etl-data-123456789012-us-east-1-test"
TABLE = "etl-tracking-test"
SETTINGS = Settings("test", "test", BUCKET, TABLE, 3600, "/etl/test/chunk-bytes")

Road = Generator[Tuple[Any, ...], Any, "dict[str, Any]"]


class WorkerLost(Exception):
    """A function's process died, or Step Functions lost touch with it: ``Runtime.ExitError`` and its like, which are retried."""


def make_clients() -> tuple[Any, Any]:
    # moto gives an object of parts, read as a whole, a checksum that is not the one of its bytes; S3 marks it as one of parts.
    unchecked = Config(response_checksum_validation="when_required")
    return boto3.client("s3", region_name="us-east-1", config=unchecked), boto3.client("dynamodb", region_name="us-east-1")


def make_store(clients: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    """The bucket and the table as the stage's template makes them; returns the two clients."""
    s3, dynamodb = clients or make_clients()
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    make_table(dynamodb)
    return s3, dynamodb


def make_table(dynamodb: Any) -> None:
    item_sizes.hold()
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "file_id", "KeyType": "HASH"}, {"AttributeName": "chunk_id", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("file_id", "chunk_id", "file_status", "dataset", "created_at")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index,
                "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}, {"AttributeName": "created_at", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, attribute in ((FILES_BY_STATUS, "file_status"), (FILES_BY_DATASET, "dataset"))
        ],
    )


@dataclass
class Workflow:
    """One stage in this process. ``chunk_bytes`` is small, so that small files have many chunks."""

    s3: Any
    dynamodb: Any
    chunk_bytes: int = 1000
    executions: int = 0
    stage: Stage = field(init=False)

    def __post_init__(self) -> None:
        self.stage = Stage(SETTINGS, ObjectStore(self.s3, BUCKET), Tracking(self.dynamodb, TABLE))

    def upload(self, key: str, body: bytes, **more: Any) -> dict[str, Any]:
        """Put an object; return the event that S3 sends for it."""
        put = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)
        return {
            "detail-type": "Object Created",
            "source": "aws.s3",
            "time": "2026-11-20T13:00:00Z",
            "detail": {
                "bucket": {"name": BUCKET},
                "object": {"key": key, "size": len(body), "etag": put["ETag"].strip('"'), "version-id": put["VersionId"]},
                "requester": "111122223333",
                "source-ip-address": "192.0.2.1",
            },
        }

    def id_of(self, event: dict[str, Any]) -> str:
        stored = event["detail"]["object"]
        return file_id(SETTINGS.source_name, stored["key"], stored["version-id"])

    def run(self, event: dict[str, Any]) -> dict[str, Any]:
        """One execution from its event to its end; returns the last state's output."""
        return drive(self.road(event, self.next_execution()), lambda call: retried(*call))

    def next_execution(self) -> str:
        self.executions += 1
        return f"arn:aws:states:us-east-1:123456789012:execution:etl-workflow-test:{self.executions}"

    def road(self, event: dict[str, Any], execution: str) -> Road:
        """One execution, task by task: yields a step with its arguments, is sent the answer or thrown the error that no retry mended.

        Whoever drives it decides how a step is called, so that workers can die. Returns the last state's output.
        """
        if event["detail-type"] == EXECUTION_ENDED:
            return (yield record_failure, event, execution, self.stage)
        state: dict[str, Any] = event
        try:
            if event["detail-type"] == REDRIVE_REQUESTED:
                state = yield redrive_file, Redrive.from_event(event), execution, self.stage
            else:
                state = yield register_file, Arrival.from_event(event), execution, self.stage
            if state["decision"] != "PROCESS":
                return state
            state = yield validate_file, FileTask.from_event(state), self.stage, lambda: self.chunk_bytes
            while True:
                state = yield plan_chunks, FileTask.from_event(state), state.get("exact_from"), self.stage
                for item in self.manifest(state):
                    yield process, ChunkTask.from_dict(json.loads(json.dumps(item))), self.stage
                state = yield finalize_file, FileTask.from_event(state), self.stage
                if state["decision"] == "PROVED":
                    return state
        except (LedgerlineError, WorkerLost) as error:
            return (yield record_failure, {**state, "error": lambda_error(error)}, execution, self.stage)

    def manifest(self, state: dict[str, Any]) -> list[dict[str, Any]]:
        if not state["chunks"]:
            return []
        return list(json.loads(self.s3.get_object(Bucket=state["manifest"]["bucket"], Key=state["manifest"]["key"])["Body"].read()))

    def item(self, event: dict[str, Any]) -> dict[str, Any]:
        item = self.stage.tracking.file(self.id_of(event))
        assert item is not None
        return item

    def keys(self, prefix: str) -> list[str]:
        """Keys of current objects, not of deleted ones."""
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def read_json(self, key: str) -> Any:
        return json.loads(self.read(key))


def drive(road: Road, invoke: Callable[[tuple[Any, ...]], Any]) -> dict[str, Any]:
    """Walk *road* to its end; *invoke* calls a step, with all its retries."""

    def answered(call: tuple[Any, ...]) -> tuple[Any, ...]:
        try:
            answer = invoke(call)
        except (LedgerlineError, WorkerLost) as error:
            return road.throw(error)
        return road.send(answer)

    try:
        call = next(road)
        while True:
            call = answered(call)
    except StopIteration as end:
        return dict(end.value)


def retried(step: Callable[..., Any], *arguments: Any) -> Any:
    """Call *step* as a Task with the workflow's retriers is called, without their waits: three retries of what is not permanent.

    What is throttled begins anew as often as it takes.
    """
    for _ in range(3):
        with contextlib.suppress(TransientError, DeploymentFault):
            return step(*arguments)
    try:
        return step(*arguments)
    except Throttled:
        return retried(step, *arguments)


def lambda_error(error: Exception) -> dict[str, str]:
    """An exception as Step Functions hands it to a Catch."""
    name = "Runtime.ExitError" if isinstance(error, WorkerLost) else type(error).__name__
    return {"Error": name, "Cause": json.dumps({"errorMessage": str(error), "errorType": name})}
