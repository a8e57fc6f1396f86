"""What must hold of every file once everything is at rest, whatever happened on the way (docs/commit-protocol.md)."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import timedelta
from typing import Any, Dict, List

import pyarrow.parquet as pq

from runtime.aws.tracking import utc_now
from runtime.core import keys
from runtime.core.errors import Throttled, error_names
from runtime.core.models import FileStatus
from runtime.steps.orphaned_outputs import MIN_AGE, OrphanedOutputs
from tests.faults.executions import WiredWorkflow
from tests.faults.files import Sent
from tests.support.workflow import BUCKET

Item = Dict[str, Any]
THROTTLED = error_names(Throttled)
#: Of the table's client for one call: ``runtime.aws.item_table.make_client`` asks for six retries.
_TRIES = 7


def check_file(workflow: WiredWorkflow, event: dict[str, Any], sent: Sent, error: str, *, tampered: bool) -> None:
    """*error* is what the file deserves; *tampered*: somebody deleted the original on the way."""
    item = workflow.item(event)
    assert item["file_status"] in FileStatus.ENDED, f"E25: it never ended: {item['file_status']}"
    if item["file_status"] == FileStatus.REJECTED:
        assert item["error_type"] == error, "a good file is never the partner's to mend"
    assert item.get("error_type") not in THROTTLED, "E23: throttling delays a file and never fails it"
    if item["file_status"] == FileStatus.SUCCEEDED:
        assert not error, f"a file that breaks its contract ({error}) became data"
        _rows_are_all_there(workflow, item, sent)
    else:
        assert not _exists(workflow, keys.commit_manifest("transactions", item["file_id"])), "nothing of an unfinished file is visible"
    _one_outcome(workflow, item)
    _every_change_has_its_event(workflow, item)
    _original_is_in_one_place(workflow, item, event, sent, tampered=tampered)


def check_outputs(workflow: WiredWorkflow, items: List[Item]) -> None:
    """Every object that a manifest or report lists exists as listed; after the removal of orphaned outputs there is no other."""
    for one in orphaned_outputs(workflow).all():
        workflow.stage.store.delete(one.ref)
    listed = {}
    for item in items:
        for name in ("commit_manifest", "reject_report"):
            if item["file_status"] == FileStatus.SUCCEEDED and item.get(name):
                assert item["file_id"] in item[name]
                for entry in workflow.read_json(item[name])["objects"]:
                    assert item["file_id"] in entry["key"], "a manifest lists its own file's objects"
                    listed[entry["key"]] = entry
    named = {
        output["key"]
        for item in items
        for chunk in workflow.stage.tracking.chunks(item["file_id"])
        for output in (chunk.get(name) for name in ("parquet", "rejects", "key_digests"))
        if output
    }
    for prefix in (keys.CURATED, keys.REJECTED, keys.STAGING):
        for key in workflow.keys(prefix):
            if "/_files/" in key:
                assert any(key in (item.get("commit_manifest"), item.get("reject_report")) for item in items), f"{key} is nobody's"
                continue
            digest = hashlib.sha256(workflow.read(key)).hexdigest()
            assert f"-{digest[:16]}." in key, "under one name there is one content"
            assert key in named, f"{key} is nobody's"
            if key in listed:
                assert listed.pop(key)["sha256"] == digest
    assert not listed, "every listed object is there"


def orphaned_outputs(workflow: WiredWorkflow) -> OrphanedOutputs:
    """What the sweep would remove two days later."""
    return OrphanedOutputs(workflow.stage.store, workflow.stage.tracking, utc_now() + MIN_AGE + timedelta(minutes=1))


def nothing_unfinished_is_visible(workflow: WiredWorkflow) -> None:
    """Holds at every moment, not only at rest."""
    for key in workflow.keys(keys.CURATED + "transactions/_files/"):
        item = workflow.stage.tracking.file(key.rpartition("/")[2][: -len(".json")])
        assert item
        assert item["file_status"] in (FileStatus.COMMITTED, FileStatus.SUCCEEDED), "visible before it was committed"


def _rows_are_all_there(workflow: WiredWorkflow, item: Item, sent: Sent) -> None:
    """E20 E22: the Parquet that the manifest lists and the rejects are the input, row for row, in order."""
    rows = [line for line in sent.rows if line]
    manifest = workflow.read_json(item["commit_manifest"])
    assert (manifest["rows"]["read"], item["rows_read"]) == (len(rows), len(rows))
    assert item["rows_read"] == item["rows_accepted"] + item["rows_rejected"]
    rejected = {}
    if item["reject_report"]:
        for entry in workflow.read_json(item["reject_report"])["objects"]:
            for line in workflow.read(entry["key"]).splitlines():
                reject = json.loads(line)
                number = entry["first_row"] - 1 + reject["row"]
                assert number not in rejected
                rejected[number] = reject
                assert next(csv.reader(io.StringIO(reject["raw"], newline=""))) == rows[number]
    accepted = [row for entry in manifest["objects"] for row in pq.read_table(io.BytesIO(workflow.read(entry["key"]))).to_pylist()]
    assert (len(accepted), len(rejected)) == (item["rows_accepted"], item["rows_rejected"])
    expected = [(row[0], row[6], row[8] or None) for number, row in enumerate(rows) if number not in rejected]
    assert [(row["transaction_id"], row["merchant"], row["description"]) for row in accepted] == expected


def _one_outcome(workflow: WiredWorkflow, item: Item) -> None:
    """E21: an attempt has one outcome, which may be sent twice; the last attempt's is sent."""
    sent = [(message["MessageDeduplicationId"], json.loads(message["MessageBody"])) for message in workflow.sent]
    outcomes = {(deduplication, body["attempt"], body["status"]) for deduplication, body in sent if body["file_id"] == item["file_id"]}
    assert len(outcomes) == len({attempt for _, attempt, _ in outcomes}) == len({deduplication for deduplication, _, _ in outcomes})
    assert max((attempt, status) for _, attempt, status in outcomes) == (item["attempt"], item["file_status"])
    assert item["published_at"]


def _every_change_has_its_event(workflow: WiredWorkflow, item: Item) -> None:
    """E20: the trail goes from nothing to the file's state without a gap, and numbers no change twice."""
    events = sorted(workflow.stage.tracking.events(item["file_id"]), key=lambda event: int(event["chunk_id"].rpartition("#")[2]))
    states = [None, *(event["to_status"] for event in events)]
    assert [event["from_status"] for event in events] == states[:-1]
    assert states[-1] == item["file_status"]
    revisions = [int(event["chunk_id"].rpartition("#")[2]) for event in events]
    assert len(set(revisions)) == len(revisions)
    # Notes of a delivery count as changes of the item and have no event; one whose answers are lost is made as often as the SDK tries.
    assert item["revision"] - len(events) <= workflow.deliveries.count(item["file_id"]) * _TRIES
    ends = [event["attempt"] for event in events if event["to_status"] in FileStatus.ENDED and event["from_status"] != event["to_status"]]
    assert ends == [*range(1, item["attempt"] + 1)], "a file ends once in each attempt"


def _original_is_in_one_place(workflow: WiredWorkflow, item: Item, event: dict[str, Any], sent: Sent, *, tampered: bool) -> None:
    stored = event["detail"]["object"]
    copies = [
        version
        for prefix in (keys.PROCESSED, keys.FAILED)
        for version in workflow.s3.list_object_versions(Bucket=BUCKET, Prefix=prefix).get("Versions", [])
        if item["file_id"] in version["Key"]
    ]
    versions = workflow.s3.list_object_versions(Bucket=BUCKET, Prefix=stored["key"]).get("Versions", [])
    here = [version for version in versions if version["VersionId"] == stored["version-id"]]
    location = item["location"]
    assert not str(item.get("not_moved") or "").startswith("AccessRefused"), "E22: nobody refuses the move any more"
    if location["key"] == stored["key"]:
        assert item["not_moved"], "it says why it was not moved"
        assert here or tampered, "the original is nowhere"
        return
    assert not here, "the original is in two places"
    ours = [version for version in copies if (version["Key"], version["VersionId"]) == (location["key"], location["version_id"])]
    assert ours, "the file's location names a copy that is not there"
    assert ours[0]["IsLatest"], "the copy that is the file's location expires: another one is current"
    elsewhere = [version for version in copies if version["Key"] != location["key"]]
    assert not elsewhere or location["key"].startswith(keys.PROCESSED), "a copy is where no attempt that ended later would leave one"
    for version in elsewhere:
        # A worker that was given up in the middle of its copy: the file failed there, was taken up again, and went on without it.
        assert version["Key"].startswith(keys.FAILED)
        assert workflow.s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])["Body"].read() == sent.body
    body = workflow.s3.get_object(Bucket=BUCKET, Key=location["key"], VersionId=location["version_id"])["Body"].read()
    assert body == sent.body


def _exists(workflow: WiredWorkflow, key: str) -> bool:
    return key in workflow.keys(key)
