"""The emulator is stopped in the middle of a file, and started again with what it held (E25).

It is the nearest to a region that goes down: workers and executions are gone, what was written is there, and EventBridge
reports nothing: the sweep finds the file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local import emulator
from local.stage import STATE
from local.testing.stages import deployed_stage
from tests.e2e.deployed import DeployedStage, described
from tests.e2e.files import StageFiles, wait_until
from tests.e2e.gateway import Gateway, Hold
from tests.support.transactions import csv, row

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.usefixtures("small_chunks")]
ROOT = Path(__file__).resolve().parents[2]
RESTARTED = STATE / "e2e-restarted"
ROWS, FREE_CHUNKS = 1000, 4


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def stage(kept: Path) -> Iterator[DeployedStage]:
    """A stage of its own, whose emulator may be stopped."""
    with deployed_stage(RESTARTED, keep=kept) as local:
        deployed = described(local)
        deployed.set_wait_scale(0)
        yield deployed


def restarted(stage: DeployedStage, kept: Path) -> DeployedStage:
    """The same stage in the next emulator, under the same address."""
    before = stage.local.emulator
    emulator.stop(RESTARTED)
    again = replace(stage.local, emulator=emulator.start(RESTARTED, before.port, account=before.account, keep=kept))
    same = replace(stage, local=again)
    same.set_wait_scale(0)
    return same


def test_a_file_that_was_in_progress_is_found_and_finished_after_a_restart(stage: DeployedStage, kept: Path) -> None:  # E21 E25
    gateway = Gateway(stage)
    hold = Hold(lambda call: call.method == "PUT" and call.key.startswith("curated/") and done(files, identity) >= FREE_CHUNKS)
    files, identity = StageFiles(stage), ""
    with gateway.between("process_chunk", rule=hold):
        identity = files.upload("incoming/transactions/acme/in progress.csv", csv(row(number) for number in range(ROWS)))
        wait_until(lambda: hold.held and done(files, identity) >= FREE_CHUNKS, "some chunks to be done and others to be held")
        stage = restarted(stage, kept)
        hold.released.set()
    gateway.close()

    files = StageFiles(stage)
    item = files.item(identity)
    assert item is not None
    assert (item["file_status"], files.running()) == ("PROCESSING", [])
    assert files.states.describe_execution(executionArn=item["execution"])["status"] == "FAILED"
    finished = [chunk for chunk in files.chunks(identity) if chunk["status"] == "DONE"]
    assert len(finished) >= FREE_CHUNKS

    (swept,) = json.loads(ops(stage, "sweep", "--min-age", "0", "--json"))["found"]
    assert (swept["kind"], swept["about"]) == ("abandoned", identity)
    assert files.ended(identity)["file_status"] == "FAILED"
    redriven = json.loads(ops(stage, "redrive", identity, "--wait", "--json"))
    assert (redriven["status"], redriven["rows_read"], redriven["rows_accepted"]) == ("SUCCEEDED", ROWS, ROWS)
    item = files.ended(identity)
    assert [chunk for chunk in files.chunks(identity) if chunk["chunk_id"] in {one["chunk_id"] for one in finished}] == finished
    assert [accepted["transaction_id"] for accepted in files.accepted(item)] == [f"{number:032x}" for number in range(ROWS)]
    assert [outcome["status"] for outcome in files.outcomes()] == ["FAILED", "SUCCEEDED"]


def done(files: StageFiles, identity: str) -> int:
    return sum(chunk["status"] == "DONE" for chunk in files.chunks(identity)) if identity else 0


def ops(stage: DeployedStage, *arguments: str) -> str:
    line = [sys.executable, "-m", "ops", *arguments, "--stage", stage.suffix, "--region", stage.region]
    done = subprocess.run(line, env=stage.environment, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
