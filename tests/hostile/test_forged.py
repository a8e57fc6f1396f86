"""A forged message reads and changes nothing, and its file still succeeds."""

from __future__ import annotations

import json
from typing import Any, List, Tuple

import pytest

from runtime.core.errors import InvalidInput
from runtime.steps import snapshot
from tests.hostile.case import GOOD_LINE
from tests.hostile.cases import forged
from tests.hostile.cases.forged import Forgery, Planned
from tests.hostile.execution import Execution
from tests.support.records import HEADER, make_contract
from tests.support.workflow import BUCKET, TABLE

ROWS = 12
MESSAGE_CHARACTERS = 2000


@pytest.fixture
def stage(execution: Execution) -> Execution:
    execution.workflow.chunk_bytes = 100
    vars(execution.workflow.stage)["contracts"] = {"payments": make_contract()}
    return execution


def planned(stage: Execution, partner: str) -> Planned:
    event = stage.workflow.upload(f"incoming/payments/{partner}/day.csv", HEADER + GOOD_LINE * ROWS)
    state = stage.call("register_file", {"event": event, "execution": f"arn:{partner}"})
    state = stage.call("plan_chunks", stage.call("validate_file", state))
    chunks = tuple(stage.workflow.manifest(state))
    assert len(chunks) > 2
    return Planned(event, state, chunks)


def everything(stage: Execution) -> Tuple[List[Any], List[Any]]:
    """Every object version and every item."""
    versions = stage.workflow.s3.list_object_versions(Bucket=BUCKET).get("Versions", [])
    items = stage.workflow.dynamodb.scan(TableName=TABLE)["Items"]
    return [(version["Key"], version["VersionId"]) for version in versions], sorted(items, key=str)


def finish(stage: Execution, file: Planned) -> Any:
    for chunk in file.chunks:
        stage.call("process_chunk", {"chunk": chunk, "execution": file.state["execution"]})
    return stage.call("finalize_file", file.state)


@pytest.mark.parametrize("forgery", forged.CASES, ids=lambda forgery: forgery.sends)
def test_a_forged_message_changes_nothing(stage: Execution, forgery: Forgery) -> None:  # E21 E22 E24
    ours, theirs = planned(stage, "acme"), planned(stage, "globex")
    before = everything(stage)
    with pytest.raises(forgery.error) as caught:
        stage.call(forgery.step, forgery.forge(ours, theirs))
    message = str(caught.value)
    assert type(caught.value) is forgery.error
    assert forgery.words in message
    assert message.isprintable()
    assert len(message) < MESSAGE_CHARACTERS
    assert everything(stage) == before
    answer = finish(stage, ours)
    assert answer["outcome"]["status"] == "SUCCEEDED"
    assert json.loads(answer["outcome"]["body"])["rows_accepted"] == ROWS


def test_a_snapshot_that_was_replaced_is_not_used(stage: Execution) -> None:  # E24
    """Writing under ``manifests/`` does not change how a file is read."""
    ours = planned(stage, "acme")
    key = ours.chunks[0]["reading_key"]
    document = stage.workflow.read_json(key)
    document["contract"]["rejectedRowsThreshold"] = None
    honest = stage.workflow.read(key)
    stage.workflow.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(document).encode())
    snapshot.load.cache_clear()
    with pytest.raises(InvalidInput, match="is not what this stage wrote"):
        stage.call("process_chunk", {"chunk": ours.chunks[0], "execution": "arn:acme"})
    stage.workflow.s3.put_object(Bucket=BUCKET, Key=key, Body=honest)
    assert finish(stage, ours)["outcome"]["status"] == "SUCCEEDED"


def test_a_chunk_that_comes_late_is_passed_over(stage: Execution) -> None:  # E21
    """A duplicate of a chunk that is finished is not taken for a forgery."""
    ours = planned(stage, "acme")
    finish(stage, ours)
    before = everything(stage)
    assert stage.call("process_chunk", {"chunk": ours.chunks[0], "execution": "arn:acme"}) == {}
    assert everything(stage) == before


def test_a_failures_cause_becomes_one_line(stage: Execution) -> None:  # E20
    """The cause that Step Functions gives for its own failures may have several lines."""
    ours = planned(stage, "acme")
    cause = "first line\nsecond line\u2028third\x0bfourth" + "x" * 5000
    failed = {**ours.state, "error": {"Error": "States.Runtime", "Cause": cause}}
    stage.call("record_failure", {"event": failed, "execution": "arn:acme"})
    message = stage.workflow.item(ours.event)["error_message"]
    assert message.startswith("first line second line third fourth")
    assert message.isprintable()
    assert len(message) == MESSAGE_CHARACTERS
