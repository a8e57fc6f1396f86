"""A stage without its functions: bucket and table on moto, and files brought to any state by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import boto3

from runtime.aws.tracking import Tracking
from runtime.core import keys
from runtime.core.models import ChunkStatus, ChunkTask, FileStatus, FileTask, ObjectRef, chunk_id, file_id
from tests.support.workflow import make_table

BUCKET = "etl-data-123456789012-us-east-1-test"
TABLE = "etl-tracking-test"
SOURCE_NAME = "test"
OUTPUTS = {
    "Stage": "test",
    "SourceName": SOURCE_NAME,
    "DataBucketName": BUCKET,
    "TrackingTableName": TABLE,
    "FunctionNames": "etl-register-file-test,etl-process-chunk-test",
    "AlarmPrefix": "etl-test-",
    "AlarmNames": "errors",
}


def reject_line(row: int, offset: int, raw: str, *errors: tuple[str | None, str]) -> str:
    found = [{"code": code, "column": column, "message": f"{column} breaks {code}"} for column, code in errors]
    return json.dumps({"row": row, "offset": offset, "length": len(raw) + 1, "raw": raw, "errors": found})


class DeployedStage:
    """What a test does to the stage behind the back of the commands."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3")
        self.dynamodb: Any = boto3.client("dynamodb")
        self.tracking = Tracking(self.dynamodb, TABLE)

    def create(self) -> None:
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        make_table(self.dynamodb)

    def create_stack(self, outputs: Mapping[str, str] = OUTPUTS) -> None:
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        boto3.client("cloudformation").create_stack(StackName="etl-test", TemplateBody=json.dumps(template))

    def arrive(self, key: str, body: bytes = b"a,b\n1,2\n", *, lease_seconds: int = 3600, execution: str = "arn:execution:1") -> FileTask:
        version = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"]
        return self.register(ObjectRef(BUCKET, key, version), len(body), lease_seconds=lease_seconds, execution=execution)

    def register(self, original: ObjectRef, size: int, *, lease_seconds: int = 3600, execution: str = "arn:execution:1") -> FileTask:
        named = keys.parse_incoming(original.key)
        identity = file_id(SOURCE_NAME, original.key, str(original.version_id))
        attributes = {
            **original.to_dict(),
            "location": original.to_dict(),
            "dataset": named.dataset,
            "partner": named.partner,
            "name": named.name,
            "size": size,
        }
        self.tracking.register(identity, attributes, status=FileStatus.REGISTERED, execution=execution, lease_seconds=lease_seconds)
        return FileTask(identity, 1, execution)

    def plan(self, task: FileTask, count: int, *, begin: int = 0, size: int = 100) -> list[ChunkTask]:
        file = self.tracking.file(task.file_id)
        assert file is not None
        original = ObjectRef(BUCKET, file["key"], file["version_id"])
        chunks = [
            ChunkTask(task.file_id, chunk_id(index), 1, original, start, start + size, index == count - 1, "manifests/x")
            for index, start in enumerate(range(begin, begin + count * size, size))
        ]
        self.tracking.plan_chunks(chunks)
        self.tracking.transition(task, FileStatus.PROCESSING, FileStatus.OPEN, {"chunks": count, "plan": 1})
        return chunks

    def finish_chunk(self, chunk: ChunkTask, accepted: int, rejects: Sequence[str] = ()) -> None:
        self.tracking.start_chunk(chunk)
        reasons: dict[str, int] = {}
        for line in rejects:
            for error in json.loads(line)["errors"]:
                name = f"{error['column'] or '*'}:{error['code']}"
                reasons[name] = reasons.get(name, 0) + 1
        counts = {"rows_read": accepted + len(rejects), "rows_accepted": accepted, "rows_rejected": len(rejects), "blank_lines": 0}
        results: dict[str, Any] = {**counts, "reasons": reasons, "seconds": 1.5}
        if accepted:
            results["parquet"] = self._written(keys.chunk_parquet("sales", chunk.file_id, chunk.chunk_id, "a" * 64), b"PAR1", accepted)
        if rejects:
            body = "".join(line + "\n" for line in rejects).encode()
            results["rejects"] = self._written(keys.chunk_rejects("sales", chunk.file_id, chunk.chunk_id, "b" * 64), body, len(rejects))
        assert self.tracking.finish_chunk(chunk, ChunkStatus.DONE, results)

    def _written(self, key: str, body: bytes, rows: int) -> dict[str, Any]:
        version = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"]
        return {"key": key, "version_id": version, "size": len(body), "sha256": "", "rows": rows}

    def succeed(self, task: FileTask) -> None:
        done = list(self.tracking.chunks(task.file_id))
        totals: dict[str, Any] = {name: sum(chunk[name] for chunk in done) for name in ("rows_read", "rows_accepted", "rows_rejected")}
        reasons: dict[str, int] = {}
        for chunk in done:
            for name, count in chunk["reasons"].items():
                reasons[name] = reasons.get(name, 0) + count
        manifest = keys.commit_manifest("sales", task.file_id)
        totals.update(reasons=reasons, commit_manifest=manifest, blank_lines=0, duplicate_keys=0)
        totals["location"] = {"bucket": BUCKET, "key": "processed/sales/acme/x-a.csv", "version_id": "1"}
        self.tracking.transition(task, FileStatus.SUCCEEDED, (FileStatus.PROCESSING,), totals)

    def fail(self, task: FileTask, status: str, error_type: str, message: str) -> None:
        attributes = {"error_type": error_type, "error_message": message}
        attributes["location"] = {"bucket": BUCKET, "key": "failed/sales/acme/x-a.csv", "version_id": "1"}  # type: ignore[assignment]
        self.tracking.transition(task, status, FileStatus.OPEN, attributes, {"error_type": error_type})
