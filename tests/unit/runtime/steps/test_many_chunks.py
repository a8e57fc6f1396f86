"""E2: a 100 GB file has 2,001 chunks; finalizing them meets no limit of the design."""

from __future__ import annotations

import io
import json
from typing import Any, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from runtime.core.models import ChunkStatus, ChunkTask, FileStatus, FileTask, ObjectRef, chunk_id
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.registry import load_contracts
from runtime.steps import snapshot
from runtime.steps.finalize import finalize_file
from runtime.steps.snapshot import Snapshot
from tests.support.memory import MemoryAws
from tests.support.transactions import COLUMNS, HEADER
from tests.support.workflow import BUCKET, TABLE, Workflow

CHUNKS = 2001
CHUNK_BYTES = 50_000_000
#: What Step Functions lets a state hand on.
PAYLOAD_BYTES = 256 * 1024


def test_2001_chunks_are_proved_counted_and_committed(workflow: Workflow, memory: Tuple[MemoryAws, Any]) -> None:  # E2 E20
    """All chunks did what the first one did, each in its own range."""
    stage = workflow.stage
    arrival = workflow.upload("incoming/transactions/acme/big.csv", HEADER.encode())
    stored = arrival["detail"]["object"]
    task = FileTask(workflow.id_of(arrival), 1, "arn:1")
    original = ObjectRef(BUCKET, stored["key"], stored["version-id"])
    end_of = [len(HEADER) + CHUNK_BYTES * (index + 1) for index in range(CHUNKS)]
    file = {**original.to_dict(), "location": original.to_dict(), "dataset": "transactions", "partner": "acme", "name": "big.csv"}
    stored_as = {"size": end_of[-1], "etag": stored["etag"], "checksum": ""}
    stage.tracking.register(task.file_id, {**file, **stored_as}, status=FileStatus.REGISTERED, execution="arn:1", lease_seconds=60)
    contract = load_contracts()["transactions"]
    reading_key = snapshot.save(stage.store, task.file_id, Snapshot(contract, CsvLayout("utf-8", ",", '"', len(HEADER), COLUMNS)))
    plan = {"plan": 1, "chunks": CHUNKS, "reading_key": reading_key}
    plan.update(contract_version=1, contract_sha256=contract.sha256)
    stage.tracking.transition(task, FileStatus.PROCESSING, (FileStatus.REGISTERED,), plan)

    chunks = [
        ChunkTask(task.file_id, chunk_id(index), 1, original, end - CHUNK_BYTES, end, index == CHUNKS - 1, reading_key)
        for index, end in enumerate(end_of)
    ]
    stage.tracking.plan_chunks(chunks[:1])
    body = io.BytesIO()
    pq.write_table(pa.table({"transaction_id": ["a", "b", "c"]}), body)
    written = stage.store.write("curated/transactions/one.parquet", body.getvalue(), "application/vnd.apache.parquet")
    parquet = {**written.to_dict(), "rows": 3}
    counts = {"rows_read": 3, "rows_accepted": 3, "rows_rejected": 0, "blank_lines": 0, "reasons": {}, "parquet": parquet}
    stage.tracking.finish_chunk(chunks[0], ChunkStatus.DONE, {"proof": {"aligned": True, "open_quote": None}, **counts})
    key = {"file_id": {"S": task.file_id}, "chunk_id": {"S": chunks[0].chunk_id}}
    finished = workflow.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    ranges = [(chunk.chunk_id, {"start": {"N": str(chunk.start)}, "end": {"N": str(chunk.end)}}) for chunk in chunks]
    memory[0].fill(TABLE, ({**finished, "chunk_id": {"S": name}, **bounds} for name, bounds in ranges))

    answer = finalize_file(task, stage)

    assert answer["outcome"]["status"] == "SUCCEEDED"
    assert json.loads(answer["outcome"]["body"])["rows_read"] == 3 * CHUNKS
    assert len(json.dumps(answer).encode()) < PAYLOAD_BYTES / 10
    manifest = workflow.read_json(workflow.item(arrival)["commit_manifest"])
    assert len(manifest["objects"]) == CHUNKS
