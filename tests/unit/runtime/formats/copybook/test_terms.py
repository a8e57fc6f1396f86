"""Contracts of records: what a copybook decides, and what a schema may add (F1)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Dict, List

import pytest

from runtime.core.errors import ContractInvalid, CopybookInvalid
from runtime.formats.registry import load_contract, load_contracts, parse_contract

COPYBOOK = [
    "       01  PAYMENT.",
    "           05  PAY-ID        PIC 9(8).",
    "           05  PAY-AMOUNT    PIC S9(7)V99 COMP-3.",
    "           05  PAY-DAY       PIC X(10).",
    "           05  PAY-RATE      COMP-2.",
    "           05  PAY-KIND      PIC X.",
    "               88  CREDIT    VALUE 'C'.",
    "               88  DEBIT     VALUE 'D'.",
]


def document(*fields: Dict[str, Any], **changes: Any) -> Dict[str, Any]:
    found = {
        "dataset": "payments",
        "version": 1,
        "format": "fixed-length",
        "encoding": "cp037",
        "record": {"format": "F", "copybook": COPYBOOK},
        "schema": {"fields": list(fields)},
    }
    return {**found, **changes}


def parse(*fields: Dict[str, Any], **changes: Any) -> Any:
    return parse_contract(document(*fields, **changes), "payments.json")


def test_the_copybook_gives_every_column_its_type():
    found = {field.name: (field.type, field.precision, field.scale, field.enum) for field in parse().fields}
    assert found == {
        "pay_id": ("integer", None, None, None),
        "pay_amount": ("number", 9, 2, None),
        "pay_day": ("string", None, None, None),
        "pay_rate": ("number", None, None, None),
        "pay_kind": ("string", None, None, ("C", "D")),
    }


def test_a_schema_refines_the_columns_that_it_names():
    contract = parse(
        {"name": "pay_day", "type": "date", "format": "%d.%m.%Y"},
        {"name": "pay_amount", "constraints": {"minimum": "-10.50"}},
        {"name": "pay_kind", "constraints": {"required": True}},
    )
    fields = {field.name: field for field in contract.fields}
    assert (fields["pay_day"].type, fields["pay_day"].format) == ("date", "%d.%m.%Y")
    assert (fields["pay_amount"].minimum, fields["pay_amount"].precision) == (Decimal("-10.50"), 9)
    assert (fields["pay_kind"].required, fields["pay_kind"].enum) == (True, ("C", "D"))
    assert contract.names == ("pay_id", "pay_amount", "pay_day", "pay_rate", "pay_kind")


def test_columns_of_the_primary_key_are_required():
    contract = parse(schema={"primaryKey": "pay_id"})
    assert [field.name for field in contract.fields if field.required] == ["pay_id"]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("cp037", "cp037"), ("IBM-1047", "cp1047"), ("cp273", "cp273"), ("latin-1", "iso8859-1"), ("ascii", "ascii")],
)
def test_code_pages_go_by_their_usual_names(name: str, encoding: str) -> None:
    assert parse(encoding=name).encoding == encoding


@pytest.mark.parametrize(
    ("fields", "changes", "message"),
    [
        ([{"name": "pay_tax"}], {}, "'pay_tax': the copybook has no such column; it has pay_id, pay_amount"),
        ([{"name": "pay_day"}, {"name": "pay_day"}], {}, "'pay_day': the name is used by two columns"),
        ([{"name": "pay_amount", "type": "date"}], {}, "type is 'date', but PIC S9\\(7\\)V99 .*line 3 is number"),
        ([{"name": "pay_amount", "precision": 12, "scale": 2}], {}, "precision and scale are the copybook's: .* in line 3"),
        ([], {"encoding": "utf-8"}, "encoding is 'utf-8', not one of ascii, cp037"),
        ([], {"dialect": {"delimiter": ";"}}, "dialect is not a known property"),
        ([], {"schema": {"fieldsMatch": "equal"}}, "fieldsMatch is about the names in a header"),
        ([], {"schema": {"primaryKey": "id"}}, "primaryKey names 'id', which is not a column"),
        ([], {"record": {"format": "U", "copybook": COPYBOOK}}, "record.format is 'U', not one of F, FB, V, VB"),
        ([], {"record": {"format": "F"}}, "record.copybook is missing"),
        (
            [],
            {"record": {"format": "V", "copybook": ["01 LONG PIC X(32757)."]}},
            "records of 32,757 bytes; with a descriptor they have at most",
        ),
        ([], {"record": {"format": "F", "copybook": []}}, "is no array of the copybook's lines"),
        ([], {"record": {"format": "F", "copybook": "payments.cpy"}}, "record.copybook is a string, not an array"),
        ([], {"record": {"format": "F", "copybook": COPYBOOK, "spaces": "zero"}}, "record.spaces is 'zero', not one of error, null"),
    ],
)
def test_a_contract_that_contradicts_its_copybook_says_where(fields: List[Dict[str, Any]], changes: Dict[str, Any], message: str) -> None:
    with pytest.raises(ContractInvalid, match=message):
        parse(*fields, **changes)


def test_an_encoding_is_never_assumed():
    found = document()
    del found["encoding"]
    with pytest.raises(ContractInvalid, match="encoding is missing"):
        parse_contract(found, "payments.json")


def test_a_fault_of_the_copybook_is_told_by_its_line():
    with pytest.raises(CopybookInvalid, match=r"payments\.json: copybook line 3, .*PIC Z"):
        parse(record={"format": "F", "copybook": [*COPYBOOK[:2], "           05  SHOWN  PIC Z(7)9."]})


@pytest.mark.parametrize("form", ["F", "FB", "V"])
def test_a_table_that_varies_has_a_column_for_each_element_it_may_have(form: str) -> None:
    """In files of fixed format a record has its greatest length, whatever its table holds."""
    varying = [*COPYBOOK, "           05  PARTS OCCURS 1 TO 5 TIMES DEPENDING ON PAY-ID PIC X(3)."]
    assert parse(record={"format": form, "copybook": varying}).names[-5:] == tuple(f"parts_{number}" for number in range(1, 6))


def test_a_copybook_beside_the_contract_becomes_part_of_it(tmp_path: Path) -> None:
    """So the digest of a contract covers it, and a file in progress keeps it."""
    path = tmp_path / "payments.json"
    path.write_text(json.dumps(document(record={"format": "F", "copybook": "payments.cpy"})))
    (tmp_path / "payments.cpy").write_text("\n".join(COPYBOOK))
    contract = load_contract(path)
    assert contract == parse()
    assert contract.document["record"]["copybook"] == COPYBOOK
    (tmp_path / "payments.cpy").write_text("\n".join(COPYBOOK).replace("9(8)", "9(9)"))
    assert load_contract(path).sha256 != contract.sha256


@pytest.mark.parametrize("lines", [COPYBOOK, [line.strip() for line in COPYBOOK]])
def test_a_copybook_may_begin_with_a_byte_order_mark(tmp_path: Path, lines: List[str]) -> None:
    path = tmp_path / "payments.json"
    path.write_text(json.dumps(document(record={"format": "F", "copybook": "payments.cpy"})))
    (tmp_path / "payments.cpy").write_text("\n".join(lines), encoding="utf-8-sig")
    assert load_contract(path).document["record"]["copybook"] == lines


@pytest.mark.parametrize(
    ("name", "message"), [("../secret.cpy", "is a path; name a file beside the contract"), ("absent.cpy", "cannot be read beside")]
)
def test_a_copybook_is_a_file_beside_the_contract(tmp_path: Path, name: str, message: str) -> None:
    path = tmp_path / "payments.json"
    path.write_text(json.dumps(document(record={"format": "F", "copybook": name})))
    with pytest.raises(ContractInvalid, match=message):
        load_contract(path)


EXTRACTS = {"rules": "accounts", "files": {"standard": {"format": "FB", "records": [{"copybook": COPYBOOK}]}}}
LONGER = [*COPYBOOK, "           05  MORE PIC X."]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rules": "payroll"}, "extracts.rules is 'payroll', not one of accounts"),
        ({"encoding": "utf-8"}, "extracts.encoding is 'utf-8', not one of"),
        ({"files": {}}, "extracts.files names no file"),
        ({"files": {"../x": {}}}, "is no name of an extract"),
        ({"files": {"x": {"format": "F", "records": []}}}, "extracts.files.x.records is empty"),
        ({"files": {"x": {"format": "F", "records": [{"copybook": COPYBOOK}]}}}, "extracts.files.x is not made by the rules 'accounts'"),
        ({"files": {"array": {"format": "F", "records": [{"copybook": COPYBOOK}] * 2}}}, "array has 2 records, but .* make 1 of each row"),
        ({"files": {"x": {"format": "F", "records": [{"copybook": COPYBOOK}, {"copybook": LONGER}]}}}, "which are of format 'V'"),
    ],
)
def test_extracts_that_cannot_be_written_are_refused(changes: Dict[str, Any], message: str) -> None:
    with pytest.raises(ContractInvalid, match=message):
        parse(extracts={**EXTRACTS, **changes})


def test_the_accounts_contract_is_the_issue_s_record():
    contract = load_contracts()["accounts"]
    assert contract.extracts is not None
    assert [file.name for file in contract.extracts.files] == ["standard", "array", "variable"]
    assert contract.primary_key == ("acct_id",)
