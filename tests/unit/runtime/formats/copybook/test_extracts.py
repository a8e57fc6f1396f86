"""Extracts are held against their rules when a contract is read: what cannot be written is no contract (F1)."""

from __future__ import annotations

import copy
from typing import Any, Callable, Dict, List

import pytest

from runtime.chunk.process import process_chunk
from runtime.contracts.code_pages import CODE_PAGES, codes
from runtime.core.errors import ContractInvalid
from runtime.formats.copybook.layout import RecordLayout, contracted_form
from runtime.formats.copybook.reader import RecordReader
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.registry import load_contracts, parse_contract
from tests.support.accounts import Account
from tests.support.mainframe import judge

Document = Dict[str, Any]


def changed(change: Callable[[Document], object]) -> Document:
    document: Document = copy.deepcopy(dict(load_contracts()["accounts"].document))
    change(document)
    return document


def described(document: Document, name: str = "standard", at: int = 0) -> List[str]:
    lines: List[str] = document["extracts"]["files"][name]["records"][at]["copybook"]
    return lines


def replaced(lines: List[str], old: str, new: str) -> None:
    assert any(old in line for line in lines)
    lines[:] = [line.replace(old, new) for line in lines]


def field(document: Document, name: str) -> Document:
    return next(field for field in document["schema"]["fields"] if field["name"] == name)


def without_group(document: Document) -> None:
    replaced(document["record"]["copybook"], "ACCT-GROUP-ID ", "ACCT-TEAM-ID  ")


def with_binary_credit(document: Document) -> None:
    replaced(described(document), "OUT-ACCT-CURR-CYC-CREDIT    PIC S9(10)V99", "OUT-ACCT-CURR-CYC-CREDIT    PIC S9(10)V99 COMP")
    document["record"]["spaces"] = "null"


REFUSED = {
    "a column that the copybook lost": (without_group, "need a column acct_group_id \\(string\\) that the dataset does not have"),
    "a date left as text": (
        lambda it: field(it, "acct_open_date").update(type="string"),
        "which need acct_open_date as date, but it is string",
    ),
    "an item under another name": (
        lambda it: replaced(described(it, "variable", 1), "VB2-ACCT-CURR-BAL", "VB2-ACCT-BALANCE "),
        "files.variable has no item VB2-ACCT-CURR-BAL, which the rules 'accounts' make",
    ),
    "an item too many": (
        lambda it: described(it).append("           05  OUT-BRANCH PIC X(4)."),
        "has OUT-BRANCH in line 14 of its copybook, of which the rules 'accounts' make nothing",
    ),
    "fewer digits": (
        lambda it: replaced(described(it), "OUT-ACCT-CURR-BAL           PIC S9(10)V99", "OUT-ACCT-CURR-BAL           PIC S9(8)V99"),
        "PIC S9\\(8\\)V99 in line 5 of its copybook, but .* of acct_curr_bal, a number of -9999999999.99 to 9999999999.99",
    ),
    "no sign": (
        lambda it: replaced(described(it), "OUT-ACCT-CURR-BAL           PIC S9(10)V99", "OUT-ACCT-CURR-BAL           PIC 9(10)V99"),
        "a number of -9999999999.99 to",
    ),
    "fewer decimals": (
        lambda it: replaced(described(it, "array"), "S9(10)V99 COMP-3", "S9(12) COMP-3"),
        "make it, without a column, a number of 2 decimals",
    ),
    "a constant that does not fit": (
        lambda it: (
            replaced(described(it), "OUT-ACCT-CURR-CYC-DEBIT     PIC S9(10)V99", "OUT-ACCT-CURR-CYC-DEBIT     PIC S9(3)V99"),
            replaced(it["record"]["copybook"], "ACCT-CURR-CYC-DEBIT         PIC S9(10)V99", "ACCT-CURR-CYC-DEBIT         PIC S9(3)V99"),
        ),
        "a number of -999.99 to 2525.00",
    ),
    "a shorter text": (
        lambda it: replaced(described(it), "OUT-ACCT-GROUP-ID           PIC X(10)", "OUT-ACCT-GROUP-ID           PIC X(8)"),
        "of acct_group_id, text of up to 10 characters",
    ),
    "a shorter date": (
        lambda it: replaced(described(it), "OUT-ACCT-OPEN-DATE          PIC X(10)", "OUT-ACCT-OPEN-DATE          PIC X(8)"),
        "text of up to 10 characters",
    ),
    "a number for a text": (
        lambda it: replaced(described(it), "OUT-ACCT-GROUP-ID           PIC X(10)", "OUT-ACCT-GROUP-ID           PIC 9(10)"),
        "text, for which it has no characters",
    ),
    "a text for a number": (
        lambda it: replaced(described(it), "OUT-ACCT-ID                 PIC 9(11)", "OUT-ACCT-ID                 PIC X(11)"),
        "an exact number, which it is not",
    ),
    "binary for what may be missing": (with_binary_credit, "a number that may be missing, for which binary has no bytes"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_what_the_rules_cannot_write_is_refused_when_the_contract_is_read(change: Callable[[Document], object], message: str) -> None:
    with pytest.raises(ContractInvalid, match=message):
        parse_contract(changed(change), "accounts.json")


def csv(**kinds: Any) -> Document:
    """Accounts as delimited text; *kinds* replace what is said of a column."""
    amount = {"type": "number", "precision": 12, "scale": 2}
    fields = {
        "acct_id": {"type": "integer", "constraints": {"minimum": 0, "maximum": 99_999_999_999}},
        "acct_active_status": {"constraints": {"enum": ["Y", "N"]}},
        "acct_open_date": {"type": "date"},
        "acct_expiration_date": {"type": "date"},
        "acct_reissue_date": {"type": "date"},
        "acct_group_id": {"constraints": {"maxLength": 10}},
        **dict.fromkeys(
            ("acct_curr_bal", "acct_credit_limit", "acct_cash_credit_limit", "acct_curr_cyc_credit", "acct_curr_cyc_debit"), amount
        ),
        **kinds,
    }
    document = load_contracts()["accounts"].document
    schema = {"fields": [{"name": name, **kind} for name, kind in fields.items()]}
    return {"dataset": "accounts", "version": 1, "format": "csv", "schema": schema, "extracts": document["extracts"]}


def test_delimited_text_has_extracts_too_when_its_columns_fit() -> None:
    assert parse_contract(csv(), "accounts.json").extracts == load_contracts()["accounts"].extracts
    for kinds, message in [
        ({"acct_id": {"type": "integer"}}, "a number of -9223372036854775808 to 9223372036854775807; give the column a minimum"),
        ({"acct_group_id": {}}, "of acct_group_id, text of any length; give the column a maxLength"),
        ({"acct_curr_bal": {"type": "number"}}, "of acct_curr_bal, a number of 18 decimals"),
        ({"acct_id": {"type": "string"}}, "which need acct_id as integer, but it is string"),
    ]:
        with pytest.raises(ContractInvalid, match=message):
            parse_contract(csv(**kinds), "accounts.json")
    transactions = {**load_contracts()["transactions"].document, "extracts": load_contracts()["accounts"].document["extracts"]}
    with pytest.raises(ContractInvalid, match="need a column acct_id"):
        parse_contract(transactions, "transactions.json")


def test_wider_amounts_are_written_where_the_copybooks_are_as_wide() -> None:
    def widen(document: Document) -> None:
        files = document["extracts"]["files"].values()
        for lines in [document["record"]["copybook"], *(record["copybook"] for file in files for record in file["records"])]:
            lines[:] = [line.replace("S9(10)V99", "S9(14)V9(3)") for line in lines]

    contract = parse_contract(changed(widen), "accounts.json")
    record = Account(1).record()
    wide = b"".join([record[:12], *[b"\xf0" * 16 + b"\xc1"] * 3, record[48:78], *[b"\xf9" * 16 + b"\xd9"] * 2, record[102:]])
    found = process_chunk([wide], contract=contract, layout=RecordLayout.of(contract, None), start=0, last=True, key_seed=bytes(16))
    assert found.extracts["standard"][-19:-10] == bytes.fromhex("99999999999999999d")
    assert found.extracts["array"][28:37] == bytes.fromhex("00000000001005000c")


@pytest.mark.parametrize(("page", "extract", "lacking"), [("cp037", "ascii", "ü"), ("cp1140", "cp037", "€")])
def test_a_character_that_an_extract_lacks_rejects_its_row(page: str, extract: str, lacking: str) -> None:
    contract = parse_contract(changed(lambda it: (it.update(encoding=page), it["extracts"].update(encoding=extract))), "accounts.json")
    records = [Account(1, group="GOLD").record(), bytearray(Account(2).record()), Account(3).record()]
    records[1][112:117] = f"A{lacking}BCD".encode(page)
    (block,) = RecordReader([b"".join(records)], contracted_form(contract))
    judged = judge(block, contract, RecordLayout.of(contract, None))
    assert judged.ordinals.tolist() == [0, 2]
    (rejected,) = judged.rejected
    ((code, message),) = [(why.counted, why.message) for why in rejected.reasons]
    assert (rejected.row, code) == (1, "acct_group_id:extract-character")
    assert f"is no character of {extract}, in which the extract standard of it would be written" in message
    made = process_chunk(records, contract=contract, layout=RecordLayout.of(contract, None), start=0, last=True, key_seed=bytes(16))
    assert (made.rows_accepted, made.rows_rejected, len(made.extracts["standard"])) == (2, 1, 214)


def test_rows_of_delimited_text_are_held_to_it_too() -> None:
    contract = parse_contract(csv(), "accounts.json")
    header = ",".join(contract.names) + "\n"
    groups = ["Müller", '"two\nlines"', "Łódź", "a[^]-\\z", "", "tab\there"]
    rows = [f"{at},Y,2024-01-01,2024-01-01,2024-01-01,{group}{',1.00' * 5}\n" for at, group in enumerate(groups)]
    layout = CsvLayout("utf-8", ",", '"', len(header), contract.names)
    found = process_chunk(["".join(rows).encode()], contract=contract, layout=layout, start=0, last=True, key_seed=bytes(16))
    assert found.reasons == {"acct_group_id:extract-character": 3}
    assert [found.extracts["standard"][at : at + 10].decode("cp037") for at in (97, 204, 311)] == ["Müller    ", "a[^]-\\z   ", " " * 10]


def test_every_page_has_what_ascii_prints() -> None:
    assert all(set(map(chr, range(0x20, 0x7F))) <= set(codes(page)) for page in CODE_PAGES)
