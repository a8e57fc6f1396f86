"""Files of a mainframe through the deployed stage, and the extracts that other programs read (F1)."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from benchmarks import accounts
from tests.e2e.deployed import DeployedStage
from tests.e2e.files import StageFiles
from tests.support.accounts import Account

pytestmark = [pytest.mark.e2e, pytest.mark.dear]
SIZES = {"standard": 107, "array": 110, "variable": 59}


@pytest.fixture(scope="module")
def files(stage: DeployedStage) -> StageFiles:
    return StageFiles(stage)


def test_accounts_become_typed_rows_and_three_extracts(files: StageFiles) -> None:
    good = [Account(number, balance=Decimal(-number)) for number in range(1, 8)]
    bad = good[3].record().replace(b"\xf2\xf0\xf1\xf4", b"\xf2\xf0\xf1\x40")
    item = files.send("incoming/accounts/cardco/ACCTDATA.PS", b"".join(account.record() for account in good) + bad)
    assert (item["file_status"], item["rows_read"], item["rows_accepted"], item["rows_rejected"]) == ("SUCCEEDED", 8, 7, 1)
    assert [row["acct_curr_bal"] for row in files.accepted(item)] == [Decimal(-number) for number in range(1, 8)]
    assert {error["column"] for error in files.rejected(item)[8]} == {"acct_open_date"}
    written = {name: files.read(extract["key"]) for name, extract in item["extracts"].items()}
    assert written == {name: b"".join(account.extracts()[name] for account in good) for name in SIZES}
    published = {outcome["file_id"]: outcome for outcome in files.outcomes()}[item["file_id"]]
    assert sorted(published["extracts"]) == sorted(SIZES)


def test_a_file_cut_off_in_a_record_is_rejected_with_the_arithmetic(files: StageFiles) -> None:
    item = files.send("incoming/accounts/cardco/CUT.PS", Account(1).record() * 3 + b"\xf0" * 7)
    assert (item["file_status"], item["error_type"]) == ("REJECTED", "RecordLengthMismatch")
    assert item["error_message"].startswith("907 bytes are 3 records of 300 bytes and 7 bytes more")
    assert item["location"]["key"].startswith("failed/")


@pytest.mark.long
def test_a_million_accounts_are_all_accounted_for(files: StageFiles, tmp_path: Path) -> None:
    path = tmp_path / "accounts.ps"
    truth = accounts.write(path, 1_000_000, bad=0.001, seed=11)
    identity = files.upload("incoming/accounts/cardco/MILLION.PS", path.read_bytes())
    item = files.ended(identity, deadline_seconds=600)
    counts = (item["file_status"], item["rows_read"], item["rows_accepted"], item["rows_rejected"])
    assert counts == ("SUCCEEDED", 1_000_000, truth["rows_accepted"], truth["rows_rejected"])
    assert item["reasons"] == truth["reasons"]
    assert {name: extract["size"] for name, extract in item["extracts"].items()} == {
        n: s * truth["rows_accepted"] for n, s in SIZES.items()
    }
    balance = Decimal(0)
    for entry in json.loads(files.read(item["commit_manifest"]))["objects"]:
        column = pq.read_table(io.BytesIO(files.read(entry["key"])), columns=["acct_curr_bal"])["acct_curr_bal"]
        balance += pc.sum(column).as_py()
    assert str(balance) == truth["accepted_sums"]["acct_curr_bal"]
