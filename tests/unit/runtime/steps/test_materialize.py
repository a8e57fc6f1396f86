"""Files without random access go the same road as others: decoded once, planned while they pass, and every offset says of what."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import random
from typing import Any, Callable

import pytest

from runtime.core import keys
from runtime.core.errors import InvalidInput, ObjectMissing, StorageUnavailable
from runtime.core.models import ChunkTask, FileTask
from runtime.formats.csv.layout import CsvLayout
from runtime.steps import plan as planning
from runtime.steps import snapshot
from runtime.steps.finalize import finalize_file
from runtime.steps.plan import plan_chunks
from runtime.steps.process import process
from runtime.steps.stage import original_of, text_of
from tests.support.transactions import csv, row
from tests.support.workflow import BUCKET, SETTINGS, Workflow
from tests.unit.runtime.steps.test_workflow import KEY, Stopped, accepted_rows, rejected_rows, stop_here, stopped_before

LINES = [row(number) for number in range(60)]
LINES[7] = row(7, currency="XXQ")
LINES[31] = "only,three,cells\n"
TEXT = csv(LINES).decode()

ORIGINALS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "gzip": (gzip.compress(TEXT.encode()), {"compression": "gz", "encoding": "utf-8"}),
    "UTF-16": (TEXT.encode("utf-16"), {"compression": None, "encoding": "utf-16-le"}),
    "UTF-16, big-endian, in gzip": (
        gzip.compress(("\ufeff" + TEXT).encode("utf-16-be")),
        {"compression": "gz", "encoding": "utf-16-be"},
    ),
}


def in_the_file(rejects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the place in the chunk, which depends on where it was cut."""
    return [{name: value for name, value in reject.items() if name != "row"} for reject in rejects]


def text_read(workflow: Workflow, item: dict[str, Any]) -> bytes:
    """The decoded text as chunks read it, in ranges: the older moto gives all of it with a checksum of parts that it does not call one."""
    ref, size = text_of(item)
    return workflow.stage.store.read_range(ref, 0, size - 1) + workflow.stage.store.read_range(ref, size - 1, size)


def versions(workflow: Workflow, prefix: str) -> list[str]:
    found = workflow.s3.list_object_versions(Bucket=BUCKET, Prefix=prefix).get("Versions", [])
    return [version["VersionId"] for version in found]


def uploads(workflow: Workflow) -> list[Any]:
    return list(workflow.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


@pytest.mark.parametrize(("body", "writing"), ORIGINALS.values(), ids=ORIGINALS)
def test_what_comes_of_it_is_what_comes_of_the_plain_text(workflow: Workflow, body: bytes, writing: dict[str, Any]) -> None:  # E2 E20 E22
    plain = workflow.upload(KEY, TEXT.encode())
    workflow.run(plain)
    event = workflow.upload(KEY, body)
    assert workflow.run(event)["outcome"]["status"] == "SUCCEEDED"
    item = workflow.item(event)
    assert item["chunks"] > 5
    assert (item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == (60, 58, 2)
    assert accepted_rows(workflow, event) == accepted_rows(workflow, plain)
    assert in_the_file(rejected_rows(workflow, event)) == in_the_file(rejected_rows(workflow, plain))
    assert {name: item[name] for name in writing} == writing
    # The original is moved as it came.
    assert workflow.read(item["location"]["key"]) == body


@pytest.mark.parametrize("body", [body for body, _ in ORIGINALS.values()], ids=ORIGINALS)
def test_offsets_say_what_they_count(workflow: Workflow, body: bytes) -> None:  # E20
    event = workflow.upload(KEY, body)
    workflow.run(event)
    item = workflow.item(event)
    text = text_read(workflow, item)
    assert text == TEXT.encode()
    decoded = {"size": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    assert item["offsets"] == "decoded"
    assert item["decoded"] == {
        **decoded,
        "key": keys.decoded_text("transactions", item["file_id"]),
        "version_id": item["decoded"]["version_id"],
    }
    for document in (workflow.read_json(item["commit_manifest"]), workflow.read_json(item["reject_report"])):
        assert (document["offsets"], document["decoded"]) == ("decoded", decoded)
    for reject in rejected_rows(workflow, event):
        assert text[reject["offset"] : reject["offset"] + reject["length"]].decode() == LINES[reject["number"] - 1]
    chunks = list(workflow.stage.tracking.chunks(item["file_id"]))
    assert (chunks[0]["start"], chunks[-1]["end"]) == (item["header_bytes"], len(text))


def test_offsets_of_a_plain_file_are_the_originals(workflow: Workflow) -> None:
    event = workflow.upload(KEY, TEXT.encode())
    workflow.run(event)
    item = workflow.item(event)
    assert item["offsets"] == workflow.read_json(item["commit_manifest"])["offsets"] == "original"
    assert "decoded" not in item
    assert workflow.keys("staging/transactions/") == [key for key in workflow.keys("staging/") if key.endswith(".keys")]


def test_the_plan_is_exact_and_the_text_is_not_read_for_it(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E2
    """Of the original every byte is read once, by the pass; of the text only the samples are."""
    workflow.chunk_bytes = 50_000
    body = gzip.compress(csv(row(number) for number in range(6000)))
    event = workflow.upload(KEY, body)
    task = stopped_before("plan_chunks", workflow, event, monkeypatch)
    read: dict[str, int] = {}
    real = workflow.stage.store.read_range

    def read_range(ref: Any, start: int, end: int) -> bytes:
        area = ref.key.partition("/")[0]
        read[area] = read.get(area, 0) + end - start
        return real(ref, start, end)

    monkeypatch.setattr(workflow.stage.store, "read_range", read_range)
    state = plan_chunks(task, None, workflow.stage)
    assert read == {"incoming": len(body), "staging": 3 * 64 * 1024}
    for chunk in workflow.manifest(state):
        process(ChunkTask.from_dict(chunk), workflow.stage)
    assert finalize_file(task, workflow.stage)["decision"] == "PROVED"
    assert workflow.item(event)["plan"] == 1


MARK = b'"never closed'
OPEN_QUOTE = csv([row(1), row(2, merchant=MARK.decode()), row(3)])
REFUSED: dict[str, tuple[bytes, str, str]] = {
    "cut short": (gzip.compress(csv(row(n) for n in range(9000)))[:-9], "CorruptGzip", "ends before its compressed data does"),
    "garbage at its end": (gzip.compress(csv(row(n) for n in range(9000))) + b"\nEOF\n", "CorruptGzip", "something else follows"),
    "half a character": (csv(row(n) for n in range(9000)).decode().encode("utf-16")[:-1], "NotCsv", "half a character"),
    "a bomb": (gzip.compress(csv([row(1)] * 600_000)), "DecodedTooLarge", "more than 30 times as many"),
    "German dates": (gzip.compress(csv(row(n, booking_date="20.11.2026") for n in range(9000))), "SampleMismatch", "'booking_date'"),
    "an open quote": (gzip.compress(OPEN_QUOTE), "UnterminatedQuote", f"at byte {OPEN_QUOTE.index(MARK)}"),
    "a record of 18 MB": (gzip.compress(csv([row(1), row(2, merchant='"' + "x\n" * 9_000_000 + '"')])), "RecordTooLong", "8,388,608 bytes"),
}


@pytest.mark.parametrize(("body", "error", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_decoded_or_used_is_rejected_and_stores_nothing_half(workflow: Workflow, body: bytes, error: str, says: str) -> None:
    workflow.chunk_bytes = 50_000_000
    workflow.stage = dataclasses.replace(workflow.stage, settings=dataclasses.replace(SETTINGS, decoded_ratio=30))
    event = workflow.upload(KEY, body)
    answer = workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == ("REJECTED", error), item["error_message"]
    assert says in item["error_message"]
    assert answer["outcome"]["publish"]
    assert workflow.read(item["location"]["key"]) == body
    assert uploads(workflow) == []
    assert workflow.keys("curated/transactions/_files/") == []


def test_a_lone_surrogate_is_one_bad_row(workflow: Workflow) -> None:
    """A bad row is data, in UTF-16 as in UTF-8."""
    lines = [row(number) for number in range(30)]
    lines[4] = row(4, description="half \ud83d pair")
    event = workflow.upload(KEY, csv_text(lines).encode("utf-16", "surrogatepass"))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["rows_accepted"], item["reasons"]) == ("SUCCEEDED", 29, {"*:encoding-error": 1})
    (reject,) = rejected_rows(workflow, event)
    assert reject["number"] == 5


def csv_text(lines: list[str]) -> str:
    return csv([]).decode() + "".join(lines)


def test_a_reader_that_dies_leaves_nothing_and_the_next_one_finishes(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E21
    event = workflow.upload(KEY, gzip.compress(TEXT.encode()))
    task = stopped_before("plan_chunks", workflow, event, monkeypatch)
    real = workflow.stage.store.stream

    def dies(*arguments: Any) -> Any:
        yield next(iter(real(*arguments)))[:200]
        raise StorageUnavailable("GetObject", KEY, "SlowDown")

    with monkeypatch.context() as patched:
        patched.setattr(workflow.stage.store, "stream", dies)
        with pytest.raises(StorageUnavailable):
            plan_chunks(task, None, workflow.stage)
    assert uploads(workflow) == []
    assert versions(workflow, "staging/") == []
    assert workflow.item(event)["file_status"] == "VALIDATED"
    finish(workflow, task)
    assert workflow.item(event)["rows_read"] == 60


DIES_IN: dict[str, Callable[[pytest.MonkeyPatch, Workflow], None]] = {
    "before the text is whole": lambda patched, workflow: patched.setattr(workflow.stage.store, "write_parts", stop_here),
    "after the text": lambda patched, _: patched.setattr("runtime.formats.csv.files.CsvFile.check_samples", stop_here),
    "after the manifest": lambda patched, workflow: patched.setattr(workflow.stage.tracking, "transition", lambda *_, **__: stop_here()),
    "after the plan": lambda patched, workflow: patched.setattr(workflow.stage.tracking, "plan_chunks", stop_here),
}


@pytest.mark.parametrize("dies", DIES_IN.values(), ids=DIES_IN)
def test_a_planner_may_die_anywhere(workflow: Workflow, monkeypatch: pytest.MonkeyPatch, dies: Any) -> None:  # E21
    event = workflow.upload(KEY, gzip.compress(TEXT.encode()))
    task = stopped_before("plan_chunks", workflow, event, monkeypatch)
    with monkeypatch.context() as patched:
        dies(patched, workflow)
        with pytest.raises(Stopped):
            plan_chunks(task, None, workflow.stage)
    finish(workflow, task)
    item = workflow.item(event)
    assert (item["file_status"], item["rows_read"]) == ("SUCCEEDED", 60)
    assert item["decoded"]["version_id"] in versions(workflow, "staging/")


def finish(workflow: Workflow, task: FileTask) -> None:
    state = plan_chunks(task, None, workflow.stage)
    for chunk in workflow.manifest(state):
        process(ChunkTask.from_dict(chunk), workflow.stage)
    finalize_file(task, workflow.stage)


def test_of_two_planners_at_once_one_makes_the_text_that_counts(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E21
    """The one that comes too late has written another version of the text; nothing names it."""
    event = workflow.upload(KEY, gzip.compress(TEXT.encode()))
    task = stopped_before("plan_chunks", workflow, event, monkeypatch)
    materialize = planning.materialize

    def overtaken(*arguments: Any) -> Any:
        made = materialize(*arguments)
        monkeypatch.setattr(planning, "materialize", materialize)
        plan_chunks(task, None, workflow.stage)
        return made

    monkeypatch.setattr(planning, "materialize", overtaken)
    state = plan_chunks(task, None, workflow.stage)
    item = workflow.item(event)
    assert len(versions(workflow, item["decoded"]["key"])) == 2
    sources = {(chunk["source"]["key"], chunk["source"]["version_id"]) for chunk in workflow.manifest(state)}
    assert sources == {(item["decoded"]["key"], item["decoded"]["version_id"])}
    finish(workflow, task)
    assert workflow.item(event)["rows_read"] == 60


def test_a_text_that_is_planned_is_not_made_again(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning again, exactly, reads the text that there is."""
    event = workflow.upload(KEY, gzip.compress(TEXT.encode()))
    task = stopped_before("process", workflow, event, monkeypatch)
    monkeypatch.setattr(planning, "materialize", stop_here)
    before = workflow.item(event)
    again = plan_chunks(task, before["header_bytes"], workflow.stage)
    assert workflow.item(event)["plan"] == 2
    assert workflow.manifest(again)[-1]["source"]["version_id"] == before["decoded"]["version_id"]
    for chunk in workflow.manifest(again):
        process(ChunkTask.from_dict(chunk), workflow.stage)
    assert finalize_file(task, workflow.stage)["decision"] == "PROVED"


def test_a_chunk_reads_the_text_of_its_own_file_only(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither another file's text, nor the compressed original, whatever a manifest says."""
    bodies = (gzip.compress(TEXT.encode()), gzip.compress(TEXT.encode() + LINES[0].encode()))
    tasks = [stopped_before("process", workflow, workflow.upload(KEY, body), monkeypatch) for body in bodies]
    ours, theirs = (workflow.stage.tracking.file(task.file_id) for task in tasks)
    assert ours
    assert theirs
    chunk = ChunkTask.from_dict(json.loads(workflow.read(ours["manifest_key"]))[0])
    for source in (text_of(theirs)[0], original_of(ours), dataclasses.replace(chunk.source, version_id="v")):
        with pytest.raises(InvalidInput, match="no original of its file"):
            process(dataclasses.replace(chunk, source=source), workflow.stage)
    process(chunk, workflow.stage)


def test_a_header_alone_has_no_chunks(workflow: Workflow) -> None:
    event = workflow.upload(KEY, gzip.compress(csv([])))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["rows_read"], item["chunks"]) == ("SUCCEEDED", 0, 0)


def test_a_text_of_many_parts_is_whole(workflow: Workflow) -> None:
    """Three parts of 8 MiB and a rest, which the digest that S3 compares saw one by one."""
    rng = random.Random(3)
    workflow.chunk_bytes = 5_000_000
    text = csv(row(number, description=f"{rng.getrandbits(1200):0300x}") for number in range(70_000))
    event = workflow.upload(KEY, gzip.compress(text, 1))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["rows_read"]) == ("SUCCEEDED", 70_000)
    assert item["decoded"]["size"] == len(text) > 3 * 8 * 1024 * 1024
    assert text_read(workflow, item) == text


def test_code_that_knows_no_decoding_refuses_such_a_reading(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E24
    """After a rollback in mid-file the older code must not read gzip as rows; the number of its reading stops it."""
    for body, schema in ((gzip.compress(TEXT.encode()), 2), (TEXT.encode(), 1)):
        task = stopped_before("plan_chunks", workflow, workflow.upload(KEY, body), monkeypatch)
        item = workflow.stage.tracking.file(task.file_id)
        assert item is not None
        document = workflow.read_json(item["reading_key"])
        assert document["schema"] == schema
        assert snapshot.load(workflow.stage.store, item["reading_key"]).layout == CsvLayout.from_dict(document["layout"])


def test_a_text_that_has_expired_is_said_to_be_missing(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    event = workflow.upload(KEY, gzip.compress(TEXT.encode()))
    task = stopped_before("process", workflow, event, monkeypatch)
    item = workflow.item(event)
    workflow.s3.delete_object(Bucket=BUCKET, Key=item["decoded"]["key"], VersionId=item["decoded"]["version_id"])
    chunk = ChunkTask.from_dict(json.loads(workflow.read(item["manifest_key"]))[0])
    with pytest.raises(ObjectMissing):
        process(chunk, workflow.stage)
    assert task.file_id == chunk.file_id
