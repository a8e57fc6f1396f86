"""REQUIREMENTS E24: a file of many chunks is in progress while a version is deployed, and while one is rolled back.

What is deployed first holds all but a file's first chunks until a gate is opened: a file on this
machine, where the functions run. So the deployments happen in the middle of the file, however fast it is.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Iterator

import pytest

from runtime.aws import probe_removal
from runtime.aws.executions import waiting_fault
from runtime.aws.tracking import utc_now
from runtime.steps.probe import DATASET
from tests.e2e.broken import Change, Delivery
from tests.e2e.deployed import DeployedStage
from tests.e2e.files import StageFiles, wait_until
from tests.support.transactions import csv, row

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.usefixtures("small_chunks", "scaled_waits")]

ROWS, BAD_ROWS = 3000, range(100, 3000, 500)
FREE_CHUNKS = 8
#: The retries of a deployment fault wait 1, 4 and 16 minutes on AWS; here 15 seconds each, since the emulator waits a minute at most.
WAIT_SCALE = 0.25
#: A wait that reaches it has failed: all three retries, and time to work.
DEADLINE_SECONDS = 600

_MODELS, _PROCESSING, _CHECK = "runtime/core/models.py", "runtime/steps/process.py", "runtime/handlers/check_deployment.py"
_BEGUN, _RESULTS = "    started = time.monotonic()\n", 'results = {"proof": proof,'
_ANSWER = "    custom_resource.answer(event, PHYSICAL_ID, _problem(event, context))\n"

#: A schema number is accepted by one version before the next one writes it, or there would be no way back (docs/adr/0001).
ACCEPTS_THE_NEXT_SCHEMA = Change(_MODELS, "ACCEPTED_SCHEMAS = (1,)", "ACCEPTED_SCHEMAS = (1, 2)")
WRITES_THE_NEXT_SCHEMA = Change(_MODELS, "\nSCHEMA = 1\n", "\nSCHEMA = 2\n")
SIGNED_BY_THE_FIRST = Change(_PROCESSING, _RESULTS, 'results = {"version": "first", "proof": proof,')
SIGNED_BY_THE_SECOND = Change(_PROCESSING, '"version": "first"', '"version": "second"')

BROKEN = {
    "raises": (Change(_PROCESSING, _BEGUN, '    raise RuntimeError("the new code is broken")\n'), "RuntimeError"),
    "does not load": (Change(_PROCESSING, "from __future__ import annotations", "import a_module_that_is_not_there"), ""),
}


def held_until(gate: Path, when: str = "True") -> str:
    """Lines of a function's body."""
    return f"    import os, time\n    while {when} and not os.path.exists({str(gate)!r}):\n        time.sleep(0.05)\n"


def begins_with_another_state(template: dict[str, Any]) -> None:
    (machine,) = [body for body in template["Resources"].values() if body["Type"] == "AWS::StepFunctions::StateMachine"]
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    before = '{"StartAt":"RouteEvent","States":{'
    assert parts[0].startswith(before)
    parts[0] = parts[0].replace(before, '{"StartAt":"Begin","States":{"Begin":{"Type":"Pass","Next":"RouteEvent"},', 1)


@pytest.fixture
def delivery(stage: DeployedStage) -> Iterator[Delivery]:
    """The stage's deliveries; at the end it is what it was, without the probes of those that failed."""
    delivery, files = Delivery(stage), StageFiles(stage)
    before = delivery.template()
    yield delivery
    delivery.restore(before)
    wait_until(lambda: not files.running(), "the probes' executions to end", DEADLINE_SECONDS)
    later = utc_now() + timedelta(minutes=1)
    for run_id, identity in probe_removal.leftovers(files.s3, stage.bucket, DATASET, stage.outputs["SourceName"], later):
        under = probe_removal.prefixes(DATASET, run_id, identity)
        assert probe_removal.remove(files.s3, files.table, stage.bucket, stage.table, under, identity) == []


@pytest.fixture
def gate(delivery: Delivery, tmp_path: Path) -> Iterator[Path]:
    """What holds a file after its first chunks, on the stage, until it exists."""
    gate = tmp_path / "open"
    held = held_until(gate, when=f"int(chunk.chunk_id) >= {FREE_CHUNKS}") + _BEGUN
    stack = delivery.deploy(Change(_PROCESSING, _BEGUN, held), SIGNED_BY_THE_FIRST, ACCEPTS_THE_NEXT_SCHEMA)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    yield gate
    gate.touch()


@pytest.fixture
def scaled_waits(stage: DeployedStage) -> Iterator[None]:
    stage.set_wait_scale(WAIT_SCALE)
    yield
    stage.set_wait_scale(0)


@pytest.fixture
def files(stage: DeployedStage) -> StageFiles:
    return StageFiles(stage)


def body() -> bytes:
    lines = [row(number) for number in range(ROWS)]
    for number in BAD_ROWS:
        lines[number] = row(number, status="LOST")
    return csv(lines)


def in_progress(files: StageFiles, name: str) -> str:
    """Upload a file; return its id when its first chunks are done and the others are held."""
    identity = files.upload(f"incoming/transactions/acme/{name}.csv", body())
    wait_until(lambda: statuses(files, identity).count("DONE") == FREE_CHUNKS, f"{FREE_CHUNKS} chunks of {identity} to be done")
    assert len(statuses(files, identity)) >= 20
    return identity


def statuses(files: StageFiles, identity: str) -> list[str]:
    return [chunk["status"] for chunk in files.chunks(identity)]


def adds_up(files: StageFiles, identity: str) -> dict[str, Any]:
    """Every row exactly once, every chunk exactly once; returns the file's item."""
    item = files.ended(identity, DEADLINE_SECONDS)
    chunks = files.chunks(identity)
    assert item["file_status"] == "SUCCEEDED", item.get("error_message")
    assert (item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == (ROWS, ROWS - len(BAD_ROWS), len(BAD_ROWS))
    good = [f"{number:032x}" for number in range(ROWS) if number not in BAD_ROWS]
    assert [accepted["transaction_id"] for accepted in files.accepted(item)] == good
    assert sorted(files.rejected(item)) == [number + 1 for number in BAD_ROWS]
    assert [chunk["status"] for chunk in chunks] == ["DONE"] * item["chunks"]
    assert len(json.loads(files.read(item["commit_manifest"]))["objects"]) == len(chunks)
    return item


def first_state(files: StageFiles, item: dict[str, Any]) -> str:
    events = files.states.get_execution_history(executionArn=item["execution"])["events"]
    return str(next(event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event))


def planned_schema(files: StageFiles, item: dict[str, Any]) -> int:
    return int(json.loads(files.read(item["manifest_key"]))[0]["schema"])


def test_a_file_in_progress_finishes_through_a_deployment(files: StageFiles, delivery: Delivery, gate: Path) -> None:  # E24
    identity = in_progress(files, "deployed over")
    stack = delivery.deploy(SIGNED_BY_THE_SECOND, WRITES_THE_NEXT_SCHEMA, alter=begins_with_another_state)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert statuses(files, identity).count("DONE") == FREE_CHUNKS, "the deployment was over in the middle of the file"

    gate.touch()
    item = adds_up(files, identity)
    versions = [chunk["version"] for chunk in files.chunks(identity)]
    assert versions[:FREE_CHUNKS] == ["first"] * FREE_CHUNKS
    assert "second" in versions
    assert (first_state(files, item), planned_schema(files, item)) == ("RouteEvent", 1)

    after = adds_up(files, files.upload("incoming/transactions/acme/after.csv", body()))
    assert (first_state(files, after), planned_schema(files, after)) == ("Begin", 2)


@pytest.mark.parametrize(("change", "error"), BROKEN.values(), ids=BROKEN)
def test_files_in_progress_finish_through_a_deployment_that_is_rolled_back(
    files: StageFiles, delivery: Delivery, gate: Path, tmp_path: Path, change: Change, error: str
) -> None:  # E24 D7
    """The check's answer is held, so that the broken version is surely at work on one file that it found and one that arrived."""
    identity = in_progress(files, "rolled back over")
    before, judged = delivery.code(), tmp_path / "judged"
    answer = "    problem = _problem(event, context)\n" + held_until(judged) + _ANSWER.replace("_problem(event, context)", "problem")
    begun = delivery.begin(change, WRITES_THE_NEXT_SCHEMA, Change(_CHECK, _ANSWER, answer))
    wait_until(lambda: not set(delivery.code().values()) & set(before.values()), "the broken version to be live")
    gate.touch()
    arrived = files.upload("incoming/transactions/acme/arrived meanwhile.csv", body())
    for held in (identity, arrived):
        fault = wait_until(lambda held=held: fault_of(files, held), f"the broken version to fail on {held}")
        assert error in fault.error
    judged.touch()

    assert delivery.at_rest(begun)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert delivery.code() == before
    item, other = adds_up(files, identity), adds_up(files, arrived)
    assert (planned_schema(files, item), planned_schema(files, other)) == (1, 2)
    assert {chunk["version"] for held in (identity, arrived) for chunk in files.chunks(held)} == {"first"}
    assert {outcome["file_id"]: outcome["status"] for outcome in files.outcomes()}.items() >= {
        identity: "SUCCEEDED",
        arrived: "SUCCEEDED",
    }.items()


def fault_of(files: StageFiles, identity: str) -> Any:
    item = files.item(identity)
    return item and waiting_fault(files.states, item["execution"])
