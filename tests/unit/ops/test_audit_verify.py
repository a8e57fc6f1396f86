"""E20: table, outputs and original agree, and every way of tampering with one of them is named."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import Result

from ops.audit.checks import UNKNOWN, Check
from ops.audit.verification import Verifier
from runtime.aws import object_store
from runtime.aws.item_table import Item
from runtime.core import keys
from runtime.core.errors import AccessRefused
from runtime.core.models import FileTask
from runtime.formats.registry import load_contracts
from runtime.steps.documents import commit_manifest
from runtime.steps.roll_forward import roll_forward
from tests.support.transactions import HEADER, csv, row
from tests.support.workflow import BUCKET, TABLE, Workflow
from tests.unit.ops.audited import ROWS, AuditedFile, flip_last_byte, good_and_bad, rewritten

pytestmark = pytest.mark.dear

Run = Callable[..., Result]


@pytest.fixture
def workflow(deployed: Any) -> Workflow:
    return Workflow(deployed.s3, deployed.dynamodb)


@pytest.fixture
def process(workflow: Workflow) -> Callable[..., AuditedFile]:
    def run(body: bytes) -> AuditedFile:
        event = workflow.upload("incoming/transactions/acme/may.csv", body)
        workflow.run(event)
        return AuditedFile(workflow, event)

    return run


@pytest.fixture
def file(process: Any) -> AuditedFile:
    made: AuditedFile = process(good_and_bad())
    return made


def verify(file: AuditedFile, **more: Any) -> list[Check]:
    stage = file.workflow.stage
    contracts = more.get("contracts", load_contracts())
    s3 = more.get("s3", file.workflow.s3)
    return list(Verifier(file.item, file.chunks, file.events, stage.store, s3, contracts, more.get("advance", int)).checks())


def wrong(checks: list[Check]) -> list[str]:
    return [f"{check.result}: {check.subject}: {check.detail}" for check in checks if check.result != "agrees"]


@pytest.mark.parametrize(
    "body",
    [
        good_and_bad(),
        HEADER.encode(),
        csv([row(1)])[:-1],
        csv(row(n, amount="lots") for n in (1, 2)),
        b"a;b\n1;2\n",
        csv([row(1), row(1)]),
        gzip.compress(good_and_bad(), mtime=0),
        good_and_bad().decode().encode("utf-16"),
    ],
    ids=["good and bad", "header only", "no last newline", "all bad", "rejected", "a key twice", "gzip", "UTF-16"],
)
def test_what_nobody_touched_agrees(process: Any, body: bytes) -> None:
    passed: list[int] = []
    made = process(body)
    assert wrong(verify(made, advance=passed.append)) == []
    assert sum(passed) == len(body)  # the original is read once, and all of it


def test_a_delivery_is_a_revision_without_an_event(file: AuditedFile) -> None:
    """As the workflow's RecordDelivery writes it."""
    file.alter("#file", lambda item: item.update(published_at="2026-11-20T13:00:09.000Z", revision=item["revision"] + 1))
    assert wrong(verify(file)) == []


def test_an_original_that_was_moved_after_the_end_agrees(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:  # E24
    """Its event changes no state: the first move was refused, a later one was not."""

    def refused(*_: object) -> None:
        raise AccessRefused("S3 CopyObject", "a policy")

    event = workflow.upload("incoming/transactions/acme/may.csv", good_and_bad())
    with monkeypatch.context() as broken:
        broken.setattr(workflow.stage.store, "move", refused)
        state = workflow.run(event)
    made = AuditedFile(workflow, event)
    assert wrong(verify(made)) == []
    made.alter("#file", lambda item: item.update(published_at="2026-11-20T13:00:09.000Z", revision=item["revision"] + 1))
    roll_forward(FileTask.from_event(state), made.item, workflow.stage)
    assert made.events[-1]["from_status"] == made.events[-1]["to_status"] == "SUCCEEDED"
    assert made.item["location"]["key"].startswith("processed/")
    assert wrong(verify(made)) == []


def _contents_swapped(file: AuditedFile) -> None:
    """Chunks 1 and 2 exchange all that their items say."""
    _, first, second, *_ = file.chunks
    for target, source in ((first, second), (second, first)):
        file.alter(target["chunk_id"], lambda item, source=source: item.update({**source, "chunk_id": item["chunk_id"]}))  # type: ignore[misc]


def _outputs_swapped(file: AuditedFile) -> None:
    _, first, second, *_ = file.chunks
    file.alter(first["chunk_id"], lambda item: item.update(parquet=second["parquet"]))
    file.alter(second["chunk_id"], lambda item: item.update(parquet=first["parquet"]))


def _forged_row(file: AuditedFile) -> None:
    """One amount changed, and object, name, digest and manifest all made to agree with it: only the original knows."""
    chunk = file.chunks[2]

    def more(rows: list[dict[str, Any]]) -> None:
        rows[1]["amount"] += 1

    body = rewritten(file.workflow.read(chunk["parquet"]["key"]), more)
    _replace_parquet(file, chunk, body)


def _replace_parquet(file: AuditedFile, chunk: Item, body: bytes) -> None:
    store = file.workflow.stage.store
    written = store.write_addressed(
        lambda digest: keys.chunk_parquet("transactions", file.id, chunk["chunk_id"], digest), body, "application/vnd.apache.parquet"
    )
    file.alter(chunk["chunk_id"], lambda item: item["parquet"].update(written.to_dict()))
    manifest = json.dumps(commit_manifest(file.item, file.chunks)).encode()
    file.overwrite(file.item["commit_manifest"], lambda _: manifest)


def _edit(part: str, **changes: Any) -> Callable[[AuditedFile], None]:
    return lambda file: file.alter(part, lambda item: item.update(changes))


def _event(file: AuditedFile, index: int = 2) -> str:
    return str(file.events[index]["chunk_id"])


def _without_event(file: AuditedFile, index: int = 2) -> None:
    file.workflow.dynamodb.delete_item(TableName=TABLE, Key={"file_id": {"S": file.id}, "chunk_id": {"S": _event(file, index)}})


TAMPERED: dict[str, tuple[Callable[[AuditedFile], None], str]] = {
    "a byte of a Parquet object": (
        lambda file: file.overwrite(file.chunks[1]["parquet"]["key"], flip_last_byte),
        "differs: chunk 00001: .*SHA-256",
    ),
    "a Parquet object that grew": (
        lambda file: file.overwrite(file.chunks[1]["parquet"]["key"], lambda body: body + b"x"),
        "differs: chunk 00001: .* bytes was written",
    ),
    "a Parquet object deleted": (lambda file: file.delete(file.chunks[1]["parquet"]["key"]), "differs: chunk 00001: .* not in the bucket"),
    "a byte of the rejects": (lambda file: file.overwrite(_rejects(file), flip_last_byte), "differs: chunk 0000.: rejected/.*SHA-256"),
    "a value of a row, in all places but the original": (_forged_row, "differs: chunk 00002: row .* is not the original's, in: amount"),
    "the version of the original deleted": (
        lambda file: file.delete(file.item["location"]["key"], file.item["location"]["version_id"]),
        "differs: original: .* not in the bucket",
    ),
    "a count of a chunk": (_edit("00001", rows_read=3), "differs: chunk 00001: 3 rows read are not"),
    "counts of a chunk that add up": (
        _edit("00001", rows_read=0, rows_accepted=0, rows_rejected=0),
        f"differs: table: rows_read of the file is {ROWS}",
    ),
    "a count of the file": (
        _edit("#file", rows_read=ROWS + 1),
        f"differs: table: rows_read of the file is {ROWS + 1}, the chunks have {ROWS}",
    ),
    "blank lines": (_edit("00000", blank_lines=5), "differs: chunk 00000: blank_lines is 0, the table says 5"),
    "reasons": (_edit("#file", reasons={}), "differs: table: the reasons"),
    "duplicate keys": (_edit("#file", duplicate_keys=1), "differs: primary key: 0 rows repeat a key, the table says 1"),
    "two chunks swapped": (_contents_swapped, "differs: table: a chunk covers"),
    "two outputs swapped": (_outputs_swapped, "differs: chunk 00001: its parquet is .*/00002-"),
    "a chunk's range": (_edit("00001", end=10**9), "differs: table: a chunk covers"),
    "a boundary proof": (_edit("00001", proof={"aligned": False, "open_quote": None}), "differs: table: no record ends"),
    "an event removed": (_without_event, "differs: table: no event tells of revision 3 of 5"),
    "the last event removed": (lambda file: _without_event(file, 4), "differs: table: the events end with COMMITTED"),
    "a change without an event": (_edit("#file", revision=6), "differs: table: the events end with revision 5, the file has 6"),
    "an event's state": (
        lambda file: file.alter(_event(file), lambda event: event.update(from_status="REGISTERED")),
        "differs: table: the event of revision 3 starts from REGISTERED",
    ),
    "the file's state": (_edit("#file", file_status="FAILED"), "differs: commit manifest: .* is there, and readers take it for data"),
    "the sender's key": (_edit("#file", key="incoming/transactions/other/may.csv"), "differs: table: they give"),
    "the original's checksum": (_edit("#file", etag="0" * 32), "differs: original: ETag 0"),
    "the original's size": (_edit("#file", size=10), "differs: original: 10 bytes arrived"),
    "the contract's digest": (_edit("#file", contract_sha256="0" * 64), "differs: contract: the contract's digest is"),
    "the contract's snapshot": (
        lambda file: file.overwrite(file.item["reading_key"], lambda body: body.replace(b'"BOOKED"', b'"BOOKET"')),
        "differs: contract: .* does not bear the digest",
    ),
    "the commit manifest": (
        lambda file: file.overwrite(file.item["commit_manifest"], lambda body: body.replace(b'"acme"', b'"evil"')),
        "differs: commit manifest: .* differs from the table in: partner",
    ),
    "the manifest's list of objects": (
        lambda file: file.overwrite(file.item["commit_manifest"], _without_last_object),
        "differs: commit manifest: .* in: objects",
    ),
    "the report of rejects": (lambda file: file.overwrite(file.item["reject_report"], lambda _: b"{}"), "differs: reject report: .* rows"),
    "a manifest that is no JSON": (lambda file: file.overwrite(file.item["commit_manifest"], lambda _: b"{"), "differs: commit manifest"),
    "a number that is text": (_edit("#file", rows_read="24"), "differs: table: rows_read of the file's item is a str"),
    "a negative number": (_edit("00001", start=-5), "differs: table: start of chunk 00001 is -5"),
    "an entry removed": (lambda file: file.alter("00001", lambda item: item.pop("reasons")), "differs: table: chunk 00001 has no reasons"),
}


def _rejects(file: AuditedFile) -> str:
    return str(next(chunk["rejects"]["key"] for chunk in file.chunks if "rejects" in chunk))


def _without_last_object(body: bytes) -> bytes:
    manifest = json.loads(body)
    manifest["objects"].pop()
    return json.dumps(manifest).encode()


@pytest.mark.parametrize(("tamper", "named"), TAMPERED.values(), ids=TAMPERED)
def test_tampering_is_named(file: AuditedFile, tamper: Callable[[AuditedFile], None], named: str) -> None:
    tamper(file)
    found = wrong(verify(file))
    assert any(re.match(named, line) for line in found), found


OTHER_COLUMNS = b"a;b\n1;2\n"
OPEN_QUOTE = csv([row(1), row(2, merchant='"never closed')])


def test_what_was_rejected_on_sight_is_rejected_again(process: Any) -> None:
    found = verify(process(OTHER_COLUMNS))
    assert ("original", "it is rejected again for the reason that the table gives") in {(check.subject, check.claim) for check in found}
    assert wrong(found) == []


def test_what_was_not_processed_to_its_end_is_not_called_verified(process: Any) -> None:
    (line,) = wrong(verify(process(OPEN_QUOTE)))
    assert re.match(r"unknown: original: chunk 0000\d is not done, so neither rows nor the reason of the end are found again", line)
    assert "contract check" in line


@pytest.mark.parametrize(
    ("body", "forged", "named"),
    [
        (OTHER_COLUMNS, {"error_message": "forged"}, "differs: table: error_message is not what the event of revision 2 tells"),
        (OPEN_QUOTE, {"error_type": "NotCsv"}, "differs: table: error_type is not what the event of revision"),
        (OTHER_COLUMNS, {"rows_read": 1, "rows_accepted": 1}, "differs: table: rows_read of the file is 1, the chunks have 0"),
        (OPEN_QUOTE, {"contract_sha256": "0" * 64}, "differs: contract: the contract's digest is"),
    ],
    ids=["message", "type", "counts", "contract"],
)
def test_tampering_with_a_rejected_file_is_named(process: Any, body: bytes, forged: dict[str, Any], named: str) -> None:
    made = process(body)
    made.alter("#file", lambda item: item.update(forged))
    found = wrong(verify(made))
    assert any(re.match(named, line) for line in found), found


def test_a_reason_that_the_original_does_not_bear_out_is_not_called_verified(process: Any) -> None:
    """Item and event were made to agree; the original still has other columns, and no missing quote."""
    made = process(OTHER_COLUMNS)
    made.alter("#file", lambda item: item.update(error_type="NotCsv"))
    end = next(event for event in made.events if "error_type" in event["detail"])
    made.alter(end["chunk_id"], lambda event: event["detail"].update(error_type="NotCsv"))
    (line,) = wrong(verify(made))
    assert line.startswith("unknown: original: the contracts of this checkout find HeaderMismatch; verify from the commit")


def test_a_forged_row_is_named_by_its_number_and_without_its_value(file: AuditedFile, run: Run) -> None:
    """The number is the one that ``--row`` takes: the row that was forged answers to it."""
    _forged_row(file)
    (line,) = wrong(verify(file))
    number = int(line.partition("row ")[2].split(" ")[0])
    shown = json.loads(run("audit", file.id, "--row", number, "--stage", "test", "--json").stdout)["row"]["values"]
    assert shown["amount"] == f"{number + 1}.25"
    assert shown["amount"] not in line


def test_the_same_rows_in_other_bytes_agree(file: AuditedFile) -> None:
    """A later version of the writer may compress otherwise: the content decides."""
    chunk = file.chunks[1]
    _replace_parquet(file, chunk, rewritten(file.workflow.read(chunk["parquet"]["key"])))
    assert file.chunks[1]["parquet"]["sha256"] != chunk["parquet"]["sha256"]
    assert wrong(verify(file)) == []


def test_an_original_in_glacier_is_named_with_the_command_that_restores_it(file: AuditedFile) -> None:
    class Archived:
        """S3 as it describes an object that a lifecycle rule moved; the class cannot be set in place."""

        restore = ""

        def head_object(self, **asked: Any) -> dict[str, Any]:
            return {**file.workflow.s3.head_object(**asked), "StorageClass": "GLACIER", "Restore": self.restore}

    s3 = Archived()
    (line,) = wrong(verify(file, s3=s3))
    assert line.startswith(f"{UNKNOWN}: original: the original is in GLACIER; restore it")
    assert f"aws s3api restore-object --bucket {BUCKET} --key '{file.item['location']['key']}'" in line
    s3.restore = 'ongoing-request="true"'
    assert "being restored" in wrong(verify(file, s3=s3))[0]
    s3.restore = 'ongoing-request="false", expiry-date="Fri, 27 Nov 2026 00:00:00 GMT"'
    assert wrong(verify(file, s3=s3)) == []


def test_an_expired_snapshot_is_replaced_by_the_same_contract_only(file: AuditedFile) -> None:
    file.delete(file.item["reading_key"])
    assert wrong(verify(file)) == []
    (line,) = wrong(verify(file, contracts={}))
    assert line.startswith(f"{UNKNOWN}: contract: manifests/")
    assert "expired" in line


def test_a_compressed_original_is_decoded_again_and_its_text_not_trusted(process: Any) -> None:
    made: AuditedFile = process(gzip.compress(good_and_bad(), mtime=0))
    made.delete(made.item["decoded"]["key"], made.item["decoded"]["version_id"])  # it expires
    assert wrong(verify(made)) == []
    made.alter("#file", lambda item: item["decoded"].update(sha256="0" * 64))
    assert any(re.match("differs: original: SHA-256 0000.* was recorded", line) for line in wrong(verify(made)))


def test_what_may_not_be_read_is_not_called_changed(file: AuditedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = file.chunks[0]["parquet"]["key"]
    stream = object_store.ObjectStore.stream

    def guarded(self: Any, ref: Any, start: int, end: int) -> Iterator[bytes]:
        if ref.key == refused:
            raise AccessRefused("S3 GetObject", ref.key)
        return stream(self, ref, start, end)

    monkeypatch.setattr(object_store.ObjectStore, "stream", guarded)
    (line,) = wrong(verify(file))
    assert line.startswith(f"{UNKNOWN}: chunk 00000: S3 GetObject")


def test_bytes_that_s3_did_not_receive_are_named_though_s3_says_nothing(file: AuditedFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """One letter of row 20's merchant: only the bytes tell, as an ETag and as a row."""
    original, stream = file.item["location"]["key"], object_store.ObjectStore.stream

    def rotten(self: Any, ref: Any, start: int, end: int) -> Iterator[bytes]:
        body = b"".join(stream(self, ref, start, end))
        at = body.rindex(b"Smith") if ref.key == original else 0
        return iter([body[:at] + b"$" + body[at + 1 :]] if at else [body])

    monkeypatch.setattr(object_store.ObjectStore, "stream", rotten)
    found = wrong(verify(file))
    assert any(re.match("differs: original: S3 says .*, the bytes give", line) for line in found)
    assert any("row 20 of the Parquet is not the original's, in: merchant" in line for line in found)


def test_an_original_that_was_uploaded_in_parts_has_its_etag_computed(workflow: Workflow) -> None:
    """Parts of 5 MiB and a rest; then one byte is exchanged, which only the bytes can tell."""
    body = csv(row(number, description="x" * 20_000) for number in range(300))
    workflow.chunk_bytes = 2_000_000
    key, part = "incoming/transactions/acme/parts.csv", 5 * 1024 * 1024
    upload = workflow.s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    pieces = [body[at : at + part] for at in range(0, len(body), part)]
    tags = [
        {"PartNumber": n, "ETag": workflow.s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=n, Body=piece)["ETag"]}
        for n, piece in enumerate(pieces, 1)
    ]
    done = workflow.s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": tags})
    event = workflow.upload(key, b"")
    event["detail"]["object"] |= {"version-id": done["VersionId"], "size": len(body), "etag": done["ETag"].strip('"')}
    workflow.run(event)
    made = AuditedFile(workflow, event)
    assert made.item["etag"].endswith("-2")
    assert wrong(verify(made)) == []


def test_the_command_says_what_agrees_and_exits_by_it(file: AuditedFile, run: Run) -> None:
    good = run("audit", file.id, "--verify", "--stage", "test")
    assert good.exit_code == 0, good.stdout
    assert f"({len(file.chunks)} times)" in good.stdout
    file.delete(file.chunks[0]["parquet"]["key"])
    bad = run("audit", file.id, "--verify", "--stage", "test")
    assert bad.exit_code == 1
    assert (
        f"DIFFERS       chunk 00000: its outputs have the size and SHA-256 that were recorded: {file.chunks[0]['parquet']['key']}"
        in bad.stdout
    )
    assert "not verified: 1 difference;" in bad.stderr
    told = json.loads(run("audit", file.id, "--verify", "--stage", "test", "--json").stdout)["verification"]
    assert (told["verified"], [check["subject"] for check in told["checks"] if check["result"] == "differs"]) == (False, ["chunk 00000"])
