"""Mainframe accounts by the same road as CSV, and their extracts byte for byte (F1)."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Dict, List

import pyarrow.parquet as pq
import pytest

from runtime.core.models import FileStatus
from runtime.formats.registry import parse_contract
from tests.support.accounts import Account
from tests.support.workflow import Workflow

CARDDEMO = Path(os.environ.get("LEDGERLINE_SHARED_DATA", "../shared/data")) / "carddemo"
KEY = "incoming/accounts/cardco/ACCTDATA.PS"
SIZES = {"standard": 107, "array": 110, "variable": 59}

ACCOUNTS = [
    Account(
        number,
        status="YN"[number % 2],
        balance=Decimal(number * 12345 - 100_000) / 100,
        debit=Decimal(0) if number % 3 else Decimal(-number) / 100,
        credit=Decimal("9999999999.99") if number == 7 else Decimal("0.01"),
        group=f"G{number}" if number % 5 else "",
        reissued=f"{1990 + number}-02-28",
    )
    for number in range(1, 41)
]


def accepted(workflow: Workflow, item: Dict[str, Any]) -> List[Dict[str, Any]]:
    objects = workflow.read_json(item["commit_manifest"])["objects"]
    return [row for found in objects for row in pq.read_table(io.BytesIO(workflow.read(found["key"]))).to_pylist()]


def extracts(workflow: Workflow, item: Dict[str, Any]) -> Dict[str, bytes]:
    return {name: workflow.read(found["key"]) for name, found in item["extracts"].items()}


@pytest.mark.parametrize("chunk_bytes", [300, 1000, 2999, 1_000_000])
def test_extracts_are_the_same_whatever_the_chunks(workflow: Workflow, chunk_bytes: int) -> None:
    workflow.chunk_bytes = chunk_bytes
    event = workflow.upload(KEY, b"".join(account.record() for account in ACCOUNTS))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["rows_read"], item["rows_accepted"]) == (FileStatus.SUCCEEDED, 40, 40)
    expected = {name: b"".join(account.extracts()[name] for account in ACCOUNTS) for name in SIZES}
    assert extracts(workflow, item) == expected
    assert workflow.read_json(item["commit_manifest"])["extracts"] == item["extracts"]
    assert {name: found["size"] for name, found in item["extracts"].items()} == {name: 40 * size for name, size in SIZES.items()}


def test_rejected_records_are_in_no_extract_and_keep_their_bytes(workflow: Workflow) -> None:
    good, bad = ACCOUNTS[0].record(), bytearray(ACCOUNTS[1].record())
    bad[12:24] = b"\x40" * 12
    event = workflow.upload(KEY, good + bytes(bad) + good[:11].replace(b"\xf1", b"\xf9") + good[11:])
    workflow.run(event)
    item = workflow.item(event)
    assert (item["rows_read"], item["rows_accepted"], item["reasons"]) == (3, 2, {"acct_curr_bal:spaces": 1})
    assert {name: len(body) for name, body in extracts(workflow, item).items()} == {name: 2 * size for name, size in SIZES.items()}


def test_accounts_arrive_typed(workflow: Workflow) -> None:
    event = workflow.upload(KEY, ACCOUNTS[6].record())
    workflow.run(event)
    assert accepted(workflow, workflow.item(event)) == [
        {
            "acct_id": 7,
            "acct_active_status": "N",
            "acct_curr_bal": Decimal("-135.85"),
            "acct_credit_limit": Decimal("2020.00"),
            "acct_cash_credit_limit": Decimal("1020.00"),
            "acct_open_date": date(2014, 11, 20),
            "acct_expiration_date": date(2025, 5, 20),
            "acct_reissue_date": date(1997, 2, 28),
            "acct_curr_cyc_credit": Decimal("9999999999.99"),
            "acct_curr_cyc_debit": Decimal("0.00"),
            "acct_addr_zip": "A000000000",
            "acct_group_id": "G7",
        }
    ]


BROKEN = {
    "a last record that is cut off": (ACCOUNTS[0].record() + b"\xf0" * 51, "RecordLengthMismatch", "351 bytes are 1 records of 300"),
    "records of another length": (b"".join(a.record()[:299] for a in ACCOUNTS), "RecordLengthMismatch", "11,960 bytes are 39 records"),
    "records of another length, by chance a multiple": (
        b"".join(account.record() + b"\x40" * 150 for account in ACCOUNTS),
        "TooManyRejectedRows",
        "40 of 60 rows",
    ),
    "ASCII": (b"".join(a.record().decode("cp037").encode("ascii") for a in ACCOUNTS), "EncodingMismatch", "The contract says cp037.*ASCII"),
    "an empty file": (b"", "EmptyFile", "send at least one record"),
    "a workbook": (b"PK\x03\x04" + bytes(595), "NotRecords", "the file begins as"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_no_file_of_accounts_is_rejected_with_its_reason(workflow: Workflow, name: str) -> None:
    body, error, message = BROKEN[name]
    event = workflow.upload(KEY, body)
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"]) == (FileStatus.REJECTED, error)
    assert re.search(message, item["error_message"])
    assert workflow.keys("failed/")
    assert not workflow.keys("extracts/") + workflow.keys("curated/accounts/_files/")


def test_packed_garbage_is_rejected_row_by_row(workflow: Workflow) -> None:
    """Every file has its rows read; one in which none is good is rejected as a whole."""
    garbage = bytes(range(256)) * 2
    event = workflow.upload(KEY, b"".join(garbage[number : number + 300] for number in range(10)))
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["error_type"], item.get("rows_read", 10)) == (FileStatus.REJECTED, "TooManyRejectedRows", 10)


@pytest.mark.skipif(not CARDDEMO.exists() and os.environ.get("CI") != "true", reason="carddemo is not beside the checkout")
def test_the_real_accounts_give_the_real_extracts(workflow: Workflow) -> None:
    event = workflow.upload(KEY, (CARDDEMO / "ACCTDATA.PS").read_bytes())
    workflow.run(event)
    item = workflow.item(event)
    assert (item["rows_read"], item["rows_accepted"]) == (50, 50)
    assert {name: found["size"] for name, found in item["extracts"].items()} == {"standard": 5350, "array": 5500, "variable": 2950}
    first = extracts(workflow, item)["standard"][:107]
    assert first.decode("cp037")[:90] == "00000000001Y00000001940{00000020200{00000010200{2014-11-202025-05-2020250520  00000000000{"


@pytest.mark.skipif(not CARDDEMO.exists() and os.environ.get("CI") != "true", reason="carddemo is not beside the checkout")
def test_the_ascii_twin_has_the_same_values(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was written with a newline after each record, and its row 49 has another zip."""
    ebcdic = workflow.upload(KEY, (CARDDEMO / "ACCTDATA.PS").read_bytes())
    workflow.run(ebcdic)
    lines = (CARDDEMO / "acctdata.txt").read_bytes()
    as_sent = workflow.upload(KEY, lines)
    contract = workflow.stage.contracts["accounts"]
    monkeypatch.setitem(vars(workflow.stage), "contracts", {"accounts": in_ascii(contract)})
    workflow.run(as_sent)
    assert workflow.item(as_sent)["error_message"].startswith("15,050 bytes are 50 records of 300 bytes and 50 bytes more; a line end (0A)")
    twin = workflow.upload(KEY, b"".join(lines[start : start + 300] for start in range(0, len(lines), 301)))
    workflow.run(twin)
    pairs = list(zip(accepted(workflow, workflow.item(ebcdic)), accepted(workflow, workflow.item(twin))))
    differences = {(row, name) for row, (one, other) in enumerate(pairs, 1) for name in one if one[name] != other[name]}
    assert (len(pairs), differences) == (50, {(49, "acct_addr_zip")})


def test_a_character_that_an_extract_lacks_costs_its_row_and_not_the_file(workflow: Workflow) -> None:
    document = workflow.stage.contracts["accounts"].document
    contract = parse_contract({**document, "extracts": {**document["extracts"], "encoding": "ascii"}}, "accounts.json")
    vars(workflow.stage)["contracts"] = {"accounts": contract}
    event = workflow.upload(KEY, b"".join(replace(account, group="Müller").record() for account in ACCOUNTS[:1]) + ACCOUNTS[1].record() * 3)
    workflow.run(event)
    item = workflow.item(event)
    assert (item["file_status"], item["rows_accepted"], item["rows_rejected"]) == (FileStatus.SUCCEEDED, 3, 1)
    assert item["reasons"] == {"acct_group_id:extract-character": 1}
    assert {name: len(body) for name, body in extracts(workflow, item).items()} == {name: 3 * size for name, size in SIZES.items()}


def in_ascii(contract: Any) -> Any:
    return parse_contract({**contract.document, "encoding": "ascii"}, "accounts.json")


def test_records_and_extracts_never_import_pandas() -> None:
    """E12, as on the road of CSV."""
    code = (
        "import sys; from runtime.formats.registry import load_contracts; from runtime.chunk.process import process_chunk\n"
        "from runtime.formats.copybook.layout import RecordLayout; from tests.support.accounts import Account\n"
        "contract = load_contracts()['accounts']\n"
        "parts = [Account(1).record(), bytes(300)]\n"
        "layout = RecordLayout.of(contract, None)\n"
        "output = process_chunk(parts, contract=contract, layout=layout, start=0, last=True, key_seed=bytes(16))\n"
        "assert (output.rows_accepted, output.rows_rejected, len(output.extracts['standard'])) == (1, 1, 107)\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
