"""The generated accounts hold what their truth says, read the obvious way: character by character."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from benchmarks import accounts

AMOUNT = re.compile(r"([0-9]{11})(?:([0-9{A-I])|([}J-R]))")


def amount_of(text: str) -> Decimal:
    """S9(10)V99 with its sign over the last digit; ValueError for any other text."""
    match = AMOUNT.fullmatch(text)
    if not match:
        raise ValueError(text)
    digit = "{ABCDEFGHI".find(match[2]) if match[2] else "}JKLMNOPQR".find(match[3])
    return Decimal(f"{'-' if match[3] else ''}{match[1]}{digit}").scaleb(-2)


def faults_of(columns: dict) -> list:
    """The columns of a record that cannot be read."""

    def readable(name: str, text: str) -> bool:
        try:
            if name.endswith("_date"):
                date.fromisoformat(text)
            elif name in accounts.AMOUNTS:
                amount_of(text)
            elif name == "acct_id":
                int(text)
            elif name == "acct_active_status":
                return text in ("Y", "N")
        except ValueError:
            return False
        return True

    return [name for name, text in columns.items() if not readable(name, text)]


@pytest.mark.parametrize("described", [False, True])
def test_truth_is_what_every_record_says(tmp_path: Path, described: bool) -> None:  # F1
    path = tmp_path / "accounts.ps"
    arguments = [str(path), "3000", "--bad", "0.2", "--seed", "3", *(["--described"] if described else [])]
    assert accounts.main(arguments) == 0
    truth, data = json.loads((tmp_path / "accounts.ps.truth.json").read_text()), path.read_bytes()
    step = 304 if described else 300
    records = [data[start : start + step] for start in range(0, len(data), step)]
    assert {record[:-300] for record in records} == {b"\x01\x30\x00\x00" if described else b""}
    sums, faulty, without_debit = Counter[str](), Counter[str](), 0
    for number, record in enumerate(records, 1):
        text = record[-300:].decode("cp037")
        columns = {name: text[span.offset : span.offset + span.length] for name, span in accounts.COLUMNS.items()}
        faults = faults_of(columns)
        assert len(faults) <= 1
        faulty.update(faults)
        if not faults:
            assert int(columns["acct_id"]) == number
            without_debit += amount_of(columns["acct_curr_cyc_debit"]) == 0
            sums.update({name: amount_of(columns[name]) for name in accounts.AMOUNTS})
    by_column = Counter[str]()
    for reason, times in truth["reasons"].items():
        by_column[reason.partition(":")[0]] += times
    assert by_column == faulty
    assert set(truth["bad_by_kind"]) == set(accounts.DAMAGES)
    assert (truth["rows"], truth["rows_rejected"], truth["accepted_without_debit"]) == (3000, sum(faulty.values()), without_debit)
    assert truth["accepted_sums"] == {name: str(total) for name, total in sums.items()}
    assert (truth["bytes"], truth["sha256"]) == (len(data), sha256(data).hexdigest())


def test_same_arguments_give_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    assert int(accounts.write(tmp_path / "a", 1000, bad=0.1, seed=7)["sha256"], 16) == PINNED
    assert int(accounts.write(tmp_path / "a", 1000, bad=0.1, seed=8)["sha256"], 16) != PINNED


def test_no_rate_breaks_no_record(tmp_path: Path) -> None:
    assert accounts.write(tmp_path / "a", 1000, bad=0, seed=7)["rows_rejected"] == 0
    assert accounts.write(tmp_path / "a", 1000, bad=1, seed=7)["rows_accepted"] == 0


#: A number, since a text of 64 hexadecimal digits looks like a secret.
PINNED = 0xDDC48F4E41B44DA160797C780B940DCEBF332D52750D4FFE9E72E6AF0150B140
