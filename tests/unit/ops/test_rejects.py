from __future__ import annotations

import base64
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from ops.reject_lines import parse, rejected_rows
from runtime.core.models import FileTask
from tests.unit.ops.deployed_stage import BUCKET, reject_line

Run = Callable[..., Result]


@pytest.fixture
def file(deployed: Any) -> FileTask:
    """Three chunks of ten rows: the last one's are 21 to 30."""
    task: FileTask = deployed.arrive("incoming/sales/acme/a.csv")
    first, second, third = deployed.plan(task, 3)
    deployed.finish_chunk(second, 10)
    deployed.finish_chunk(
        first, 8, [reject_line(0, 20, "=cmd()\x1b,1", ("amount", "type-error")), reject_line(9, 90, "a", (None, "field-count"))]
    )
    deployed.finish_chunk(third, 9, [reject_line(4, 250, "b,x", ("amount", "type-error"), ("day", "required"))])
    deployed.succeed(task)
    return task


def test_a_row_is_numbered_in_the_file_not_in_its_chunk(deployed: Any, file: FileTask) -> None:
    rows = list(rejected_rows(deployed.s3, BUCKET, deployed.tracking.chunks(file.file_id)))
    assert [(row.row, row.offset, len(row.reasons)) for row in rows] == [(1, 20, 1), (10, 90, 1), (25, 250, 2)]


def test_rows_after_an_unfinished_chunk_have_no_number_yet(deployed: Any) -> None:
    task = deployed.arrive("incoming/sales/acme/b.csv")
    _, second = deployed.plan(task, 2)
    deployed.finish_chunk(second, 1, [reject_line(0, 100, "x", ("amount", "enum"))])
    assert [row.row for row in rejected_rows(deployed.s3, BUCKET, deployed.tracking.chunks(task.file_id))] == [None]


def test_bytes_that_are_no_text_are_shown_as_escapes() -> None:
    line = {
        "row": 0,
        "offset": 9,
        "length": 5,
        "raw_base64": base64.b64encode(b"caf\xe9").decode(),
        "errors": [{"code": "encoding-error", "message": "m"}],
    }
    row = parse(json.dumps(line).encode(), "00000", 0)
    assert row.raw == "caf\\xe9"
    assert row.reasons[0].column is None


def test_reasons_are_counted_and_samples_shown_without_control_characters(file: FileTask, run: Run) -> None:
    shown = run("rejects", file.file_id, "--stage", "test", "--limit", 2)
    assert shown.exit_code == 0
    assert "3 rows rejected" in shown.stdout
    assert "1 more" in shown.stdout
    assert "=cmd()\\x1b" in shown.stdout
    assert "\x1b" not in shown.stdout
    found = json.loads(run("rejects", file.file_id, "--stage", "test", "--json").stdout)
    assert found["reasons"] == [
        {"column": "amount", "code": "type-error", "rows": 2},
        {"column": None, "code": "field-count", "rows": 1},
        {"column": "day", "code": "required", "rows": 1},
    ]
    assert [row["row"] for row in found["rows"]] == [1, 10, 25]


def test_the_export_has_every_reason_and_no_formula(file: FileTask, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    result = run("rejects", file.file_id, "--stage", "test", "--export", target, "--json")
    assert json.loads(result.stdout)["exported"] == 4
    with target.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["row"], row["column"], row["code"]) for row in rows] == [
        ("1", "amount", "type-error"),
        ("10", "", "field-count"),
        ("25", "amount", "type-error"),
        ("25", "day", "required"),
    ]
    assert rows[0]["raw"] == "'=cmd()\\x1b,1"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_an_export_that_fails_leaves_the_old_file_as_it_was(deployed: Any, file: FileTask, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("kept")
    last = list(deployed.tracking.chunks(file.file_id))[2]["rejects"]
    deployed.s3.delete_object(Bucket=BUCKET, Key=last["key"], VersionId=last["version_id"])
    result = run("rejects", file.file_id, "--stage", "test", "--export", target)
    assert result.exit_code == 1
    assert "GetObject" in result.stderr
    assert target.read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_file_that_was_rejected_as_a_whole_says_why(deployed: Any, run: Run) -> None:
    task = deployed.arrive("incoming/sales/acme/c.csv")
    deployed.fail(task, "REJECTED", "HeaderMismatch", "Header: missing 'amount'")
    shown = run("rejects", task.file_id, "--stage", "test")
    assert (shown.exit_code, shown.stdout) == (
        0,
        "No row of this file was rejected; the file is REJECTED.\nHeaderMismatch: Header: missing 'amount'\n",
    )


def test_an_export_that_cannot_be_written_is_said_by_its_own_name(file: FileTask, run: Run) -> None:
    refused = run("rejects", file.file_id, "--export", "/nope/x.csv", "--stage", "test")
    assert refused.exit_code == 1
    assert refused.stderr == "error: /nope/x.csv cannot be written: No such file or directory; name another file\n"
