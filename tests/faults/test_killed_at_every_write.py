"""E21 E22: a worker killed before or after any write changes nothing of what a file becomes.

Each write that a run makes is found by making the run; then the run is made again for each of them, with SIGKILL
before the request leaves the worker, and with SIGKILL when its answer arrives. Step Functions' retry goes on from there.
Compared with the undisturbed run are all items of the table, all objects and all messages. Left out are only:
``attempts``, whose sum must be one more where a chunk had been begun and not finished; ``seconds``, which was measured; and
the version ids of what the stage wrote, which S3 chooses: that a version is the current one is compared instead. The clock stands still.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import datetime, timezone
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import pytest
from boto3.dynamodb.types import TypeDeserializer

from tests.faults.budget import long, short
from tests.faults.executions import WiredWorkflow
from tests.faults.files import CHUNK_BYTES, KINDS
from tests.faults.network import store
from tests.faults.workers import Kill, Processes
from tests.support.accounts import Account
from tests.support.workflow import BUCKET, TABLE

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
KEY = "incoming/transactions/acme/day 1+ü.csv"
ACCOUNTS = b"".join(Account(number).record() for number in range(1, 5)) + bytes(300)
LEFT_OUT = {"attempts", "seconds"}


class Run(NamedTuple):
    """*chunk_bytes* of 150 is too small for a record, which ends a file FAILED."""

    body: bytes
    chunk_bytes: int
    ends: str
    key: str = KEY


RUNS = {
    "succeeded": Run(KINDS["misleading"].body, CHUNK_BYTES, "SUCCEEDED"),
    "rejected by its header": Run(KINDS["other columns"].body, CHUNK_BYTES, "REJECTED"),
    "rejected by its last chunk": Run(KINDS["open quote"].body, CHUNK_BYTES, "REJECTED"),
    "failed": Run(KINDS["good"].body, 150, "FAILED"),
    "succeeded, with extracts": Run(ACCOUNTS, 600, "SUCCEEDED", "incoming/accounts/cardco/day 1+ü.ps"),
}


@pytest.fixture(autouse=True)
def standing_still(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.steps.finalize.utc_now", lambda: NOON)


def made(run: Run, kept_in: str, kill: Optional[Kill] = None) -> Tuple[Processes, Dict[str, Any]]:
    """The run from an empty store to its end, and what is there then."""
    with store(kept_in) as emptied:
        workflow = WiredWorkflow(*emptied(), chunk_bytes=run.chunk_bytes, now=lambda: NOON)
        event = workflow.upload(run.key, run.body)
        processes = Processes(workflow, kill)
        processes.run(event)
        assert workflow.item(event)["file_status"] == run.ends, workflow.item(event).get("error_message")
        result = {"table": _table(workflow), "objects": _objects(workflow), "queue": _queue(workflow)}
        chunks = workflow.stage.tracking.chunks(workflow.id_of(event))
        return processes, {**result, "attempts": sum(one["attempts"] for chunk in chunks for one in (chunk, *chunk.get("superseded", [])))}


def _table(workflow: WiredWorkflow) -> List[Any]:
    deserialize = TypeDeserializer().deserialize
    items = workflow.dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]
    plain = [{name: deserialize(value) for name, value in item.items()} for item in items]
    return [_comparable(workflow, item) for item in sorted(plain, key=lambda item: str(item["chunk_id"]))]


def _comparable(workflow: WiredWorkflow, value: Any) -> Any:
    if isinstance(value, list):
        return [_comparable(workflow, part) for part in value]
    if not isinstance(value, dict):
        return value
    compared = {name: _comparable(workflow, part) for name, part in value.items() if name not in LEFT_OUT}
    if value.get("version_id") and not value["key"].startswith("incoming/"):
        current = workflow.s3.head_object(Bucket=BUCKET, Key=value["key"])["VersionId"]
        compared["version_id"] = "current" if current == value["version_id"] else "another"
    return compared


def _objects(workflow: WiredWorkflow) -> Dict[str, List[str]]:
    """By key the contents of its versions, once each: a write that was repeated wrote the same."""
    contents: Dict[str, List[str]] = {}
    for version in workflow.s3.list_object_versions(Bucket=BUCKET).get("Versions", []):
        body = workflow.s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
        contents.setdefault(version["Key"], []).append(hashlib.sha256(body).hexdigest())
    return {key: sorted(set(digests)) for key, digests in contents.items()}


def _queue(workflow: WiredWorkflow) -> List[Tuple[str, str]]:
    """What a consumer receives: the queue drops what has been sent under the same deduplication id."""
    messages = [(message["MessageDeduplicationId"], json.loads(message["MessageBody"])) for message in workflow.sent]
    return sorted({(deduplication, json.dumps(body, sort_keys=True)) for deduplication, body in messages})


def _kills(run: Run, kept_in: str, every: bool) -> Tuple[List[Kill], Dict[str, Any]]:
    """Before and after every write of the undisturbed run, or by turns at the first write of each sort; and how the run ended."""
    undisturbed, expected = made(run, kept_in)
    if every:
        return [Kill(write, after) for write in undisturbed.writes for after in (False, True)], expected
    sorts = {(write.step, write.what): write for write in reversed(undisturbed.writes)}
    kills = [Kill(write, index % 2 == 0) for index, write in enumerate(sorts.values())]
    finished = [write for write in undisturbed.writes if write.finishes]
    return [*kills, *(Kill(write, after=True) for write in finished[-1:])], expected


def _begins_again(kill: Kill) -> bool:
    """Whether the worker died in a chunk that it had begun and not finished: that is an attempt more, and nothing else is."""
    begun = kill.write.step == "process" and (kill.write.ordinal > 0 or kill.after)
    return begun and not (kill.write.finishes and kill.after)


@pytest.mark.parametrize(
    ("kept_in", "every"),
    [pytest.param("memory", False, id="each sort", marks=short), pytest.param("moto", True, id="every write", marks=long)],
)
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_worker_killed_at_a_write_changes_nothing(run: Run, kept_in: str, every: bool, capsys: pytest.CaptureFixture[str]) -> None:
    kills, expected = _kills(run, kept_in, every)
    attempts = expected.pop("attempts")
    for kill in kills:
        processes, result = made(run, kept_in, kill)
        assert processes.killed == 1, f"nobody was killed {kill}"
        assert result.pop("attempts") - attempts == _begins_again(kill), f"killed {kill}: a finished chunk was begun again, or none was"
        for what, value in expected.items():
            assert result[what] == value, f"killed {kill}: another {what}"
    with capsys.disabled():
        sorts = Counter(kill.write.what for kill in kills)
        print(
            f"\n{len(kills)} kills at {len({kill.write for kill in kills})} writes: "
            + ", ".join(f"{count} {what}" for what, count in sorts.items())
        )


def test_the_run_that_succeeds_is_the_same_each_time_planned_again_and_has_rejects() -> None:
    """Or little would follow from a comparison."""
    processes, result = made(RUNS["succeeded"], "memory")
    assert made(RUNS["succeeded"], "memory")[1] == result
    steps = [write.step for write in processes.writes]
    assert [step for index, step in enumerate(steps) if steps[index - 1] != step].count("plan_chunks") == 2
    assert any(key.startswith("rejected/transactions/_files/") for key in result["objects"])
