from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from ops.drafting import Draft, recognize_writing, records
from runtime.errors import EmptyFile, NotCsv
from runtime.probe import build_probe
from tests.support.accounts import Account

Run = Callable[..., Result]
CONTRACTS = Path(__file__).parents[3] / "runtime" / "contracts"
SP500 = Path(__file__).parents[4] / "shared" / "data" / "sp500" / "constituents.csv"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], Path]:
    def put(content: bytes) -> Path:
        path = tmp_path / "May payments.csv"
        path.write_bytes(content)
        return path

    return put


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        (b"a,b\n1,2\n", "utf-8", ","),
        ("a;b;c\nMüller;1,50;2\n".encode(), "utf-8", ";"),
        ("\ufeffa\tb\nx,y,z\t2\n".encode(), "utf-8", "\t"),
        ("a;b\nMüller;1,50\n".encode("latin-1"), "iso-8859-1", ";"),
        ("a|b\nMüller|5 €\n".encode("cp1252"), "cp1252", "|"),
        (b'a,b\n"x;y;z\n1;2;3",2\n', "utf-8", ","),
        (b"a\n1\n", "utf-8", ","),
        (b"a,b\n" + b"x,1\n" * 300_000 + "é,1\n".encode("latin-1"), "iso-8859-1", ","),
        (b"a,b\n1," + "é".encode()[:1], "iso-8859-1", ","),
    ],
)
def test_how_a_file_is_written_is_read_from_the_file(write: Any, content: bytes, encoding: str, delimiter: str) -> None:
    assert recognize_writing(write(content)) == Draft(encoding, delimiter)


def test_what_is_no_text_is_refused(write: Any) -> None:
    with pytest.raises(NotCsv, match="at byte 3"):
        recognize_writing(write(b"a,b\x00\n"))
    with pytest.raises(EmptyFile):
        recognize_writing(write(b""))


def test_records_keep_line_breaks_within_quotes_and_lose_the_mark_and_blank_lines(write: Any) -> None:
    path = write('\ufeffa,b\r\n\r\n"x\r\ny",2\r\n'.encode())
    with records(path, recognize_writing(path)) as found:
        assert list(found) == [["a", "b"], ["x\r\ny", "2"]]


def test_a_file_is_held_against_a_contract_by_the_code_of_the_stage(write: Any, run: Run) -> None:
    probe = build_probe()
    path = write(probe.content)
    result = run("contract", "check", path, CONTRACTS / "_validation.json", "--json", "--limit", 100)
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["rows_read"], found["rows_accepted"], found["blank_lines"]) == (probe.rows_read, len(probe.accepted), 2)
    assert {(reason["column"], reason["code"]): reason["rows"] for reason in found["reasons"]} == probe.reasons
    assert (found["duplicate_keys"], found["duplicate_rows"]) == (1, [[7, 264]])
    assert [(row["row"], row["offset"]) for row in found["rows"]] == [(reject.row, reject.offset) for reject in probe.rejected]


def test_the_first_20_problems_are_explained(write: Any, run: Run) -> None:
    probe = build_probe()
    result = run("contract", "check", write(probe.content), CONTRACTS / "_validation.json")
    assert result.exit_code == 1
    assert f"{probe.rows_read} rows read = 241 accepted + 23 rejected" in result.stdout
    assert "'1.005' is not" in result.stdout
    assert "1 row repeats a primary key, which is reported: row 264 repeats row 7" in result.stdout
    assert "3 more: --limit shows" in result.stdout


def test_a_file_that_fits_is_status_0(write: Any, run: Run) -> None:
    content = b"id,name,kind,amount,active,day,at,note\n1,Probe,probe,1.00,true,2026-01-31,2026-01-31T12:00:00Z,\n"
    result = run("contract", "check", write(content), CONTRACTS / "_validation.json")
    assert (result.exit_code, result.stdout) == (0, "1 rows read = 1 accepted + 0 rejected\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file has no bytes"),
        (b"id,nome\n", "Header: missing"),
        (b'id,name,kind,amount,active,day,at,note\n1,"Probe', "The quote opened at byte 41 is never closed"),
        (b"PK\x03\x04zip", "This is not delimited text"),
    ],
)
def test_a_file_that_the_stage_would_reject_is_one_line_and_status_1(write: Any, run: Run, content: bytes, message: str) -> None:
    result = run("contract", "check", write(content), CONTRACTS / "_validation.json")
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_contract_that_is_wrong_is_named_with_its_rule(write: Any, run: Run, tmp_path: Path) -> None:
    contract = tmp_path / "odd.json"
    contract.write_bytes(b'{"dataset": "odd", "version": 1, "format": "csv", "schema": {"fields": [{"name": "a", "type": "money"}]}}')
    result = run("contract", "check", write(b"a\n1\n"), contract)
    assert result.exit_code == 1
    assert "Contract odd.json, field 'a'" in result.stderr
    contract.write_bytes(b"\xff\xfe")
    assert "Contract odd.json" in run("contract", "check", write(b"a\n1\n"), contract).stderr


def test_a_drafted_contract_fits_the_file_that_it_was_drafted_from(write: Any, run: Run, tmp_path: Path) -> None:
    path = write("nr;name;betrag;tag\n1;Müller;1,50;2026-01-31\n2;Maß;22,75;2026-02-28\n".encode("latin-1"))
    drafted = run("contract", "infer", path)
    assert drafted.exit_code == 0, drafted.stderr
    document = json.loads(drafted.stdout)
    assert (document["dataset"], document["encoding"], document["dialect"]["delimiter"]) == ("may_payments", "iso-8859-1", ";")
    assert "Drafted from 2 rows" in drafted.stderr
    contract = tmp_path / "may_payments.json"
    contract.write_text(drafted.stdout)
    checked = run("contract", "check", path, contract)
    assert (checked.exit_code, checked.stdout) == (0, "2 rows read = 2 accepted + 0 rejected\n")


def test_rows_of_another_width_are_left_out_and_counted(write: Any, run: Run) -> None:
    result = run("contract", "infer", write(b"a,b\n1,2\n1,2,3\n"), "--dataset", "pairs")
    assert json.loads(result.stdout)["dataset"] == "pairs"
    assert "Drafted from 1 row; 1 with another number of fields was left out" in result.stderr


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-be"])
@pytest.mark.parametrize("name", ["May payments.csv", "May payments.csv.gz"])
def test_a_contract_is_drafted_from_what_is_compressed_or_utf16_and_fits_it(run: Run, tmp_path: Path, name: str, codec: str) -> None:
    text = "\ufeffnr;name\n1;Müller\n2;大\n3\n".encode(codec)
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    document = json.loads(run("contract", "infer", path).stdout)
    found = {name: document.get(name) for name in ("dataset", "encoding", "compression")}
    assert found == {"dataset": "may_payments", "encoding": codec, "compression": "gz" if name.endswith(".gz") else None}
    contract = tmp_path / "may_payments.json"
    contract.write_text(json.dumps(document))
    checked = json.loads(run("contract", "check", path, contract, "--json").stdout)
    assert (checked["rows_accepted"], [row["row"] for row in checked["rows"]]) == (2, [3])


def test_broken_gzip_is_one_line_for_both_commands(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(build_probe().content)[:-1])
    for command in (("infer", path), ("check", path, CONTRACTS / "_validation.json")):
        result = run("contract", *command)
        assert result.exit_code == 1
        assert "The gzip data is broken: it ends before its compressed data does" in result.stderr
        assert result.stderr.count("\n") == 1


def test_records_of_a_mainframe_are_held_against_their_copybook(run: Run, tmp_path: Path) -> None:  # F1
    path = tmp_path / "ACCTDATA.PS"
    bad = bytearray(Account(2).record())
    bad[12:24] = b"\x40" * 12
    path.write_bytes(Account(1).record() + bytes(bad))
    found = json.loads(run("contract", "check", path, CONTRACTS / "accounts.json", "--json").stdout)
    assert (found["rows_accepted"], [(row["row"], row["offset"], row["length"]) for row in found["rows"]]) == (1, [(2, 300, 300)])
    assert "00000000002Y            00000020200{" in run("contract", "check", path, CONTRACTS / "accounts.json").stdout
    path.write_bytes(bytes(bad[:-1]))
    cut = run("contract", "check", path, CONTRACTS / "accounts.json")
    assert (cut.exit_code, cut.stderr.count("\n")) == (1, 1)
    assert "299 bytes are 0 records of 300 bytes and 299 bytes more" in cut.stderr


@pytest.mark.parametrize("records", [Account(1).record(), Account(1).extracts()["standard"], b"\0" * 6 + Account(7).record()])
def test_no_contract_is_drafted_from_records_of_a_mainframe(write: Any, run: Run, records: bytes) -> None:  # F1
    result = run("contract", "infer", write(records * 3))
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "holds records in EBCDIC" in result.stderr


@pytest.mark.skipif(not SP500.exists(), reason="the shared data is not on this machine")
def test_a_contract_drafted_from_a_published_file_fits_all_of_it(run: Run, tmp_path: Path) -> None:
    contract = tmp_path / "constituents.json"
    contract.write_text(run("contract", "infer", SP500).stdout)
    with SP500.open(encoding="utf-8", newline="") as stream:
        count = sum(1 for _ in csv.reader(stream)) - 1
    result = run("contract", "check", SP500, contract, "--json")
    assert (result.exit_code, json.loads(result.stdout)["rows_accepted"]) == (0, count)
