"""F1: an output of the old program beside ours: what differs is found, named and counted, wherever it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from ops.comparison import alignment, units
from tests.support.accounts import Account, packed
from tests.support.transactions import csv, row
from tests.support.workflow import Workflow

Run = Callable[..., Result]
ACCOUNTS = [Account(number, balance=Decimal(number), group=f"G{number}") for number in range(1, 31)]
STANDARD, DEBIT = 107, slice(90, 97)


def extract(accounts: Sequence[Account], name: str = "standard") -> bytes:
    return b"".join(account.extracts()[name] for account in accounts)


@pytest.fixture
def compare(run: Run, tmp_path: Path) -> Callable[..., Any]:
    """Compare the bytes of two files; returns the exit status and the document, or the line on stderr."""

    def command(legacy: bytes, ours: bytes, name: str = "standard", *more: object) -> Any:
        (tmp_path / "OUT.PS").write_bytes(legacy)
        (tmp_path / "ours.dat").write_bytes(ours)
        done = run("compare", "--legacy", tmp_path / "OUT.PS", "--output", name, tmp_path / "ours.dat", "--json", *more)
        return done.exit_code, json.loads(done.stdout) if done.stdout else done.stderr

    return command


@pytest.mark.parametrize("name", ["standard", "array", "variable"])
def test_equal_files_agree(compare: Any, name: str) -> None:
    status, found = compare(extract(ACCOUNTS, name), extract(ACCOUNTS, name), name)
    assert (status, found["agrees"], found["rows"]["equal"], found["examples"]) == (0, True, 30, [])


def test_a_field_is_told_with_values_bytes_place_and_key(compare: Any) -> None:
    legacy = bytearray(extract(ACCOUNTS))
    legacy[4 * STANDARD + 12 : 4 * STANDARD + 24] = Account(5, balance=Decimal("-5.01")).extracts()["standard"][12:24]
    status, found = compare(bytes(legacy), extract(ACCOUNTS))
    assert status == 1
    (example,) = found["examples"]
    assert (example["key"], example["legacy"], example["ours"]) == ("00000000005", *[{"record": 5, "offset": 4 * STANDARD}] * 2)
    assert example["differences"] == [
        {
            "field": "out_acct_curr_bal",
            "kind": "value",
            "description": "PIC S9(10)V99",
            "where": {"record": 1, "first": 13, "last": 24},
            "legacy": {"value": "-5.01", "hex": "F0F0F0F0F0F0F0F0F0F5F0D1"},
            "ours": {"value": "5.00", "hex": "F0F0F0F0F0F0F0F0F0F5F0C0"},
            "remark": None,
        }
    ]
    assert found["fields"] == [{"field": "out_acct_curr_bal", "kind": "value", "rows": 1}]


def test_the_second_record_of_a_row_is_told_as_such(compare: Any) -> None:
    legacy = bytearray(extract(ACCOUNTS, "variable"))
    legacy[2 * 59 + 16 + 4 + 35 : 2 * 59 + 59] = "1999".encode("cp037")
    _, found = compare(bytes(legacy), extract(ACCOUNTS, "variable"), "variable")
    (example,) = found["examples"]
    assert example["legacy"] == {"record": 5, "offset": 118}
    (difference,) = example["differences"]
    assert (difference["field"], difference["where"]) == ("vb2_acct_reissue_yyyy", {"record": 2, "first": 36, "last": 39})


def test_the_same_value_in_other_bytes_is_a_difference_that_says_so(compare: Any) -> None:
    legacy = bytearray(extract(ACCOUNTS))
    legacy[23] = 0xF0  # a positive balance with sign F
    status, found = compare(bytes(legacy), extract(ACCOUNTS))
    assert (status, found["fields"]) == (1, [{"field": "out_acct_curr_bal", "kind": "bytes", "rows": 1}])


def test_bytes_that_are_no_number_have_no_value_and_a_reason(compare: Any) -> None:
    legacy = bytearray(extract(ACCOUNTS))
    legacy[DEBIT] = b"\x40" * 7
    _, found = compare(bytes(legacy), extract(ACCOUNTS))
    (difference,) = found["examples"][0]["differences"]
    assert (difference["legacy"]["value"], difference["ours"]["value"]) == (None, "2525.00")
    assert difference["remark"].startswith("legacy: ")


def test_filler_is_compared_too(compare: Any) -> None:
    legacy = bytearray(extract(ACCOUNTS, "array"))
    legacy[108] = 0
    _, found = compare(bytes(legacy), extract(ACCOUNTS, "array"), "array")
    (difference,) = found["examples"][0]["differences"]
    assert (difference["field"], difference["where"]["first"], difference["legacy"]["hex"]) == ("(filler)", 107, "40400040")


def test_what_the_old_program_left_unset_is_known_and_counted_apart(compare: Any) -> None:
    """Its debit is what was there before, unless the input's is zero."""
    accounts = [Account(1), Account(2, debit=Decimal("7.00")), Account(3, debit=Decimal("8.00"), group="G")]
    legacy = bytearray(extract(accounts))
    legacy[STANDARD + DEBIT.start : STANDARD + DEBIT.stop] = packed(Decimal("2525.00"))
    legacy[2 * STANDARD + DEBIT.start : 2 * STANDARD + DEBIT.stop] = bytes(7)
    status, found = compare(bytes(legacy), extract(accounts))
    assert (status, found["agrees"], found["rows"]["known"], found["rows"]["differs"]) == (0, True, 2, 0)
    assert (found["fields"], found["examples"]) == ([{"field": "out_acct_curr_cyc_debit", "kind": "known", "rows": 2}], [])
    status, found = compare(bytes(legacy), extract(accounts), "standard", "--strict")
    assert (status, found["rows"]["known"], len(found["examples"])) == (1, 2, 2)
    assert "leaves what was there before" in found["examples"][0]["differences"][0]["remark"]


def test_a_wrong_debit_for_zero_is_no_known_defect(compare: Any) -> None:
    legacy = bytearray(extract([Account(1)]))
    legacy[DEBIT] = packed(Decimal("2525.01"))
    assert compare(bytes(legacy), extract([Account(1)]))[1]["fields"] == [{"field": "out_acct_curr_cyc_debit", "kind": "value", "rows": 1}]


def test_a_known_defect_hides_no_other_difference_of_the_row(compare: Any) -> None:
    ours = extract([Account(1, debit=Decimal("7.00"))])
    legacy = bytearray(ours)
    legacy[DEBIT], legacy[11] = bytes(7), 0xD5
    status, found = compare(bytes(legacy), ours)
    assert (status, found["rows"]["differs"], found["rows"]["known"]) == (1, 1, 0)


def test_records_that_only_one_file_has_make_no_other_differ(compare: Any) -> None:
    """What we rejected is missing in the middle; what the old run did not have yet is at the end."""
    ours = [account for account in ACCOUNTS if account.number not in (4, 5, 20)]
    status, found = compare(extract(ACCOUNTS[:28]), extract(ours))
    assert (status, found["rows"]) == (
        1,
        {"legacy": 28, "ours": 27, "equal": 25, "differs": 0, "known": 0, "in_another_order": 0, "only_in_legacy": 3, "only_in_ours": 2},
    )
    assert [(example["what"], example["key"][-2:], example["legacy"], example["ours"]) for example in found["examples"]] == [
        ("only in legacy", "04", {"record": 4, "offset": 3 * STANDARD}, None),
        ("only in legacy", "05", {"record": 5, "offset": 4 * STANDARD}, None),
        ("only in legacy", "20", {"record": 20, "offset": 19 * STANDARD}, None),
        ("only in ours", "29", None, {"record": 26, "offset": 25 * STANDARD}),
        ("only in ours", "30", None, {"record": 27, "offset": 26 * STANDARD}),
    ]


def test_the_same_records_in_another_order_are_said_to_be_so(compare: Any, run: Run, tmp_path: Path) -> None:
    moved = [*ACCOUNTS[:3], *ACCOUNTS[10:20], *ACCOUNTS[3:10], *ACCOUNTS[20:]]
    status, found = compare(extract(moved), extract(ACCOUNTS))
    assert (status, found["agrees"]) == (1, False)
    assert {name: count for name, count in found["rows"].items() if count} == {
        "legacy": 30, "ours": 30, "equal": 23, "in_another_order": 7,
    }  # fmt: skip
    (example,) = found["examples"]
    place = {"record": 4, "offset": 3 * STANDARD}
    assert (example["what"], example["legacy"], example["ours"]) == ("in another order", place, place)
    shown = run("compare", "--legacy", tmp_path / "OUT.PS", "--output", "standard", tmp_path / "ours.dat").stdout
    assert "23 equal, 0 differs, 7 in another order" in shown
    assert "in another order: 00000000004 (record 4 of legacy at byte 321, record 4 of ours at byte 321)" in shown
    assert "more: --limit" not in shown
    _, found = compare(extract([*moved[:-1], Account(77, group="other")]), extract(ACCOUNTS))
    assert (found["rows"]["in_another_order"], found["rows"]["only_in_legacy"], found["rows"]["only_in_ours"]) == (0, 8, 8)


def test_a_changed_key_is_one_difference(compare: Any) -> None:
    changed = [Account(99, balance=Decimal(3), group="G3") if account.number == 3 else account for account in ACCOUNTS]
    _, found = compare(extract(changed), extract(ACCOUNTS))
    assert (found["rows"]["differs"], found["rows"]["equal"]) == (1, 29)
    assert [difference["field"] for difference in found["examples"][0]["differences"]] == ["out_acct_id"]


@pytest.mark.parametrize("piece_bytes", [STANDARD, 4 * STANDARD + 1, 1 << 22])
@pytest.mark.parametrize("ahead", [5, 1000])
def test_counts_do_not_depend_on_how_much_is_read_at_once(
    compare: Any, monkeypatch: pytest.MonkeyPatch, piece_bytes: int, ahead: int
) -> None:
    monkeypatch.setattr(units, "PIECE_BYTES", piece_bytes)
    monkeypatch.setattr(alignment, "LOOK_AHEAD", ahead)
    legacy = [account for account in ACCOUNTS if account.number not in (1, 2, 11, 30)]
    ours = [Account(7) if account.number == 7 else account for account in ACCOUNTS if account.number not in (12, 13)]
    _, found = compare(extract(legacy), extract(ours), "standard", "--limit", 0)
    assert found["rows"] == {
        "legacy": 26,
        "ours": 28,
        "equal": 23,
        "differs": 1,
        "known": 0,
        "in_another_order": 0,
        "only_in_legacy": 2,
        "only_in_ours": 4,
    }
    assert found["examples"] == []


@pytest.mark.parametrize("legacy", [[], ACCOUNTS[:1]])
def test_a_file_without_records_has_none(compare: Any, legacy: list[Account]) -> None:
    _, found = compare(extract(legacy), b"")
    assert (found["agrees"], found["rows"]["only_in_legacy"]) == (not legacy, len(legacy))


VARIABLE = extract(ACCOUNTS, "variable")
REFUSED = {
    "cut in a record": (extract(ACCOUNTS)[:-3], "standard", "OUT.PS has 3,207 bytes: 29 records of 107 bytes"),
    "another output": (extract(ACCOUNTS, "array"), "standard", "OUT.PS has 3,300 bytes: 30 records of 107 bytes"),
    "another output of a size that fits": (
        extract(ACCOUNTS * 107, "array")[: 107 * 110 * 30],
        "standard",
        "numbers (out_acct_id and others) that do not read in cp037, in none of the first records; is it the right --output?",
    ),
    "as text": (
        extract(ACCOUNTS).decode("cp037").encode("latin-1"),
        "standard",
        "do not read in cp037, but in ascii they do; transfer in binary",
    ),
    "a byte lost in a chain": (
        VARIABLE[:100] + VARIABLE[101:],
        "variable",
        "OUT.PS has X'100000F0' at byte 118, where the descriptor word X'00100000'",
    ),
    "without descriptor words": (
        b"".join(VARIABLE[at + 4 : at + 16] + VARIABLE[at + 20 : at + 59] for at in range(0, len(VARIABLE), 59)),
        "variable",
        "OUT.PS has X'F0F0F0F0' at byte 0, where the descriptor word X'00100000'",
    ),
    "a chain cut in a record": (
        VARIABLE[:-10],
        "variable",
        "OUT.PS ends at byte 1,760, within the records of the row that begins at byte 1,711",
    ),
    "a chain cut between the records of a row": (
        VARIABLE[:-43],
        "variable",
        "OUT.PS ends at byte 1,727, where the descriptor word X'002B0000'",
    ),
}


@pytest.mark.parametrize(("legacy", "name", "message"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_not_the_output_is_one_readable_line(compare: Any, legacy: bytes, name: str, message: str) -> None:
    status, line = compare(legacy, extract(ACCOUNTS, name), name)
    assert status == 1
    assert message in line
    assert line.count("\n") == 1


def test_an_output_that_no_contract_has_and_a_file_that_is_not_there_are_told(compare: Any, run: Run, tmp_path: Path) -> None:
    status, line = compare(b"", b"", "sorted")
    assert (status, line.strip()) == (
        1,
        "error: No contract has an output 'sorted'; there is: array of accounts, standard of accounts, variable of accounts",
    )
    assert "transactions has no output 'array'" in compare(b"", b"", "array", "--dataset", "transactions")[1]
    missing = run("compare", "--legacy", tmp_path / "OUT.PS", "--output", "array", tmp_path / "nothing")
    assert missing.exit_code == 2
    assert "is neither a file here nor a FILE_ID" in missing.stderr


def test_a_file_of_the_stage_is_compared_by_its_own_contract(deployed: Any, run: Run, tmp_path: Path) -> None:
    workflow = Workflow(deployed.s3, deployed.dynamodb)
    event = workflow.upload("incoming/accounts/cardco/ACCTDATA.PS", b"".join(account.record() for account in ACCOUNTS))
    workflow.run(event)
    identity = workflow.id_of(event)
    legacy = tmp_path / "OUT.PS"
    legacy.write_bytes(extract(ACCOUNTS[:-1], "variable"))
    shown = run("compare", "--legacy", legacy, "--output", "variable", identity, "--stage", "test")
    assert shown.exit_code == 1
    assert f"variable of accounts: 29 in OUT.PS, 30 in {identity}, 2 records each" in shown.stdout
    assert "only in ours: 00000000030 (record 59 of ours at byte 1,711)" in shown.stdout
    legacy.write_bytes(extract(ACCOUNTS, "variable"))
    assert run("compare", "--legacy", legacy, "--output", "variable", identity, "--stage", "test").exit_code == 0
    other = run("compare", "--legacy", legacy, "--output", "sorted", identity, "--stage", "test")
    assert f"File {identity} of accounts, which is SUCCEEDED, has no output 'sorted'" in other.stderr
    small = workflow.upload("incoming/transactions/acme/day.csv", csv([row(1)]))
    workflow.run(small)
    none = run("compare", "--legacy", legacy, "--output", "sorted", workflow.id_of(small), "--stage", "test")
    assert "of transactions, which is SUCCEEDED, has no output 'sorted'; it has no outputs for old programs at all" in none.stderr
    assert "has no file" in run("compare", "--legacy", legacy, "--output", "array", "0" * 32, "--stage", "test").stderr


def test_differences_are_told_to_a_person(compare: Any, run: Run, tmp_path: Path) -> None:
    legacy = bytearray(extract(ACCOUNTS))
    legacy[11], legacy[STANDARD + 11] = 0xD5, 0xD5
    compare(bytes(legacy), extract(ACCOUNTS))
    shown = run("compare", "--legacy", tmp_path / "OUT.PS", "--output", "standard", tmp_path / "ours.dat", "--limit", 1).stdout
    assert "28 equal, 2 differs" in shown
    assert "out_acct_active_status, PIC X(01), bytes 12 to 12: another value" in shown
    assert "    legacy N  X'D5'" in shown
    assert "1 more: --limit shows them" in shown
