"""``make run``: one file from nothing to outputs, with nothing left running."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from local import emulator
from local.emulator import ROOT
from local.run import SAMPLE
from local.samples.generate import FLAWS, ROWS
from tests.e2e.deployed import E2E_STATE, DeployedStage
from tests.support.accounts import Account

pytestmark = pytest.mark.e2e


def run(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", "run", *arguments],
        cwd=ROOT,
        env=os.environ | {"LEDGERLINE_STATE": str(state)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.dear  # it deploys a stage of its own, from nothing
def test_sample_arrives_with_every_row_accounted_for(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "out").iterdir()
    outcome = json.loads((folder / "outcome.json").read_text())
    assert outcome["status"] == "SUCCEEDED"
    assert (outcome["rows_read"], outcome["rows_accepted"], outcome["rows_rejected"]) == (ROWS, ROWS - len(FLAWS), len(FLAWS))
    (parquet,) = (folder / "curated").iterdir()
    assert pyarrow.parquet.read_metadata(parquet).num_rows == ROWS - len(FLAWS)
    (rejects,) = (folder / "rejected").iterdir()
    assert len(rejects.read_text().splitlines()) == len(FLAWS)
    assert (folder / "rejects.csv").stat().st_size
    assert str(folder) in done.stderr
    assert emulator.running(tmp_path) is None


def test_a_rejected_file_ends_with_status_1_and_its_reason_and_a_stage_that_was_up_stays_up(stage: DeployedStage, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_bytes(SAMPLE.read_bytes().replace(b"transaction_id,", b"transaction,", 1))
    done = run(E2E_STATE, str(wrong), "--dataset", "transactions")
    assert done.returncode == 1
    assert "transaction_id" in done.stdout
    assert emulator.running(E2E_STATE) == stage.local.emulator


def test_the_extracts_of_a_file_of_a_mainframe_are_brought_here(stage: DeployedStage, tmp_path: Path) -> None:  # F1
    accounts = [Account(number) for number in (1, 2, 3)]
    file = tmp_path / "ACCTDATA.PS"
    file.write_bytes(b"".join(account.record() for account in accounts))
    done = run(E2E_STATE, str(file), "--dataset", "accounts")
    assert done.returncode == 0, done.stderr
    (identity,) = re.findall(r"^file id +([0-9a-f]{32})$", done.stdout, re.MULTILINE)
    extracts = {path.stem: path.read_bytes() for path in (E2E_STATE / "out" / identity / "extracts").iterdir()}
    assert extracts == {name: b"".join(account.extracts()[name] for account in accounts) for name in ("standard", "array", "variable")}
