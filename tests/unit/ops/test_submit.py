from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import Result

from ops import follow as follow_module
from ops.errors import NotFinished
from ops.follow import MOVE_GRACE_SECONDS, PATIENCE, Progress, follow
from ops.upload import PART_BYTES, incoming_key, upload
from runtime.core.errors import InvalidKey, TrackingUnavailable, UnknownDataset
from runtime.core.models import FileStatus, ObjectRef, file_id
from tests.unit.ops.deployed_stage import BUCKET, SOURCE_NAME, reject_line

Run = Callable[..., Result]
KNOWN = ("sales", "_validation")


class Stage:
    """The workflow, done while the command sleeps: one step a nap. Time passes only then."""

    def __init__(self, deployed: Any, *steps: Callable[[], None]) -> None:
        self.deployed, self.now, self._steps = deployed, 0.0, list(steps)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self._steps:
            self._steps.pop(0)()

    def arrival(self) -> ObjectRef:
        listed = self.deployed.s3.list_object_versions(Bucket=BUCKET, Prefix="incoming/")["Versions"]
        return ObjectRef(BUCKET, listed[0]["Key"], listed[0]["VersionId"])


@pytest.fixture
def workflow(deployed: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage(deployed)
    monkeypatch.setattr(time, "sleep", stage.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: stage.now)
    return stage


@pytest.fixture
def sales(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.commands.submit.load_contracts", lambda: dict.fromkeys(KNOWN))


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    path = tmp_path / "may 1+ü.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 20)
    return path


@pytest.mark.parametrize(
    ("dataset", "partner", "key"),
    [
        ("sales", "acme", "incoming/sales/acme/a b.csv"),
        ("sales", None, "incoming/sales/a b.csv"),
        (None, None, "incoming/a b.csv"),
    ],
)
def test_a_key_says_what_is_known_and_leaves_the_rest_to_the_header(dataset: str | None, partner: str | None, key: str) -> None:
    assert incoming_key("a b.csv", dataset, partner, KNOWN) == key


def test_a_key_that_the_stage_would_refuse_is_not_uploaded() -> None:
    with pytest.raises(UnknownDataset, match="known datasets: sales"):
        incoming_key("a.csv", "sale", "acme", KNOWN)
    with pytest.raises(UnknownDataset):
        incoming_key("a.csv", "_validation", "acme", KNOWN)
    with pytest.raises(ValueError, match="--partner needs --dataset"):
        incoming_key("a.csv", None, "acme", KNOWN)
    with pytest.raises(InvalidKey):
        incoming_key("a.csv", "sales", "ac/me", KNOWN)
    with pytest.raises(InvalidKey):
        incoming_key("a\n.csv", "sales", "acme", KNOWN)
    with pytest.raises(InvalidKey, match="system's own"):
        incoming_key("_a.csv", None, None, KNOWN)


@pytest.mark.parametrize("arguments", [("--dataset", "sale"), ("--partner", "acme"), ("--dataset", "sales", "--partner", "a/b")])
def test_wrong_usage_is_status_2_and_uploads_nothing(
    deployed: Any, sales: None, run: Run, csv_file: Path, arguments: tuple[str, ...]
) -> None:
    result = run("submit", csv_file, "--stage", "test", *arguments)
    assert result.exit_code == 2
    assert "Versions" not in deployed.s3.list_object_versions(Bucket=BUCKET)


@pytest.mark.parametrize("size", [0, 1000, PART_BYTES + 1])
def test_an_upload_is_whole_and_answers_its_own_version(deployed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    path, seen, sent = tmp_path / "a.csv", [], []
    path.write_bytes(bytes(range(250)) * (size // 250) + b"x" * (size % 250))
    upload_file = deployed.s3.upload_file

    def upload_and_be_overwritten(*arguments: Any, **more: Any) -> None:
        upload_file(*arguments, **more)
        boto3.client("s3").put_object(Bucket=BUCKET, Key="incoming/a.csv", Body=b"someone else's")

    monkeypatch.setattr(deployed.s3, "upload_file", upload_and_be_overwritten)
    upload(deployed.s3, path, BUCKET, "incoming/a.csv", seen.append, sent)
    (version,) = sent
    found = deployed.s3.get_object(Bucket=BUCKET, Key="incoming/a.csv", VersionId=version)["Body"].read()
    assert found == path.read_bytes()
    assert sum(seen) == size


def test_without_wait_the_id_is_printed_and_how_to_follow(deployed: Any, sales: None, run: Run, csv_file: Path) -> None:
    result = run("submit", csv_file, "--stage", "test", "--dataset", "sales", "--partner", "acme")
    stored = deployed.s3.list_object_versions(Bucket=BUCKET)["Versions"][0]
    identity = file_id(SOURCE_NAME, stored["Key"], stored["VersionId"])
    assert stored["Key"] == "incoming/sales/acme/may 1+ü.csv"
    assert result.exit_code == 0
    assert result.stdout == f"{identity}\nFollow it: python -m ops status {identity} --stage test\n"


def _register(workflow: Stage) -> None:
    workflow.deployed.register(workflow.arrival(), 84)


def _task(workflow: Stage) -> Any:
    arrival = workflow.arrival()
    item = workflow.deployed.tracking.file(file_id(SOURCE_NAME, arrival.key, str(arrival.version_id)))
    return type("Task", (), {"file_id": item["file_id"], "attempt": 1, "execution": "e"})


def _process(workflow: Stage) -> None:
    task = _task(workflow)
    first, second = workflow.deployed.plan(task, 2)
    workflow.deployed.finish_chunk(first, 9, [reject_line(4, 20, "x", ("b", "type-error"))])
    workflow.deployed.finish_chunk(second, 10)


def _succeed(workflow: Stage) -> None:
    workflow.deployed.succeed(_task(workflow))


def _reject(workflow: Stage) -> None:
    workflow.deployed.fail(_task(workflow), FileStatus.REJECTED, "HeaderMismatch", "Header: missing 'c'")


def _steps(workflow: Stage, *steps: Callable[[Stage], None]) -> None:
    workflow._steps += [lambda step=step: step(workflow) for step in steps]


def test_a_file_is_followed_to_its_end_and_its_rows_add_up(workflow: Stage, sales: None, run: Run, csv_file: Path) -> None:
    _steps(workflow, _register, _process, _succeed)
    result = run("submit", csv_file, "--stage", "test", "--dataset", "sales", "--wait")
    assert result.exit_code == 0, result.stderr
    assert "20 rows read = 19 accepted + 1 rejected" in result.stdout
    assert "type-error" in result.stdout
    assert [line.split()[0] for line in result.stderr.splitlines()] == [
        "Uploaded",
        "File",
        "WAITING",
        "REGISTERED",
        "PROCESSING",
        "SUCCEEDED",
    ]


def test_waiting_that_is_broken_off_leaves_the_file_and_says_how_to_follow_it(
    workflow: Stage, sales: None, run: Run, csv_file: Path
) -> None:
    def interrupt(_: Stage) -> None:
        raise KeyboardInterrupt

    _steps(workflow, _register, interrupt)
    result = run("submit", csv_file, "--stage", "test", "--dataset", "sales", "--wait")
    assert result.exit_code == 130
    identity = _task(workflow).file_id
    assert f"File id: {identity}" in result.stderr.splitlines()
    assert result.stderr.endswith(f"the file goes on. Follow it: python -m ops status {identity} --stage test\n")


def test_an_upload_that_is_broken_off_sends_nothing_and_says_so(
    deployed: Any, sales: None, run: Run, csv_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ops.commands.submit.upload", interrupted)
    result = run("submit", csv_file, "--stage", "test", "--dataset", "sales", "--wait")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "stopped; nothing was sent\n")


def test_an_upload_that_arrived_before_it_was_broken_off_can_be_followed(
    deployed: Any, sales: None, run: Run, csv_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any) -> None:
        upload(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("ops.commands.submit.upload", interrupted)
    result = run("submit", csv_file, "--stage", "test", "--dataset", "sales")
    stored = deployed.s3.list_object_versions(Bucket=BUCKET)["Versions"][0]
    identity = file_id(SOURCE_NAME, stored["Key"], stored["VersionId"])
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr.endswith(f"the file goes on. Follow it: python -m ops status {identity} --stage test\n")


def test_json_has_the_keys_that_stay(workflow: Stage, sales: None, run: Run, csv_file: Path) -> None:
    _steps(workflow, _register, _process, _succeed)
    found = json.loads(run("submit", csv_file, "--stage", "test", "--dataset", "sales", "--wait", "--json").stdout)
    identity = found.pop("file_id")
    curated, rejected = found.pop("curated"), found.pop("rejected")
    counts = {"rows_read": 20, "rows_accepted": 19, "rows_rejected": 1, "chunks": 2}
    assert found == {"status": "SUCCEEDED", **counts, "extracts": {}, "error": None}
    assert [uri.rpartition("-")[0] for uri in curated] == [
        f"s3://{BUCKET}/curated/sales/{identity}/{chunk}" for chunk in ("00000", "00001")
    ]
    assert [uri.rpartition("-")[0] for uri in rejected] == [f"s3://{BUCKET}/rejected/sales/{identity}/00000"]


def test_a_rejected_file_is_status_1_with_its_reason_and_no_data(workflow: Stage, sales: None, run: Run, csv_file: Path) -> None:
    _steps(workflow, _register, _process, _reject)
    result = run("submit", csv_file, "--stage", "test", "--dataset", "sales", "--wait", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["status"], found["error"], found["curated"]) == ("REJECTED", "HeaderMismatch: Header: missing 'c'", [])


def test_a_file_that_does_not_end_in_time_is_status_1_and_says_how_to_go_on(workflow: Stage, sales: None, run: Run, csv_file: Path) -> None:
    _steps(workflow, _register)
    result = run("submit", csv_file, "--stage", "test", "--dataset", "sales", "--wait", "--timeout", 30, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["status"] == "REGISTERED"
    assert "is still REGISTERED; follow it with `python -m ops status" in result.stderr


class _Tracking:
    """Answers with what it is given, one look after the other; the last one stays."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    def file(self, _: str) -> Any:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def planned_chunks(self, _: Any) -> Any:
        return []


def _follow(*answers: Any, timeout_seconds: float = 100.0) -> tuple[list[Progress], float]:
    clock = Stage(None)
    tracking: Any = _Tracking(*answers)
    looks = list(follow(tracking, "f", timeout_seconds=timeout_seconds, clock=lambda: clock.now, sleep=clock.sleep))
    return looks, clock.now


def _file(status: str, key: str = "incoming/a") -> dict[str, Any]:
    return {"file_status": status, "location": {"key": key}}


def test_a_passing_failure_of_the_table_does_not_end_the_wait() -> None:
    busy = TrackingUnavailable("GetItem", "Throttled")
    looks, _ = _follow(None, *[busy] * (PATIENCE - 1), _file("PROCESSING"), busy, _file("SUCCEEDED", "processed/a"))
    assert [look.status for look in looks] == [None, "PROCESSING", "SUCCEEDED"]
    with pytest.raises(TrackingUnavailable):
        _follow(busy)


def test_a_rejected_file_is_awaited_until_its_original_has_moved_but_not_for_ever() -> None:
    looks, seconds = _follow(_file("REJECTED"), _file("REJECTED"), _file("REJECTED", "failed/a"))
    assert (len(looks), seconds < 2) == (3, True)
    _, seconds = _follow(_file("REJECTED"))
    assert MOVE_GRACE_SECONDS <= seconds < MOVE_GRACE_SECONDS + 2 * follow_module.LONGEST_PAUSE


def test_a_file_that_is_never_registered_is_said_so() -> None:
    with pytest.raises(NotFinished, match="was not registered: its event has not arrived"):
        _follow(None)
