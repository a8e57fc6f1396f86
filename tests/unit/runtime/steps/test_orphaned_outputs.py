"""Outputs that nothing names are removed, two days later; whatever anything names stays (E22 E25)."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any

import pytest

from runtime.aws.object_store import Arrived
from runtime.aws.tracking import utc_now
from runtime.core import keys
from runtime.core.errors import InvalidInput
from runtime.core.models import ChunkTask, Redrive
from runtime.formats.registry import load_contracts, parse_contract
from runtime.steps.orphaned_outputs import MIN_AGE, PAUSE, Leftovers
from runtime.steps.plan import plan_chunks
from runtime.steps.process import process
from tests.support.transactions import csv, row
from tests.support.workflow import BUCKET, TABLE, Workflow
from tests.unit.runtime.steps.test_workflow import stopped_before

KEY = "incoming/transactions/acme/day.csv"
LATER = MIN_AGE + timedelta(minutes=1)
DIGEST = "e" * 64
#: Good and bad rows: a file of these has outputs of every kind.
LINES = [*(row(number) for number in range(30)), row(30, amount="lots")]


def look(workflow: Workflow, after: timedelta = LATER) -> Leftovers:
    return Leftovers(workflow.stage.store, workflow.stage.tracking, utc_now() + after)


def found(workflow: Workflow, after: timedelta = LATER) -> list[str]:
    return [one.ref.key for one in look(workflow, after).found()]


def remove(workflow: Workflow, after: timedelta = LATER, seconds: float = 60) -> list[str]:
    removed: list[Arrived] = look(workflow, after).remove(seconds, lambda: 0.0)
    return [one.ref.key for one in removed]


def put(workflow: Workflow, *names: str) -> None:
    for name in names:
        workflow.s3.put_object(Bucket=BUCKET, Key=name, Body=b"half")


def outputs_of(identity: str) -> list[str]:
    """One of each kind that a worker which died before it recorded anything leaves."""
    return [
        keys.chunk_parquet("transactions", identity, "00000", DIGEST),
        keys.reject_report("transactions", identity) + "l",  # no report
        keys.chunk_rejects("transactions", identity, "00000", DIGEST),
        keys.chunk_reasons("transactions", identity, "00000", DIGEST),
        keys.chunk_key_digests("transactions", identity, "00000", DIGEST),
        keys.decoded_text("transactions", identity),
    ]


def objects(workflow: Workflow) -> set[tuple[str, str]]:
    listed = workflow.s3.list_object_versions(Bucket=BUCKET)
    assert "DeleteMarkers" not in listed
    return {(version["Key"], version["VersionId"]) for version in listed.get("Versions", [])}


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_what_nothing_names_goes_and_all_else_stays(workflow: Workflow, suffix: str) -> None:
    body = csv(LINES)
    event = workflow.upload(KEY + suffix, gzip.compress(body) if suffix else body)
    workflow.run(event)
    before = objects(workflow)
    left = outputs_of(workflow.id_of(event))
    put(workflow, *left)
    unknown = left.pop(1)
    assert sorted(found(workflow)) == sorted(left)
    assert found(workflow, MIN_AGE - timedelta(minutes=1)) == [], "a worker may still record it"
    assert sorted(remove(workflow)) == sorted(left)
    assert {key for key, _ in objects(workflow) - before} == {unknown}, "what is no output is nobody's to remove"
    assert before <= objects(workflow)
    assert found(workflow) == []


def test_of_decoded_texts_the_one_that_was_planned_stays_whichever_is_newest(workflow: Workflow) -> None:
    event = workflow.upload(KEY + ".gz", gzip.compress(csv(LINES)))
    workflow.run(event)
    named = workflow.item(event)["decoded"]
    put(workflow, named["key"])
    assert remove(workflow) == [named["key"]]
    assert (named["key"], named["version_id"]) in objects(workflow)


def test_of_a_file_in_progress_nothing_is_removed(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E21
    event = workflow.upload(KEY, csv(LINES))
    task = stopped_before("process", workflow, event, monkeypatch)
    state = plan_chunks(task, None, workflow.stage)
    process(ChunkTask.from_dict(workflow.manifest(state)[0]), workflow.stage)
    put(workflow, *outputs_of(task.file_id))
    assert found(workflow) == []


def test_what_a_failed_file_has_finished_stays_for_a_redrive(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E25
    event = failed(workflow, monkeypatch)
    assert remove(workflow) == []
    assert workflow.run(Redrive(workflow.id_of(event), 1, "ada", from_start=False).to_event())["outcome"]["status"] == "SUCCEEDED"


def test_what_an_attempt_left_that_was_begun_anew_goes_its_report_of_rejects_too(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:  # E22 E25
    """The contract was mended, so nothing is rejected any more; and the chunks are others."""
    event = failed(workflow, monkeypatch)
    report = workflow.item(event)["reject_report"]
    assert report in workflow.keys("rejected/")
    old = {chunk[name]["key"] for chunk in chunks(workflow, event) for name in ("parquet", "rejects", "key_digests") if name in chunk}
    accept_every_amount(workflow, monkeypatch)
    workflow.chunk_bytes = 2500
    workflow.run(Redrive(workflow.id_of(event), 1, "ada", from_start=True).to_event())
    item = workflow.item(event)
    assert (item["file_status"], item["rows_rejected"], item["reject_report"]) == ("SUCCEEDED", 0, None)
    kept = {chunk[name]["key"] for chunk in chunks(workflow, event) for name in ("parquet", "key_digests", "rejects") if name in chunk}
    assert set(remove(workflow)) == {report, *old} - kept
    for entry in workflow.read_json(item["commit_manifest"])["objects"]:
        workflow.read(entry["key"])


def test_what_a_commit_manifest_names_stays_though_the_table_names_it_no_more(workflow: Workflow) -> None:
    """A table that was restored from before; and a manifest that is damaged names what it names."""
    event = workflow.upload(KEY, csv(LINES))
    workflow.run(event)
    item = workflow.item(event)
    for chunk in chunks(workflow, event):
        key = {name: {"S": chunk[name]} for name in ("file_id", "chunk_id")}
        workflow.dynamodb.delete_item(TableName=TABLE, Key=key)
    workflow.s3.put_object(Bucket=BUCKET, Key=item["commit_manifest"], Body=workflow.read(item["commit_manifest"])[:-20])
    assert remove(workflow)
    assert [key for key in workflow.keys("curated/") if key.endswith(".parquet")]
    assert not [key for key in workflow.keys("staging/") if key.endswith(".keys")]


def test_a_file_that_is_not_on_record_keeps_its_objects(workflow: Workflow) -> None:
    put(workflow, *outputs_of("a" * 32), keys.commit_manifest("transactions", "a" * 32))
    assert found(workflow) == []


def test_what_is_written_while_it_is_looked_at_stays(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E21
    event = workflow.upload(KEY, csv(LINES))
    workflow.run(event)
    left = outputs_of(workflow.id_of(event))[0]
    put(workflow, left)
    read = workflow.stage.tracking.file

    def meanwhile(identity: str) -> Any:
        item = read(identity)
        put(workflow, left)
        return item

    monkeypatch.setattr(workflow.stage.tracking, "file", meanwhile)
    assert remove(workflow) == [left]
    assert left in workflow.keys("curated/")


def test_a_pass_goes_on_where_it_stopped_and_begins_anew_a_day_after_it_began(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    event = workflow.upload(KEY, b"")
    workflow.run(event)
    left = [keys.chunk_parquet("transactions", workflow.id_of(event), f"{index:05d}", DIGEST) for index in range(3)]
    # Pages of two end with an object that stays: moto's listing takes the key that it begins after for granted.
    put(workflow, *left, *(key + ".bak" for key in left))
    listed = workflow.s3.list_object_versions
    monkeypatch.setattr(workflow.s3, "list_object_versions", lambda **asked: listed(**asked, MaxKeys=2))
    assert [remove(workflow, seconds=0) for _ in range(4)] == [left[:1], left[1:2], left[2:], []]
    put(workflow, left[0])
    assert remove(workflow) == [], "it was over a moment ago"
    assert remove(workflow, LATER + PAUSE) == [left[0]]


def failed(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The event of a file that FAILED when all its chunks were done."""

    def breaks(*_: object, **__: object) -> None:
        raise InvalidInput("broken")

    event = workflow.upload(KEY, csv(LINES))
    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.finalize._reconcile", breaks)
        workflow.run(event)
    assert workflow.item(event)["file_status"] == "FAILED"
    return event


def chunks(workflow: Workflow, event: dict[str, Any]) -> list[dict[str, Any]]:
    return list(workflow.stage.tracking.chunks(workflow.id_of(event)))


def accept_every_amount(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    document = load_contracts()["transactions"].document
    fields = [{"name": field["name"], "type": "string"} if field["name"] == "amount" else field for field in document["schema"]["fields"]]
    mended = parse_contract({**document, "schema": {**document["schema"], "fields": fields}}, "mended")
    monkeypatch.setattr("runtime.steps.stage.load_contracts", lambda: {"transactions": mended})
    workflow.stage.__dict__.pop("contracts", None)
