"""What the end-to-end tests do to a deployed stage: upload a file, wait for its end, read what came of it."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from runtime.core.models import FileStatus, file_id
from tests.e2e.deployed import DeployedStage

#: A wait that reaches it has failed; nothing is slowed down by it.
DEADLINE_SECONDS = 90
_POLL_SECONDS = 0.1


@dataclass
class StageFiles:
    stage: DeployedStage

    def __post_init__(self) -> None:
        self.s3 = self.stage.client("s3")
        self.states = self.stage.client("stepfunctions")
        self.table = self.stage.client("dynamodb")
        self.sqs = self.stage.client("sqs")

    def upload(self, key: str, body: bytes) -> str:
        """Put an object under ``incoming/``; return the id that its file will have."""
        put = self.s3.put_object(Bucket=self.stage.bucket, Key=key, Body=body)
        return file_id(self.stage.outputs["SourceName"], key, put["VersionId"])

    def send(self, key: str, body: bytes) -> dict[str, Any]:
        """Upload a file and wait for its end; return its item."""
        return self.ended(self.upload(key, body))

    def item(self, identity: str) -> dict[str, Any] | None:
        key = {"file_id": {"S": identity}, "chunk_id": {"S": "#file"}}
        stored = self.table.get_item(TableName=self.stage.table, Key=key, ConsistentRead=True).get("Item")
        return plain(stored) if stored else None

    def chunks(self, identity: str) -> list[dict[str, Any]]:
        answer = self.table.query(
            TableName=self.stage.table,
            KeyConditionExpression="file_id = :file AND chunk_id BETWEEN :low AND :high",
            ExpressionAttributeValues={":file": {"S": identity}, ":low": {"S": "0"}, ":high": {"S": ":"}},
        )
        return [plain(item) for item in answer["Items"]]

    def ended(self, identity: str, deadline_seconds: float = DEADLINE_SECONDS) -> dict[str, Any]:
        """The item of a file once it has ended, its original has moved and its executions are over."""

        def done() -> dict[str, Any] | None:
            item = self.item(identity)
            over = item and item["file_status"] in FileStatus.ENDED and not item["location"]["key"].startswith("incoming/")
            return item if over and not self.running() else None

        wait_until(done, f"file {identity} to end", deadline_seconds)
        item = self.item(identity)
        assert item is not None
        return item

    def running(self) -> list[str]:
        answer = self.states.list_executions(stateMachineArn=self.stage.state_machine, statusFilter="RUNNING")
        return [execution["executionArn"] for execution in answer["executions"]]

    def keys(self, prefix: str) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.stage.bucket, Prefix=prefix).get("Contents", [])]

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.stage.bucket, Key=key)["Body"].read())

    def accepted(self, item: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows that a reader of the commit manifest sees."""
        manifest = json.loads(self.read(item["commit_manifest"]))
        return [row for entry in manifest["objects"] for row in pq.read_table(io.BytesIO(self.read(entry["key"]))).to_pylist()]

    def rejected(self, item: dict[str, Any]) -> dict[int, list[dict[str, Any]]]:
        """The errors of each rejected row, by its number in the file from 1."""
        if not item.get("reject_report"):
            return {}
        errors = {}
        for entry in json.loads(self.read(item["reject_report"]))["objects"]:
            for line in self.read(entry["key"]).splitlines():
                reject = json.loads(line)
                errors[entry["first_row"] + reject["row"]] = reject["errors"]
        return errors

    def outcomes(self) -> list[dict[str, Any]]:
        """Take every message off the results queue."""
        taken = []
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.stage.results_queue, MaxNumberOfMessages=10, AttributeNames=["All"])
            if not answer.get("Messages"):
                return taken
            for message in answer["Messages"]:
                taken.append({**json.loads(message["Body"]), "group": message["Attributes"]["MessageGroupId"]})
                self.sqs.delete_message(QueueUrl=self.stage.results_queue, ReceiptHandle=message["ReceiptHandle"])


def wait_until(done: Any, what: str, deadline_seconds: float = DEADLINE_SECONDS) -> Any:
    deadline = time.monotonic() + deadline_seconds
    while time.monotonic() < deadline:
        answer = done()
        if answer:
            return answer
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"waited {deadline_seconds} s for {what}")


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """A DynamoDB item in Python's own types."""
    return {name: _value(value) for name, value in item.items()}


def _value(typed: dict[str, Any]) -> Any:
    kind, value = next(iter(typed.items()))
    if kind == "N":
        return float(value) if "." in value else int(value)
    if kind == "M":
        return plain(value)
    if kind == "L":
        return [_value(part) for part in value]
    return None if kind == "NULL" else value
