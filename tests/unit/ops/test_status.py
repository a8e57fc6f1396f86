from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from importlib import import_module
from typing import Any

import pytest
from rich.console import Console
from typer.testing import Result

from ops.follow import Progress
from ops.listing import concern, recent_files
from ops.outcome import panel, places
from runtime.core.models import FileStatus
from tests.unit.ops.deployed_stage import TABLE, reject_line

Run = Callable[..., Result]
NOW = datetime(2026, 11, 20, 13, 0, tzinfo=timezone.utc)


def _file(status: str, **more: Any) -> dict[str, Any]:
    file = {
        "file_status": status,
        "key": "incoming/sales/acme/a.csv",
        "dataset": "sales",
        "location": {"bucket": "b", "key": "processed/sales/acme/a.csv"},
        "updated_at": "2026-11-20T12:00:00.000Z",
        "published_at": "2026-11-20T12:00:01.000Z",
        "lease_expires_at": int((NOW + timedelta(hours=1)).timestamp()),
    }
    return {**file, **more}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (_file("SUCCEEDED"), None),
        (_file("PROCESSING"), None),
        (_file("PROCESSING", lease_expires_at=int(NOW.timestamp()) - 1), "stuck"),
        (_file("COMMITTED", lease_expires_at=int(NOW.timestamp()) - 1), "stuck"),
        (_file("FAILED", location={"bucket": "b", "key": "incoming/sales/acme/a.csv"}), "not moved"),
        (_file("FAILED", location={"bucket": "b", "key": "incoming/sales/acme/a.csv"}, updated_at="2026-11-20T12:59:59.000Z"), None),
        (_file("SUCCEEDED", published_at=None), "not delivered"),
        (_file("SUCCEEDED", published_at=None, dataset="_validation"), None),
    ],
)
def test_a_file_that_needs_a_person_is_marked(file: dict[str, Any], words: str | None) -> None:
    found = concern(file, NOW)
    assert found is None if words is None else words in str(found)


def test_files_of_all_states_are_listed_newest_first(deployed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(NOW + timedelta(minutes=index) for index in range(100))
    monkeypatch.setattr(deployed.tracking, "_now", lambda: next(moments))
    tasks = [
        deployed.arrive(f"incoming/{dataset}/acme/{index}.csv") for index, dataset in enumerate(["sales", "stock", "sales", "_validation"])
    ]
    deployed.fail(tasks[0], FileStatus.REJECTED, "HeaderMismatch", "Header: missing 'a'")

    def listed(**more: Any) -> list[str]:
        return [file["name"] for file in recent_files(deployed.dynamodb, TABLE, **{"limit": 10, **more})]

    assert listed() == ["2.csv", "1.csv", "0.csv"]
    assert listed(limit=2) == ["2.csv", "1.csv"]
    assert listed(dataset="sales") == ["2.csv", "0.csv"]
    assert listed(dataset="_validation") == ["3.csv"]
    assert listed(statuses=[FileStatus.REJECTED]) == ["0.csv"]


def test_the_list_is_a_table_for_people_and_json_for_programs(deployed: Any, run: Run) -> None:
    stuck = deployed.arrive("incoming/sales/acme/stuck.csv", lease_seconds=-10)
    deployed.arrive("incoming/sales/acme/[bold]fine.csv")
    table = run("status", "--stage", "test")
    assert table.exit_code == 0
    assert "[bold]fine.csv" in table.stdout
    assert stuck.file_id in table.stdout
    assert table.stdout.count("! stuck") == 1
    found = json.loads(run("status", "--stage", "test", "--json").stdout)["files"]
    assert [(file["name"], file["concern"] is not None) for file in found] == [("[bold]fine.csv", False), ("stuck.csv", True)]


@pytest.mark.parametrize("dataset", ["transactions", "_validation"])
def test_an_empty_stage_is_not_an_error(deployed: Any, run: Run, dataset: str) -> None:
    result = run("status", "--stage", "test", "--dataset", dataset)
    assert (result.exit_code, result.stdout) == (0, "Stage test has no such file.\n")


def test_a_list_that_is_cut_says_so(deployed: Any, run: Run) -> None:
    for index in range(3):
        deployed.arrive(f"incoming/sales/acme/{index}.csv")
    more = "Older files are not shown: --limit N shows more, --status STATE those in one state\n"
    cut = run("status", "--stage", "test", "--limit", 2)
    assert cut.stdout.count(".csv") == 2
    assert cut.stdout.endswith(more)
    assert "not shown" not in run("status", "--stage", "test", "--limit", 3).output
    as_json = run("status", "--stage", "test", "--limit", 2, "--json")
    assert list(json.loads(as_json.stdout)) == ["files"]
    assert (len(json.loads(as_json.stdout)["files"]), as_json.stderr) == (2, more)


def test_a_dataset_that_never_was_is_refused_with_those_that_are(deployed: Any, run: Run) -> None:
    refused = run("status", "--stage", "test", "--dataset", "nope", "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "'nope' has no file and no contract; known datasets: accounts, " in refused.stderr


def test_files_of_a_dataset_whose_contract_is_gone_are_listed(deployed: Any, run: Run) -> None:
    deployed.arrive("incoming/sales/acme/a.csv")
    assert "a.csv" in run("status", "--stage", "test", "--dataset", "sales").stdout
    none = run("status", "--stage", "test", "--dataset", "sales", "--status", "FAILED")
    assert (none.exit_code, none.stdout) == (0, "Stage test has no such file.\n")


@pytest.mark.parametrize("chosen", [("--dataset", "accounts"), ("--status", "FAILED")])
def test_one_file_is_not_chosen_by_what_chooses_a_list(deployed: Any, run: Run, chosen: tuple[str, str]) -> None:
    task = deployed.arrive("incoming/sales/acme/a.csv")
    refused = run("status", task.file_id, "--stage", "test", *chosen)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "give one FILE_ID, or --status and --dataset for a list" in refused.stderr


def test_a_file_without_chunks_says_whether_any_may_come(deployed: Any, run: Run) -> None:
    task = deployed.arrive("incoming/sales/acme/a.csv")
    assert "No chunks yet." in run("status", task.file_id, "--stage", "test").stdout
    deployed.fail(task, FileStatus.REJECTED, "HeaderMismatch", "Header: missing 'a'")
    assert "No chunks: the file ended REJECTED before it was divided." in run("status", task.file_id, "--stage", "test").stdout


def test_one_file_is_shown_with_its_chunks_and_events(deployed: Any, run: Run) -> None:
    task = deployed.arrive("incoming/sales/acme/a.csv")
    first, second = deployed.plan(task, 2)
    deployed.finish_chunk(first, 8, [reject_line(3, 40, "x,y", ("amount", "type-error"))])
    deployed.tracking.start_chunk(second)
    deployed.tracking.fail_chunk(second, "StorageUnavailable", "S3 GetObject \x1b[2J")
    shown = run("status", task.file_id, "--stage", "test")
    assert shown.exit_code == 0
    for text in ("PROCESSING", "1 of 2 chunks done", "type-error", "StorageUnavailable: S3 GetObject \\x1b[2J", "REGISTERED"):
        assert text in shown.stdout
    assert "\x1b" not in shown.stdout
    found = json.loads(run("status", task.file_id, "--stage", "test", "--json").stdout)
    assert [chunk["status"] for chunk in found["chunks"]] == ["DONE", "FAILED"]
    assert [event["to_status"] for event in found["events"]] == ["REGISTERED", "PROCESSING"]
    assert found["file"]["file_id"] == task.file_id


def test_a_failed_file_ends_with_what_to_do(deployed: Any, run: Run) -> None:
    failed, rejected = (deployed.arrive(f"incoming/sales/acme/{name}.csv") for name in ("failed", "rejected"))
    deployed.fail(failed, FileStatus.FAILED, "ExecutionAborted", "somebody stopped it")
    deployed.fail(rejected, FileStatus.REJECTED, "HeaderMismatch", "Header: missing 'a'")
    assert run("status", failed.file_id, "--stage", "test").stdout.endswith(
        "\nWhat to do: docs/runbook.md, workflow-aborted\n"
        f"Once the reason is gone, take it up again:\n  python -m ops redrive {failed.file_id} --stage test\n"
    )
    assert "redrive" not in run("status", rejected.file_id, "--stage", "test").stdout


@pytest.mark.parametrize("command", ["status", "audit"])
def test_events_are_told_in_words(command: str, deployed: Any, run: Run) -> None:
    task = deployed.arrive("incoming/sales/acme/a.csv")
    place = {"bucket": "b", "key": "processed/a.csv", "version_id": "1"}
    detail = {"exact_from": None, "chunks": 3, "from_start": True, "moved": {"location": place, "not_moved": None}}
    deployed.tracking.transition(task, FileStatus.PROCESSING, FileStatus.OPEN, {}, detail)
    shown = run(command, task.file_id, "--stage", "test").stdout
    assert "chunks: 3, from start: yes, moved location: s3://b/processed/a.csv" in shown
    assert "exact from" not in shown
    assert "{" not in shown


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def open_window(columns: int) -> None:
        module = import_module("ops.commands.status")
        monkeypatch.setattr(module, "stdout", lambda: Console(file=sys.stdout, highlight=False, width=columns))

    return open_window


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_ids_and_numbers_are_whole_in_any_window(columns: int, window: Callable[[int], None], deployed: Any, run: Run) -> None:
    window(columns)
    task = deployed.arrive("incoming/sales/acme/" + "a-name-without-any-blank-" * 4 + ".csv")
    first, second = deployed.plan(task, 2, begin=99_900_000_000, size=50_000_000)
    deployed.finish_chunk(first, 1_069_312, [reject_line(3, 40, "x,y", ("amount", "type-error"))])
    deployed.tracking.start_chunk(second)
    deployed.tracking.fail_chunk(second, "StorageUnavailable", "S3 GetObject was refused")
    deployed.tracking.transition(task, FileStatus.FAILED, (FileStatus.PROCESSING,), {"rows_read": 1_069_312, "rows_rejected": 1_069_312})

    listed = run("status", "--stage", "test").stdout
    assert task.file_id in listed.split()
    assert listed.count("1,069,312") == 2
    shown = run("status", task.file_id, "--stage", "test").stdout
    for whole in ("99,900,000,000", "99,950,000,000", "1,069,313", "StorageUnavailable: S3 GetObject was refused"):
        assert whole in shown
    for text in (listed, shown):
        assert not [line for line in text.splitlines() if len(line) > columns and "s3://" not in line]


def test_chunks_of_a_discarded_plan_are_not_shown(deployed: Any, run: Run) -> None:
    task = deployed.arrive("incoming/sales/acme/a.csv")
    chunks = deployed.plan(task, 3)
    for chunk in chunks:
        deployed.finish_chunk(chunk, 1)

    def shown(exact_from: int | None) -> list[str]:
        replanned = {"chunks": 3, "plan": 2, "exact_from": exact_from}
        deployed.tracking.transition(task, FileStatus.PROCESSING, (FileStatus.PROCESSING,), replanned)
        found = json.loads(run("status", task.file_id, "--stage", "test", "--json").stdout)
        return [chunk["chunk_id"] for chunk in found["chunks"]]

    assert shown(chunks[1].end) == ["00000", "00001"]
    assert shown(None) == []


@pytest.mark.parametrize(
    ("writing", "says"),
    [
        ({"compression": "gz", "encoding": "utf-16-le"}, "byte offsets count the decoded text (gz of utf-16-le, 12 B)"),
        ({"compression": None, "encoding": "utf-16-le"}, "byte offsets count the decoded text (utf-16-le, 12 B)"),
    ],
)
def test_offsets_that_count_decoded_text_are_said_to(writing: dict[str, Any], says: str) -> None:  # E20
    console = Console(width=100, record=True, file=io.StringIO())
    for offsets in ("decoded", "original"):
        file = _file("SUCCEEDED", offsets=offsets, decoded={"size": 12}, size=5, **writing)
        console.print(panel(Progress(file, (), 0.0), "f" * 32))
        assert (says in " ".join(console.export_text().split())) == (offsets == "decoded")


@pytest.mark.parametrize("status", ["REJECTED", "FAILED"])
def test_a_file_that_was_not_committed_has_no_data_whatever_rows_were_good(status: str) -> None:
    """Its counts are told, and would else look like rows that somebody may read."""
    item = {"file_status": status, "rows_read": 2, "rows_accepted": 1, "rows_rejected": 1}
    assert f"data      none: the file is {status}" in places(Progress(item, (), 0.0), "0" * 32, "bucket")
    assert "none" not in places(Progress({"file_status": "PROCESSING"}, (), 0.0), "0" * 32, "bucket")
