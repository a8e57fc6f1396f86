from __future__ import annotations

import csv
import errno
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from ops.commands.contract import _write_new
from ops.drafting import Draft, recognize_writing, records
from ops.errors import NotWritable
from runtime.core.errors import EmptyFile, NotCsv, RecordTooLong
from runtime.core.limits import MAX_RECORD_BYTES
from runtime.formats.registry import load_contract
from runtime.steps.probe import build_probe
from tests.support.accounts import Account

Run = Callable[..., Result]
CONTRACTS = Path(__file__).parents[3] / "runtime" / "contracts"
SP500 = Path(__file__).parents[4] / "shared" / "data" / "sp500" / "constituents.csv"


def ignored(count: int) -> None:
    """Nobody watches the progress."""


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
    assert recognize_writing(write(content), ignored) == Draft(encoding, delimiter)


def test_what_is_no_text_is_refused(write: Any) -> None:
    with pytest.raises(NotCsv, match="at byte 3"):
        recognize_writing(write(b"a,b\x00\n"), ignored)
    with pytest.raises(EmptyFile):
        recognize_writing(write(b""), ignored)


def test_records_keep_line_breaks_within_quotes_and_lose_the_mark_and_blank_lines(write: Any) -> None:
    path = write('\ufeffa,b\r\n\r\n"x\r\ny",2\r\n'.encode())
    with records(path, recognize_writing(path, ignored)) as found:
        assert list(found) == [["a", "b"], ["x\r\ny", "2"]]


@pytest.mark.parametrize(
    ("before", "record", "after", "offset"),
    [
        (b"a,b\n1,2\n\n", b"1," + b"x" * MAX_RECORD_BYTES, b"\n", 9),
        (b"a,b\n", b'1,"' + b"x\n" * (MAX_RECORD_BYTES // 2), b"", 4),
        ("\ufeffä,b\r\n".encode(), "ö".encode() * (MAX_RECORD_BYTES // 2), b"\n", 9),
        (b"", b"x" * (MAX_RECORD_BYTES + 1), b"", 0),
    ],
    ids=["field", "open-quote", "byte-order-mark", "one-line"],
)
def test_a_record_that_no_stage_takes_is_told_at_its_first_byte(
    write: Any, run: Run, before: bytes, record: bytes, after: bytes, offset: int
) -> None:
    path = write(before + record + after)
    result = run("contract", "infer", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"error: {RecordTooLong(offset, MAX_RECORD_BYTES)}\n"


def test_the_longest_record_is_read(write: Any) -> None:
    path = write(b"a\n" + b"x" * (MAX_RECORD_BYTES - 1) + b"\n")
    with records(path, recognize_writing(path, ignored)) as found:
        assert [len(record[0]) for record in found] == [1, MAX_RECORD_BYTES - 1]


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
    assert "\n3 more: --limit shows them\n" in result.stdout


def test_repeated_keys_that_are_not_shown_are_counted(write: Any, run: Run) -> None:
    row = b"1,Probe,probe,1.00,true,2026-01-31,2026-01-31T12:00:00Z,\n"
    header = b"id,name,kind,amount,active,day,at,note\n"
    assert (
        "row 11 repeats row 1, and 29 more\n" in run("contract", "check", write(header + row * 40), CONTRACTS / "_validation.json").stdout
    )
    assert "row 11 repeats row 1\n" in run("contract", "check", write(header + row * 11), CONTRACTS / "_validation.json").stdout


@pytest.mark.parametrize("name", ["probe.csv", "probe.csv.gz"])
def test_both_commands_show_on_a_terminal_how_far_they_are(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    rows = (f"{index},Probe,probe,1.00,true,2026-01-31,2026-01-31T12:00:00Z,\n" for index in range(20_000))
    content = "".join(("id,name,kind,amount,active,day,at,note\n", *rows)).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    for what, command in (("Drafting", ("infer", path)), ("Checking", ("check", path, CONTRACTS / "_validation.json"))):
        shown = run("contract", *command).stderr
        assert what in shown
        assert re.search(r"([0-9.]+)/\1 [kM]B", shown)


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
    path = write("nr;name;betrag;tag\n1;Müller;1,50;2026-01-31\n2;Maß;2.000,75;2026-02-28\n".encode("latin-1"))
    drafted = run("contract", "infer", path)
    assert drafted.exit_code == 0, drafted.stderr
    document = json.loads(drafted.stdout)
    assert (document["dataset"], document["encoding"], document["dialect"]["delimiter"]) == ("may_payments", "iso-8859-1", ";")
    assert drafted.stderr == "Drafted from 2 rows\n"
    amount = document["schema"]["fields"][2]
    assert (amount["type"], amount["decimalChar"], amount["groupChar"]) == ("number", ",", ".")
    contract = tmp_path / "may_payments.json"
    contract.write_text(drafted.stdout)
    checked = run("contract", "check", path, contract)
    assert (checked.exit_code, checked.stdout) == (0, "2 rows read = 2 accepted + 0 rejected\n")


def test_rows_of_another_width_are_left_out_and_counted(write: Any, run: Run) -> None:
    result = run("contract", "infer", write(b"a,b\n1,2\n1,2,3\n"), "--dataset", "pairs")
    assert json.loads(result.stdout)["dataset"] == "pairs"
    assert "Drafted from 1 row; 1 with another number of fields was left out" in result.stderr


def test_a_comma_that_may_be_either_mark_is_told(write: Any, run: Run) -> None:
    result = run("contract", "infer", write(b"nr;rate;sum\n1;1,234;2,345\n2;2,345;1,234\n"))
    assert [field["type"] for field in json.loads(result.stdout)["schema"]["fields"]] == ["integer", "string", "string"]
    assert "\nLeft as string: rate, sum: as in 1,234 its commas may be decimal marks or group marks; say which" in result.stderr


def test_no_contract_is_drafted_where_no_row_fits_the_header(write: Any, run: Run) -> None:
    result = run("contract", "infer", write(b"a;b;c\n1;2\n1\n"))
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "No row of May payments.csv has as many fields as its header (3, set apart by ';')" in result.stderr
    assert "Drafted from 0 rows" in run("contract", "infer", write(b"a;b;c\n")).stderr


def test_a_draft_is_written_whole_to_a_new_file_named_as_its_dataset(write: Any, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "card-payments.json"
    refused = run("contract", "infer", write(b"a;b;c\n1;2\n"), "--output", target)
    assert (refused.exit_code, target.exists()) == (1, False)
    path = write(b"a\n1\n")
    written = run("contract", "infer", path, "--output", target)
    assert (written.exit_code, written.stdout, written.stderr) == (0, "", "Drafted from 1 row\n")
    assert load_contract(target).dataset == "card-payments"
    named = run("contract", "infer", path, "--output", tmp_path / "other.json", "--dataset", "payments")
    assert (named.exit_code, json.loads((tmp_path / "other.json").read_text())["dataset"]) == (0, "payments")


def test_a_draft_replaces_no_file(write: Any, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "payments.json"
    target.write_text("kept")
    refused = run("contract", "infer", write(b"a,b\x00\n"), "--output", target)
    assert (refused.exit_code, target.read_text()) == (1, "kept")
    assert refused.stderr == f"error: {target} cannot be written: it is there already; name another file\n"
    with pytest.raises(NotWritable, match="it is there already"):
        _write_new(target, "new")
    assert target.read_text() == "kept"
    nowhere = run("contract", "infer", write(b"a\n1\n"), "--output", tmp_path / "no" / "payments.json")
    assert (nowhere.exit_code, nowhere.stderr.count("\n")) == (1, 1)
    assert "No such file or directory; name another file" in nowhere.stderr


def test_a_draft_that_cannot_be_written_whole_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "payments.json"

    def on_a_full_disk(path: Path, *_: Any, **__: Any) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", on_a_full_disk)
    with pytest.raises(NotWritable, match="No space left on device"):
        _write_new(target, "new")
    assert not target.exists()


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
