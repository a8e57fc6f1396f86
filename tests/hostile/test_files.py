"""Every file of the table has the expected outcome; nothing is lost, and the reason is one line."""

from __future__ import annotations

import io
import json
from typing import Any, Dict, List, Tuple

import pyarrow.parquet as pq
import pytest

from tests.hostile.case import Case, Refused, Rows
from tests.hostile.execution import Execution
from tests.hostile.table import FILES

#: The most characters of a message that an item keeps.
MESSAGE_CHARACTERS = 2000
CASES = [pytest.param(case, id=f"{kind.__name__.rpartition('.')[2]}-{case.sends[:60]}") for kind in FILES for case in kind.CASES]


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_file_ends_as_the_table_says(execution: Execution, case: Case) -> None:  # E6 E20 E22
    workflow = execution.workflow
    vars(workflow.stage)["contracts"] = {case.contract.dataset: case.contract}
    event = workflow.upload(case.uploaded_as, case.body)
    outcome = execution.run(event)["outcome"]
    item = workflow.item(event)
    if isinstance(case.becomes, Refused):
        assert (item["file_status"], item["error_type"]) == (case.becomes.status, case.becomes.error.__name__), item["error_message"]
        assert all(words in item["error_message"] for words in case.becomes.words), item["error_message"]
        assert workflow.keys(f"curated/{case.contract.dataset}/_files/{item['file_id']}") == []
    else:
        assert item["file_status"] == "SUCCEEDED", item["error_message"]
        assert_rows(execution, item, case.becomes)
    assert outcome["status"] == item["file_status"]
    assert outcome["publish"] is not case.contract.reserved
    assert_nothing_lost(execution, item, case)
    assert_quiet(execution, item, case)


def assert_rows(execution: Execution, item: Dict[str, Any], expected: Rows) -> None:
    accepted, rejected = rows_of(execution, item)
    assert accepted == [*expected.accepted]
    assert rejected == [*expected.rejected]
    assert (item["blank_lines"], item["duplicate_keys"]) == (expected.blank_lines, expected.repeated_keys)
    assert item["rows_read"] == item["rows_accepted"] + item["rows_rejected"]
    assert (item["rows_accepted"], item["rows_rejected"]) == (len(accepted), len(rejected))


def rows_of(execution: Execution, item: Dict[str, Any]) -> Tuple[List[Tuple[Any, ...]], List[Tuple[Any, ...]]]:
    """The accepted rows in the order of the contract, and the rejected ones as (offset, ``column:code``...)."""
    workflow = execution.workflow
    tables = [pq.read_table(io.BytesIO(workflow.read(entry["key"]))) for entry in workflow.read_json(item["commit_manifest"])["objects"]]
    accepted = [tuple(row.values()) for table in tables for row in table.to_pylist()]
    report = workflow.read_json(item["reject_report"]) if item["reject_report"] else {"objects": []}
    lines = [json.loads(line) for entry in report["objects"] for line in workflow.read(entry["key"]).splitlines()]
    return accepted, [(line["offset"], *(f"{error['column'] or '*'}:{error['code']}" for error in line["errors"])) for line in lines]


def assert_nothing_lost(execution: Execution, item: Dict[str, Any], case: Case) -> None:
    """The original is moved out of ``incoming/``, byte for byte."""
    workflow = execution.workflow
    location = item["location"]["key"]
    assert workflow.keys("incoming/") == []
    assert location.startswith("processed/" if isinstance(case.becomes, Rows) else "failed/")
    assert ".." not in location.split("/")
    assert len(location.encode()) <= 1024
    assert workflow.read(location) == case.body


def assert_quiet(execution: Execution, item: Dict[str, Any], case: Case) -> None:
    """The message is one line; neither it nor the log has a traceback or a row of the file."""
    message = item.get("error_message", "")
    assert len(message) < MESSAGE_CHARACTERS
    assert message.isprintable() or not message
    assert "Traceback" not in message
    assert [line for line in execution.logged if "exception" in line] == []
    said = message + json.dumps(execution.logged)
    assert "SECRET" not in said
    rows = [line for line in case.body.split(b"\n")[1:] if len(line) >= 12]
    assert not any(line.decode("utf-8", "replace") in said for line in rows)
