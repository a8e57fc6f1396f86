"""F1: the jobs of a dataset with their outputs, and what operators and auditors see of extracts and of records that are bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from ops.audit.verification import Verifier
from ops.record_text import dump, record_text
from runtime.core.models import FileStatus, FileTask
from runtime.formats.registry import load_contracts
from tests.support.accounts import Account
from tests.support.workflow import BUCKET, TABLE, Workflow
from tests.unit.ops.audited import AuditedFile, flip_last_byte

Run = Callable[..., Result]
SIZES = {"array": 110, "standard": 107, "variable": 59}
ROWS = 12
#: The bytes of the balance in a record; row 5's are blanks.
BALANCE, BAD_ROW = slice(12, 24), 5


def accounts() -> bytes:
    records = [bytearray(Account(number, group=f"G{number}").record()) for number in range(1, ROWS + 1)]
    records[BAD_ROW - 1][BALANCE] = b"\x40" * 12
    return b"".join(records)


@pytest.fixture
def workflow(deployed: Any) -> Workflow:
    return Workflow(deployed.s3, deployed.dynamodb)


@pytest.fixture
def file(workflow: Workflow) -> AuditedFile:
    event = workflow.upload("incoming/accounts/cardco/ACCTDATA.PS", accounts())
    workflow.run(event)
    made = AuditedFile(workflow, event)
    assert (made.item["file_status"], len(made.chunks)) == (FileStatus.SUCCEEDED, 4)
    return made


def test_jobs_of_a_dataset_are_listed_newest_first_with_their_outputs(file: AuditedFile, workflow: Workflow, run: Run) -> None:
    other = workflow.upload("incoming/transactions/acme/may.csv", b"no header\n")
    rejected = workflow.upload("incoming/accounts/cardco/SHORT.PS", accounts()[:-1])
    for event in (other, rejected):
        workflow.run(event)
    jobs = json.loads(run("status", "--dataset", "accounts", "--stage", "test", "--json").stdout)["files"]
    assert [(job["job_id"], job["file_status"]) for job in jobs] == [(workflow.id_of(rejected), "REJECTED"), (file.id, "SUCCEEDED")]
    assert [job["file_id"] for job in jobs] == [job["job_id"] for job in jobs]
    uri = f"s3://{BUCKET}"
    assert jobs[1]["outputs"] == {
        "curated": f"{uri}/curated/accounts/_files/{file.id}.json",
        "rejected": f"{uri}/rejected/accounts/_files/{file.id}.json",
        "extracts": {
            name: {"uri": f"{uri}/extracts/accounts/{file.id}/{name}.dat", "size": (ROWS - 1) * size} for name, size in SIZES.items()
        },
    }
    assert jobs[0]["outputs"] == {"curated": None, "rejected": None, "extracts": {}}
    shown = run("status", "--dataset", "accounts", "--stage", "test").stdout
    assert f"extracts/accounts/{file.id}/standard.dat (1.2 kB)" in shown
    assert [job["file_id"] for job in _listed(run, "--status", "REJECTED")] == [workflow.id_of(rejected)]
    assert [job["file_id"] for job in _listed(run, "--limit", 1)] == [workflow.id_of(rejected)]


def _listed(run: Run, *more: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("status", "--dataset", "accounts", *more, "--stage", "test", "--json").stdout)["files"]
    return found


def test_the_index_of_jobs_has_files_alone_and_only_those_of_a_known_dataset(file: AuditedFile, workflow: Workflow) -> None:
    """Chunks and events are no jobs; null would be refused by the index, and versions before it wrote that."""
    unknown = workflow.upload("incoming/anything.csv", b"no,such,header\n")
    workflow.run(unknown)
    indexed = workflow.dynamodb.scan(TableName=TABLE, IndexName="files-by-dataset")["Items"]
    assert [(item["file_id"]["S"], item["chunk_id"]["S"]) for item in indexed] == [(file.id, "#file")]
    item = workflow.item(unknown)
    assert (item["file_status"], "dataset" in item) == (FileStatus.REJECTED, False)
    workflow.stage.tracking.transition(
        FileTask(workflow.id_of(unknown), 1, item["execution"]), FileStatus.FAILED, (FileStatus.REJECTED,), {"dataset": None}
    )
    assert "dataset" not in workflow.item(unknown)


def test_one_file_is_shown_with_its_extracts_and_how_to_fetch_them(file: AuditedFile, run: Run) -> None:
    shown = run("status", file.id, "--stage", "test").stdout
    for name, size in SIZES.items():
        assert re.search(rf"extract +{name}: s3://{BUCKET}/extracts/accounts/{file.id}/{name}.dat \({(ROWS - 1) * size:,} bytes\)", shown)
    assert f"aws s3 cp --recursive s3://{BUCKET}/extracts/accounts/{file.id}/ ." in shown
    told = run("audit", file.id, "--stage", "test").stdout
    assert "12 columns, cp037, records of format FB" in told
    assert f"extracts/accounts/{file.id}/standard.dat, 1,177 bytes" in told
    assert file.chunks[2]["extracts"]["variable"]["sha256"] in told


def test_a_rejected_record_is_shown_as_characters_and_in_full_as_a_dump(file: AuditedFile, run: Run) -> None:
    listed = run("rejects", file.id, "--stage", "test").stdout
    assert "spaces: bytes 13 to 24 of the record" in listed
    assert "00000000005Y            00000020200{" in listed
    (row,) = json.loads(run("rejects", file.id, "--stage", "test", "--json").stdout)["rows"]
    assert (row["row"], row["raw"]) == (BAD_ROW, f"X'{accounts()[1200:1500].hex().upper()}'")
    told = run("audit", file.id, "--row", BAD_ROW, "--stage", "test").stdout
    assert "0  F0F0F0F0 F0F0F0F0 F0F0F5E8 40404040 40404040 40404040 F0F0F0F0 F0F0F2F0  00000000005Y            00000020" in told
    assert "288  40404040 40404040 40404040" in told


def test_an_accepted_record_is_found_by_its_number(file: AuditedFile, run: Run) -> None:
    found = json.loads(run("audit", file.id, "--row", 6, "--stage", "test", "--json").stdout)["row"]
    assert (found["fate"], found["values"]["acct_id"], found["values"]["acct_group_id"]) == ("accepted", 6, "G6")


def test_bytes_that_are_no_characters_are_dots() -> None:
    assert record_text(b"\xc1\x00\x0c\x25\xd9\xd3", "cp037") == "A...RL"
    assert list(dump(b"\xc1" * 33, "cp037"))[1].split() == ["32", "C1", "A"]


def verify(file: AuditedFile) -> list[str]:
    stage = file.workflow.stage
    checks = Verifier(file.item, file.chunks, file.events, stage.store, file.workflow.s3, load_contracts(), int).checks()
    return [f"{check.result}: {check.subject}: {check.detail}" for check in checks if check.result != "agrees"]


def _key(file: AuditedFile, name: str) -> str:
    return str(file.item["extracts"][name]["key"])


TAMPERED: dict[str, tuple[Callable[[AuditedFile], None], str]] = {
    "a byte of an extract": (
        lambda file: file.overwrite(_key(file, "array"), flip_last_byte),
        "differs: extract array: extracts/.*: bytes 880 to 1,210 are not the part of chunk 00003",
    ),
    "two parts of an extract exchanged": (
        lambda file: file.overwrite(_key(file, "standard"), lambda body: body[321:535] + body[:321] + body[535:]),
        "differs: extract standard: extracts/.*: bytes 0 to 321 are not the part of chunk 00000",
    ),
    "an extract that grew": (
        lambda file: file.overwrite(_key(file, "variable"), lambda body: body + b"x"),
        "differs: extract variable: .*650",
    ),
    "an extract deleted": (lambda file: file.delete(_key(file, "array")), "differs: extract array: .* not in the bucket"),
    "an extract that the table forgot": (
        lambda file: file.alter("#file", lambda item: item["extracts"].pop("array")),
        "differs: extracts: they differ in: array",
    ),
    "a part's digest": (
        lambda file: file.alter("00001", lambda item: item["extracts"]["array"].update(sha256="0" * 64)),
        "differs: chunk 00001: its part of extract array is staging/",
    ),
    "a part that the table forgot": (
        lambda file: file.alter("00002", lambda item: item.pop("extracts")),
        "differs: chunk 00002: its parts of extracts are not what the original gives: array, standard, variable",
    ),
    "a part without its size": (
        lambda file: file.alter("00002", lambda item: item["extracts"]["array"].pop("size")),
        "differs: table: extract array of chunk 00002 has no size",
    ),
}


@pytest.mark.parametrize(("tamper", "named"), TAMPERED.values(), ids=TAMPERED)
def test_an_extract_that_is_not_its_parts_is_named(file: AuditedFile, tamper: Callable[[AuditedFile], None], named: str) -> None:  # E20
    tamper(file)
    found = verify(file)
    assert any(re.match(named, line) for line in found), found


def test_extracts_that_nobody_touched_agree_with_the_original(file: AuditedFile, run: Run) -> None:  # E20
    assert verify(file) == []
    shown = run("audit", file.id, "--verify", "--stage", "test").stdout
    assert all(f"extract {name}: it is the chunks' parts in their order, to the byte" in shown for name in SIZES)
    assert "it has a header" not in shown, "records have none"
