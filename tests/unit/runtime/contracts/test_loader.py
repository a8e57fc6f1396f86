"""G3: a contract that is wrong is refused with file, field and rule."""

from __future__ import annotations

import copy
import json
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest

from runtime.chunk.process import process_chunk
from runtime.contracts.loader import read_document
from runtime.core.errors import ContractInvalid
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.registry import load_contract, load_contracts, parse_contract

SP500 = Path(os.environ.get("LEDGERLINE_SHARED_DATA", "../shared/data")) / "sp500" / "datapackage.json"

GOOD = {
    "dataset": "payments",
    "version": 3,
    "format": "csv",
    "encoding": "latin-1",
    "dialect": {"delimiter": ";", "quoteChar": "'"},
    "duplicateKeys": "reject",
    "rejectedRowsThreshold": 0.25,
    "schema": {
        "fields": [
            {"name": "id", "type": "string", "constraints": {"pattern": "[A-Z]{3}"}},
            {
                "name": "amount",
                "type": "number",
                "precision": 10,
                "scale": 2,
                "decimalChar": ",",
                "groupChar": ".",
                "constraints": {"minimum": -5},
            },
            {"name": "day", "type": "date", "format": "%d.%m.%Y", "constraints": {"minimum": "01.02.2020"}},
        ],
        "primaryKey": "id",
        "missingValues": ["", "-"],
        "fieldsMatch": "equal",
    },
}


def changed(path, value):
    """GOOD with the value at *path* (keys and indices) replaced."""
    document = copy.deepcopy(GOOD)
    *way, last = path
    node = document
    for key in way:
        node = node[key]
    node[last] = value
    return document


def test_a_contract_is_read_into_the_terms_of_the_row_path():
    contract = parse_contract(GOOD, "payments.json")
    assert (contract.encoding, contract.dialect.delimiter, contract.dialect.quote) == ("iso8859-1", ";", "'")
    assert (contract.primary_key, contract.duplicate_keys, contract.rejected_rows_threshold) == (("id",), "reject", 0.25)
    assert contract.fields[0].required, "a column of the primary key always has a value"
    assert contract.fields[1].minimum == Decimal(-5)
    assert contract.fields[2].minimum == "2020-02-01"


def test_what_a_contract_leaves_out_has_the_documented_default():
    contract = parse_contract(
        {"dataset": "x", "version": 1, "format": "csv", "schema": {"fields": [{"name": "n", "type": "number"}]}}, "x.json"
    )
    assert (contract.encoding, contract.dialect.delimiter, contract.dialect.quote, contract.duplicate_keys) == ("utf-8", ",", '"', "report")
    assert (contract.missing_values, contract.dialect.fields_match, contract.rejected_rows_threshold) == (("",), "exact", 1.0)
    assert (contract.fields[0].precision, contract.fields[0].scale) == (38, 18)


AMOUNT, DAY, ID = ("schema", "fields", 1), ("schema", "fields", 2), ("schema", "fields", 0)


@pytest.mark.parametrize(
    ("path", "value", "field", "rule"),
    [
        (("dataset",), "_files", None, "reserved"),
        (("dataset",), "Pay ments", None, "dataset is 'Pay ments'"),
        (("version",), 0, None, "version is 0"),
        (("version",), True, None, "version is True"),
        (("format",), "xlsx", None, "format is 'xlsx'"),
        (("encoding",), "utf-32", None, "encoding is 'utf-32'"),
        (("encoding",), "nonsense", None, "encoding is 'nonsense'"),
        (("dialect", "delimiter"), "||", None, "dialect.delimiter"),
        (("dialect", "delimiter"), "'", None, "also the quoteChar"),
        (("dialect", "delimiter"), "\n", None, "dialect.delimiter"),
        (("dialect", "delimiter"), "a", None, "dialect.delimiter"),
        (("dialect", "doubleQuote"), False, None, "doubleQuote is false"),
        (("dialect", "commentChar"), "#", None, "dialect.commentChar is not a known property"),
        (("rejectedRowsThreshold",), 0, None, "rejectedRowsThreshold is 0"),
        (("rejectedRowsThreshold",), 1.5, None, "rejectedRowsThreshold is 1.5"),
        (("duplicateKeys",), "ignore", None, "duplicateKeys is 'ignore'"),
        (("colour",), "red", None, "colour is not a known property"),
        (("schema",), [], None, "schema is an array, not an object"),
        (("schema", "fields"), [], None, "schema.fields has 0 columns"),
        (("schema", "fields"), [{"name": "a"}, {"name": "a"}], "a", "used by two columns"),
        (("schema", "fields", 0), {"type": "string"}, None, "schema.fields[1].name is missing"),
        ((*ID, "name"), " id", None, "name is ' id'"),
        ((*ID, "name"), "*", None, "the whole row"),
        ((*ID, "type"), "geopoint", "id", "type is 'geopoint'"),
        ((*ID, "format"), "email", "id", "use the constraint pattern"),
        ((*ID, "decimalChar"), ",", "id", "decimalChar is not a known property"),
        ((*ID, "constraints"), {"unique": True}, "id", "declare the column as primaryKey"),
        ((*ID, "constraints"), {"minimum": 1}, "id", "constraints.minimum is not a known property"),
        ((*ID, "constraints"), {"pattern": "(?=a)"}, "id", "constraints.pattern cannot be used"),
        ((*ID, "constraints"), {"required": "yes"}, "id", "constraints.required is a string"),
        ((*ID, "constraints"), {"minLength": 5, "maxLength": 4}, "id", "constraints.minLength is 5"),
        ((*ID, "constraints"), {"minLength": -1}, "id", "constraints.minLength is -1"),
        ((*ID, "constraints"), {"enum": []}, "id", "no value would be accepted"),
        ((*ID, "constraints"), {"enum": ["a", "a"]}, "id", "holds a value twice"),
        ((*AMOUNT, "scale"), 11, "amount", "scale is 11, more than the precision of 10"),
        ((*AMOUNT, "precision"), 39, "amount", "precision is 39"),
        ((*AMOUNT, "precision"), "10", "amount", "precision is '10'"),
        ((*AMOUNT, "groupChar"), ",", "amount", "which is the decimalChar"),
        ((*AMOUNT, "decimalChar"), "-", "amount", "which is a sign"),
        ((*AMOUNT, "decimalChar"), "5", "amount", "decimalChar is '5'"),
        ((*AMOUNT, "bareNumber"), False, "amount", "bareNumber is false"),
        ((*AMOUNT, "constraints"), {"minimum": 2, "maximum": 1}, "amount", "constraints.minimum is 2, more than the maximum"),
        ((*AMOUNT, "constraints"), {"minimum": "NaN"}, "amount", "constraints.minimum is 'NaN'"),
        ((*AMOUNT, "constraints"), {"maximum": "1e99999999"}, "amount", "constraints.maximum"),
        ((*AMOUNT, "constraints"), {"enum": ["1.5"]}, "amount", "holds '1.5', which is not a decimal(10,2)"),
        ((*AMOUNT, "constraints"), {"pattern": "1.*"}, "amount", "constraints.pattern is not a known property"),
        ((*AMOUNT, "type"), "integer", "amount", "precision is not a known property"),
        ((*DAY, "format"), "%d.%m.%y", "day", "%y is not one of"),
        ((*DAY, "format"), "any", "day", "names %Y, %m and %d"),
        ((*DAY, "constraints"), {"minimum": "2020-02-01"}, "day", "not a date %d.%m.%Y"),
        ((*DAY, "constraints"), {"minimum": 5}, "day", "which does not fit type date"),
        (("schema", "primaryKey"), ["nope"], None, "schema.primaryKey names 'nope'"),
        (("schema", "primaryKey"), ["id", "id"], None, "holds a string twice"),
        (("schema", "fieldsMatch"), "subset", None, "schema.fieldsMatch is 'subset'"),
        (("schema", "missingValues"), [1], None, "not a string"),
        (("schema", "foreignKeys"), [], None, "other files are not looked into"),
    ],
)
def test_a_wrong_contract_is_refused_with_file_field_and_rule(path, value, field, rule):
    with pytest.raises(ContractInvalid) as caught:
        parse_contract(changed(path, value), "payments.json")
    assert (caught.value.origin, caught.value.field) == ("payments.json", field)
    assert rule in caught.value.rule
    assert "\n" not in str(caught.value)


def test_precision_without_scale_is_refused():
    with pytest.raises(ContractInvalid, match="needs both precision and scale"):
        parse_contract(changed(AMOUNT, {"name": "amount", "type": "number", "precision": 5}), "x.json")


@pytest.mark.parametrize(("bound", "wrong"), [(2**63 - 1, False), (2**63, True), (-(2**63) - 1, True), (1.5, True), (True, True)])
def test_an_integer_bound_is_a_64_bit_integer(bound, wrong):
    document = changed(AMOUNT, {"name": "n", "type": "integer", "constraints": {"maximum": bound}})
    if wrong:
        with pytest.raises(ContractInvalid, match=r"constraints\.maximum"):
            parse_contract(document, "x.json")
    else:
        assert parse_contract(document, "x.json").fields[1].maximum == bound


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"{", "is not JSON"),
        (b"", "is empty: delete it, or draft it again"),
        (b"\n", "is empty"),
        (b"\xff", "is not JSON in UTF-8"),
        (b"[]", "is an array"),
        (b'{"a": {"b": 1, "b": 2}}', "key 'b' occurs twice"),
    ],
)
def test_a_file_that_is_no_json_object_is_refused(data, rule):
    with pytest.raises(ContractInvalid, match=rule):
        read_document(data, "x.json")


def test_the_file_is_named_as_its_dataset(tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps(GOOD))
    with pytest.raises(ContractInvalid, match="dataset is 'payments', but the file is named 'other'"):
        load_contract(path)


def test_contracts_are_loaded_by_dataset(tmp_path):
    (tmp_path / "payments.json").write_text(json.dumps(GOOD))
    assert list(load_contracts(tmp_path)) == ["payments"]


def test_the_deployed_contracts_are_valid_and_of_more_than_one_shape():
    contracts = load_contracts()
    assert {"transactions", "positions_de", "_validation"} <= set(contracts)
    assert contracts["_validation"].reserved
    assert {field.type for field in contracts["_validation"].fields} == {"string", "integer", "number", "boolean", "date", "datetime"}
    german = contracts["positions_de"]
    assert (german.dialect.delimiter, german.encoding) == (";", "iso8859-1")


def test_transactions_are_as_agreed():
    contract = load_contracts()["transactions"]
    assert contract.names == (
        "transaction_id", "account_id", "booking_date", "value_ts", "amount", "currency", "merchant", "category", "description", "status",
    )  # fmt: skip
    assert [field.name for field in contract.fields if not field.required] == ["description"]
    assert (contract.primary_key, contract.duplicate_keys) == (("transaction_id",), "report")
    by_name = {field.name: field for field in contract.fields}
    assert (by_name["amount"].precision, by_name["amount"].scale) == (18, 2)
    assert (by_name["merchant"].min_length, by_name["merchant"].max_length) == (1, 2000)
    currencies = by_name["currency"].enum
    assert {"EUR", "USD", "XCG", "ZWG"} <= set(currencies)
    assert not {"HRK", "BGN", "DEM", "ANG", "ZWL", "XXX", "XTS"} & set(currencies)


def test_a_publishers_own_table_schema_drops_in_unchanged():
    """Issue 2: adding the dataset is adding that schema."""
    if not SP500.exists():
        assert not os.environ.get("CI"), f"{SP500} is missing"
        pytest.skip(f"{SP500} is not here")
    resources = json.loads(SP500.read_text())["resources"]
    schema = next(resource["schema"] for resource in resources if resource["name"] == "constituents")
    contract = parse_contract({"dataset": "sp500", "version": 1, "format": "csv", "schema": schema}, "sp500.json")
    assert contract.fields[5].type == "date"


def test_the_documented_example_is_a_contract_and_its_reject_is_what_happens():
    text = (Path(__file__).parents[4] / "docs" / "contracts.md").read_text()
    example, reject = map(json.loads, re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    contract = parse_contract(example, "payments.json")
    record = reject["raw"].encode() + b"\n"
    layout = CsvLayout(contract.encoding, contract.dialect.delimiter, contract.dialect.quote, 0, contract.names)
    output = process_chunk([record], contract=contract, layout=layout, start=reject["offset"], last=True, key_seed=b"seed")
    assert {**json.loads(output.rejects), "row": reject["row"]} == reject
