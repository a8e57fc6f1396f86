"""E20: what happened to a file, and to each of its rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from ops.audit import stored
from ops.audit.rows import ordinal_of_accepted
from runtime.core.errors import InvalidInput
from runtime.core.models import Redrive
from runtime.formats.registry import load_contracts
from tests.support.transactions import HEADER, csv, row
from tests.support.workflow import Workflow
from tests.unit.ops.audited import BAD, ROWS, AuditedFile, good_and_bad

Run = Callable[..., Result]
DOCUMENT = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.fixture
def workflow(deployed: Any) -> Workflow:
    return Workflow(deployed.s3, deployed.dynamodb)


@pytest.fixture
def process(workflow: Workflow) -> Callable[..., AuditedFile]:
    def run(body: bytes, key: str = "incoming/transactions/acme/may.csv") -> AuditedFile:
        event = workflow.upload(key, body)
        workflow.run(event)
        return AuditedFile(workflow, event)

    return run


@pytest.fixture
def file(process: Any) -> AuditedFile:
    made: AuditedFile = process(good_and_bad())
    assert len(made.chunks) > 3
    return made


def audited(run: Run, identity: str, *arguments: object) -> dict[str, Any]:
    result = run("audit", identity, *arguments, "--stage", "test", "--json")
    assert result.exit_code == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_the_story_says_who_what_when_and_every_chunk(file: AuditedFile, run: Run) -> None:
    told = audited(run, file.id)
    assert told["sender"] == {
        "requester": "111122223333",
        "source_ip": "192.0.2.1",
        "event_time": "2026-11-20T13:00:00Z",
        "partner": "acme",
    }
    arrived, detail = told["object"], file.event["detail"]["object"]
    assert (arrived["key"], arrived["version_id"], arrived["etag"]) == (detail["key"], detail["version-id"], detail["etag"])
    assert arrived["location"]["key"].startswith("processed/")
    assert [event["to_status"] for event in told["events"]] == ["REGISTERED", "VALIDATED", "PROCESSING", "COMMITTED", "SUCCEEDED"]
    assert told["rows"]["rows_read"] == sum(chunk["rows_read"] for chunk in told["chunks"]) == ROWS
    assert [chunk["end"] for chunk in told["chunks"]][:-1] == [chunk["start"] for chunk in told["chunks"]][1:]
    assert {chunk["attempts"] for chunk in told["chunks"]} == {1}
    outputs = [chunk["outputs"]["parquet"] for chunk in told["chunks"]]
    assert all(stored.sha256(file.workflow.read(output["key"])) == output["sha256"] for output in outputs)
    assert (told["row"], told["verification"]) == (None, None)


def test_which_rows_repeat_a_key_is_told_to_a_person(process: Any, run: Run) -> None:  # G3
    few = process(csv([row(1), row(2), row(1), row(2)]))
    assert "row 3 repeats row 1, row 4 repeats row 2\n" in run("audit", few.id, "--stage", "test").stdout
    many = process(csv([row(1)] * 14), "incoming/transactions/acme/june.csv")
    shown = run("audit", many.id, "--stage", "test").stdout
    assert "row 2 repeats row 1, " in shown
    assert ", and 3 more\n" in shown


def test_the_document_of_the_story_names_each_of_its_keys(file: AuditedFile, run: Run) -> None:
    told = audited(run, file.id)
    section = DOCUMENT.partition("## audit\n")[2].partition("\n## ")[0]
    for part in (told, *(told[name] for name in ("sender", "object", "reading", "workflow", "rows", "outcome"))):
        assert [name for name in part if f"`{name}`" not in section] == []
    assert [name for name in told["chunks"][0] | told["events"][0] if f"`{name}`" not in section] == []


def test_the_story_as_text_fits_a_terminal_and_hides_no_hash(file: AuditedFile, run: Run) -> None:
    shown = run("audit", file.id, "--stage", "test").stdout
    assert "111122223333 from 192.0.2.1" in shown
    for chunk in file.chunks:
        assert chunk["parquet"]["sha256"] in shown
    assert f"{ROWS} read = {ROWS - 2} accepted + 2 rejected; 1 blank line\n" in shown
    assert "\noutcome       not delivered to the partner's queue\n" in shown
    file.alter("#file", lambda item: item.update(published_at="2026-11-20T13:00:09.000Z"))
    assert "\noutcome       delivered 2026-11-20T13:00:09.000Z\n" in run("audit", file.id, "--stage", "test").stdout
    too_long = [line for line in shown.splitlines() if len(line) > 100 and "SHA-256" not in line and "/" not in line]
    assert too_long == []


def test_a_chunks_errors_and_attempts_are_told(file: AuditedFile, run: Run) -> None:
    error = {"at": "2026-11-20T13:00:00.000Z", "type": "StorageUnavailable", "message": "S3\x1b[2J was slow"}
    file.alter("00001", lambda chunk: chunk.update(attempts=2, errors=[error]))
    shown = run("audit", file.id, "--stage", "test").stdout
    assert "attempts 2" in shown
    assert "StorageUnavailable: S3\\x1b[2J was slow" in shown


def test_what_an_attempt_recorded_is_told_though_the_file_began_again(
    process: Any, workflow: Workflow, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:  # E20 E25
    def breaks(*_: object, **__: object) -> None:
        raise InvalidInput("broken")

    with monkeypatch.context() as broken:
        broken.setattr("runtime.steps.finalize._reconcile", breaks)
        file = process(good_and_bad())
    first = file.chunks
    assert audited(run, file.id)["superseded"] == []
    workflow.chunk_bytes = 2500
    workflow.run(Redrive(file.id, 1, "ada", from_start=True).to_event())
    told = audited(run, file.id)
    assert len(told["chunks"]) < len(first)
    kept = sorted(told["superseded"], key=lambda chunk: chunk["chunk_id"])
    assert [(chunk["chunk_id"], chunk["plan"], chunk["rows_read"], chunk["start"]) for chunk in kept] == [
        (chunk["chunk_id"], 1, chunk["rows_read"], chunk["start"]) for chunk in first
    ]
    assert [chunk["outputs"].get("parquet") for chunk in kept] == [chunk.get("parquet") for chunk in first]
    assert "Chunks of earlier plans" in run("audit", file.id, "--stage", "test").stdout


def test_every_row_is_found_with_its_values_or_its_reasons(file: AuditedFile, run: Run) -> None:
    """The whole file row by row: what each became is what was sent, never read from the original."""
    file.delete(file.item["location"]["key"], file.item["location"]["version_id"])
    for number in range(1, ROWS + 1):
        found = audited(run, file.id, "--row", number)["row"]
        assert found["fate"] == ("rejected" if number in BAD else "accepted")
        if number in BAD:
            reject = found["reject"]
            assert good_and_bad()[reject["offset"] : reject["offset"] + reject["length"]].decode() == BAD[number]
            line = file.workflow.read(found["output"]["key"]).splitlines()[found["place"] - 1]
            assert json.loads(line)["offset"] == reject["offset"]
        else:
            assert found["values"]["transaction_id"] == f"{number:032x}"


def test_a_row_is_shown_to_a_person_with_place_and_values(file: AuditedFile, run: Run) -> None:
    shown = run("audit", file.id, "--row", 5, "--stage", "test").stdout
    assert "5 was accepted" in shown
    assert "row 5 of curated/transactions/" in shown
    assert 'Smith, Jones\\nand "Co"' in shown
    rejected = run("audit", file.id, "--row", 7, "--stage", "test").stdout
    assert "7 was rejected" in rejected
    assert "field-count" in rejected


@pytest.mark.parametrize(("number", "words"), [(ROWS + 1, f"has {ROWS} rows"), (10**9, f"has {ROWS} rows")])
def test_a_row_beyond_the_end_is_an_error_that_counts(file: AuditedFile, run: Run, number: int, words: str) -> None:
    result = run("audit", file.id, "--row", number, "--stage", "test")
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert "blank lines are not counted" in result.stderr


def test_row_zero_is_wrong_usage(file: AuditedFile, run: Run) -> None:
    assert run("audit", file.id, "--row", 0, "--stage", "test").exit_code == 2


def test_a_file_of_a_header_has_no_row(process: Any, run: Run) -> None:
    result = run("audit", process(HEADER.encode()).id, "--row", 1, "--stage", "test")
    assert "has 0 rows" in result.stderr


def test_a_file_that_has_not_ended_has_no_settled_rows(workflow: Workflow, deployed: Any, run: Run) -> None:
    task = deployed.arrive("incoming/transactions/acme/open.csv")
    deployed.plan(task, 1)
    for arguments in (("--row", 1), ("--verify",)):
        result = run("audit", task.file_id, *arguments, "--stage", "test")
        assert result.exit_code == 1
        assert "PROCESSING" in result.stderr


def test_a_file_rejected_before_it_was_read_says_so(process: Any, run: Run) -> None:
    made = process(b"a;b\n1;2\n")
    result = run("audit", made.id, "--row", 1, "--stage", "test")
    assert "ended REJECTED (HeaderMismatch) before its rows were read" in result.stderr


def test_a_good_row_of_a_rejected_file_is_withheld(process: Any, run: Run) -> None:
    """The same key twice, in a dataset that rejects such files: each row is good, and none is data."""
    fields = load_contracts()["positions_de"].fields
    good = {"Depotnummer": "0123456789", "ISIN": "DE0005557508", "Bezeichnung": "Müller", "Gattung": "Währung", "Stück": "1.250"}
    good |= {"Kurs": "1,5", "Kurswert EUR": "-12.345,60", "Stichtag": "19.11.2026", "Verpfändet": "nein"}
    header, line = ";".join(field.name for field in fields), ";".join(good.get(field.name, "") for field in fields)
    made = process(f"{header}\r\n{line}\r\n{line}\r\n".encode("iso-8859-1"), "incoming/positions_de/depotbank/p.csv")
    assert (made.item["file_status"], made.item["error_type"]) == ("REJECTED", "DuplicateKeys")
    found = audited(run, made.id, "--row", 2)["row"]
    assert (found["fate"], found["place"], found["values"]) == ("withheld", 2, None)
    assert "no data" in run("audit", made.id, "--row", 2, "--stage", "test").stdout


def test_an_output_that_was_tampered_with_tells_nothing_of_a_row(file: AuditedFile, run: Run) -> None:
    key = file.chunks[0]["parquet"]["key"]
    file.overwrite(key, lambda body: body + b"more")
    result = run("audit", file.id, "--row", 1, "--stage", "test")
    assert result.exit_code == 1
    assert key in result.stderr
    assert "--verify" in result.stderr


def test_an_unknown_file_is_an_error(deployed: Any, run: Run) -> None:
    assert "has no file" in run("audit", "0" * 32, "--stage", "test").stderr


@given(st.sets(st.integers(0, 60)), st.integers(1, 60))
def test_places_and_ordinals_are_each_others_inverse(rejected: set[int], rows: int) -> None:
    accepted = [ordinal for ordinal in range(rows) if ordinal not in rejected]
    assert [ordinal_of_accepted(place, sorted(rejected)) for place in range(len(accepted))] == accepted


@given(st.lists(st.binary(max_size=8).map(lambda text: text.replace(b"x", b"\n"))))
def test_lines_are_the_same_wherever_the_pieces_are_cut(pieces: list[bytes]) -> None:
    whole = b"".join(pieces).split(b"\n")
    assert list(stored.lines(pieces)) == (whole if whole[-1] else whole[:-1])
