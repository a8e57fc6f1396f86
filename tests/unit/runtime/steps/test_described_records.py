"""Records with descriptors in many chunks: split where they end, and told at its byte where the chain is broken (F1, E2, E20)."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.formats.registry import parse_contract
from tests.support.mainframe import boundaries_of, described
from tests.support.workflow import Workflow

CONTRACT = parse_contract(
    {
        "dataset": "notes",
        "version": 1,
        "format": "fixed-length",
        "encoding": "cp037",
        "record": {
            "format": "V",
            "copybook": [
                "       01  NOTE.",
                "           05  ID     PIC 9(6).",
                "           05  PARTS  PIC 9(2).",
                "           05  PART   PIC X(5) OCCURS 1 TO 9 TIMES DEPENDING ON PARTS.",
            ],
        },
        "schema": {"fields": []},
    },
    "notes",
)
CONTENTS = [f"{number:06}{number % 9 + 1:02}{'words' * (number % 9 + 1)}".encode("cp037") for number in range(2_000)]
BOUNDARIES = boundaries_of(CONTENTS, 4)
KEY = "incoming/notes/acme/notes.ps"


@pytest.fixture
def notes(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    """Small windows, so that boundaries are found in the middle of the file and not from its beginning."""
    monkeypatch.setattr("runtime.formats.copybook.boundaries.WINDOW_BYTES", 256)
    monkeypatch.setattr("runtime.formats.copybook.boundaries.WIDEST_WINDOW_BYTES", 1024)
    vars(workflow.stage)["contracts"] = {"notes": CONTRACT}
    workflow.chunk_bytes = 5_000
    return workflow


def ended(workflow: Workflow, body: bytes) -> dict[str, Any]:
    event = workflow.upload(KEY, body)
    workflow.run(event)
    return workflow.item(event)


def test_a_file_of_many_chunks_is_read_as_it_was_written(notes: Workflow) -> None:
    item = ended(notes, described(CONTENTS))
    assert (item["file_status"], item["rows_accepted"], item["rows_rejected"]) == ("SUCCEEDED", 2_000, 0)
    assert item["chunks"] > 10
    assert item["plan"] == 1
    chunks = list(notes.stage.tracking.chunks(item["file_id"]))
    assert {chunk["end"] for chunk in chunks} <= set(BOUNDARIES)


@pytest.mark.parametrize("record", [1_400, 1_500, 1_999])
def test_a_chain_broken_in_the_middle_is_told_at_its_byte(notes: Workflow, record: int) -> None:
    body = bytearray(described(CONTENTS))
    body[BOUNDARIES[record] + 3] = 1
    item = ended(notes, bytes(body))
    assert (item["file_status"], item["error_type"]) == ("REJECTED", "RecordChainBroken")
    assert f"At byte {BOUNDARIES[record]} stands" in item["error_message"]


def test_a_last_record_that_does_not_end_is_told_before_anything_is_split(notes: Workflow) -> None:
    item = ended(notes, described(CONTENTS)[:-3])
    assert (item["file_status"], item["error_type"]) == ("REJECTED", "TruncatedRecord")
    assert f"from byte {BOUNDARIES[-2]} on" in item["error_message"]
    assert "chunks" not in item


def test_a_last_record_that_no_window_tells_is_told_by_its_chunk(notes: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.formats.copybook.recognition.last_boundary", lambda *_: None)
    item = ended(notes, described(CONTENTS)[:-3])
    assert (item["file_status"], item["error_type"]) == ("REJECTED", "TruncatedRecord")
    assert f"from byte {BOUNDARIES[-2]} on" in item["error_message"]
    assert item["chunks"] > 10
