from __future__ import annotations

import json

import pytest

from runtime.core.errors import InvalidInput, UnsupportedSchema
from runtime.core.models import SCHEMA, Arrival, ChunkTask, FileTask, ObjectRef, Redrive, file_id
from runtime.formats.csv.layout import CsvLayout

ORIGINAL = ObjectRef("bucket", "incoming/d/p/n.csv", "v1")


def test_a_file_has_one_id_in_every_region_and_each_version_its_own() -> None:  # E21
    assert file_id("prod", ORIGINAL.key, "v1") == file_id("prod", ORIGINAL.key, "v1")
    ids = {file_id("prod", ORIGINAL.key, "v1"), file_id("prod", ORIGINAL.key, "v2"), file_id("br-x", ORIGINAL.key, "v1")}
    assert len(ids) == 3
    assert all(len(identity) == 32 for identity in ids)


def test_a_chunk_task_survives_the_manifest() -> None:
    task = ChunkTask("f" * 32, "00007", 2, ORIGINAL, 10, 20, False, "manifests/x.reading.json")
    assert ChunkTask.from_dict(json.loads(json.dumps(task.to_dict()))) == task


def test_a_file_task_survives_the_state() -> None:
    task = FileTask("f" * 32, 1, "arn")
    assert FileTask.from_event({**task.to_dict(), "manifest": {}}) == task


def test_a_layout_survives_its_snapshot() -> None:
    layout = CsvLayout("utf-8", ",", '"', 12, ("a", "b"))
    assert CsvLayout.from_dict(json.loads(json.dumps(layout.to_dict()))) == layout


@pytest.mark.parametrize("schema", [None, 0, SCHEMA + 1, "1"])
def test_a_message_of_another_schema_is_refused(schema: object) -> None:  # E24
    message = {**FileTask("f" * 32, 1, "arn").to_dict(), "schema": schema}
    with pytest.raises(UnsupportedSchema):
        FileTask.from_event(message)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"detail-type": "Object Created", "detail": {}},
        {"detail-type": "Object Deleted", "time": "t", "detail": {"bucket": {"name": "b"}, "object": {"key": "k"}}},
        {"detail-type": "Object Created", "time": "t", "detail": {"bucket": {"name": "b"}, "object": {"key": "k", "size": "many"}}},
        {"detail-type": "Object Created", "time": "t", "detail": None},
    ],
)
def test_a_forged_event_is_refused(event: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Arrival.from_event(event)


@pytest.mark.parametrize("missing", ["file_id", "chunk_id", "source", "start", "end", "plan", "last", "reading_key"])
def test_a_forged_manifest_item_is_refused(missing: str) -> None:
    item = ChunkTask("f" * 32, "00007", 2, ORIGINAL, 10, 20, False, "manifests/x.reading.json").to_dict()
    del item[missing]
    with pytest.raises(InvalidInput):
        ChunkTask.from_dict(item)


@pytest.mark.parametrize(
    "forged",
    [
        {"file_id": "../x"},
        {"attempt": float("inf")},
        {"attempt": "1"},
        {"attempt": True},
        {"requester": ["ada"]},
        {"from_start": "false"},
        {"schema": 99},
    ],
)
def test_a_forged_request_for_a_redrive_is_refused(forged: dict[str, object]) -> None:  # E25
    event = Redrive("0" * 32, 1, "ada", from_start=False).to_event()
    assert Redrive.from_event(event) == Redrive("0" * 32, 1, "ada", from_start=False)
    with pytest.raises((InvalidInput, UnsupportedSchema)):
        Redrive.from_event({**event, "detail": {**event["detail"], **forged}})
