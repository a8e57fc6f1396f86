"""G3: the draft of a contract accepts the rows that it was drafted from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.contracts import infer as module
from runtime.contracts.infer import infer
from runtime.contracts.values import problem
from runtime.formats.registry import parse_contract


def drafted(values):
    """The field descriptor for one column of *values*."""
    return infer(["c"], [[value] for value in values], "made")[0]["schema"]["fields"][0]


@pytest.mark.parametrize(
    ("values", "kind", "more"),
    [
        (["1", "-20"], "integer", {}),
        (["1", "2.50", "-300.125"], "number", {"precision": 6, "scale": 3}),
        (["99999999999999999999"], "number", {"precision": 20, "scale": 0}),
        (["2024-02-29"], "date", {}),
        (["29.02.2024"], "date", {"format": "%d.%m.%Y"}),
        (["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.123Z"], "datetime", {}),
        (["2024-02-29 10:00:00"], "datetime", {"format": "%Y-%m-%d %H:%M:%S"}),
        (["true", "false"], "boolean", {}),
        (["2024-02-30"], "string", {}),
        (["007"], "string", {}),
        (["1", "x"], "string", {}),
        (["1,50", "2", "-0,125"], "number", {"precision": 4, "scale": 3, "decimalChar": ","}),
        (["1.234", "2.000,75", "1000,5"], "number", {"precision": 6, "scale": 2, "decimalChar": ",", "groupChar": "."}),
        (["1,234.50", "12,345,678"], "number", {"precision": 10, "scale": 2, "groupChar": ","}),
        (["1.50", "2,50"], "string", {}),
        (["0.125", "2,50"], "string", {}),
        (["1.2345", "2.000,75"], "string", {}),
        (["007,50"], "string", {}),
        (["1" * 36, "1.234"], "string", {}),
    ],
)
def test_the_type_is_the_narrowest_that_fits_every_value(values, kind, more):
    found = drafted(values)
    assert found["type"] == kind
    assert {**found, **more} == found


def test_marks_are_drafted_where_they_are_not_the_default():
    assert not {"decimalChar", "groupChar"} & drafted(["1.234", "2.50"]).keys()
    assert "groupChar" not in drafted(["1,50"])


@pytest.mark.parametrize("values", [["1,234"], ["1,234", "1.234"], ["1,234", "5"]])
def test_a_comma_that_may_be_either_mark_is_left_as_text_and_told(values):
    document, doubtful = infer(["n", "amount"], [["1", value] for value in values], "made")
    assert (document["schema"]["fields"][1]["type"], doubtful) == ("string", ["amount"])
    assert "primaryKey" not in document["schema"]


@pytest.mark.parametrize("values", [["1,234", "2,50"], ["1,234", "1,234,567"], ["0,125"], ["1.234"], ["1234"], ["1,234", "x"], [""]])
def test_what_one_reading_fits_is_not_in_doubt(values):
    assert infer(["amount"], [[value] for value in values], "made")[1] == []


def test_a_column_that_is_never_empty_is_required_and_one_that_is_is_not():
    assert drafted(["a", "b"])["constraints"]["required"]
    assert "constraints" not in drafted(["a", ""])


def test_few_values_seen_often_are_an_enumeration():
    assert drafted(["IN", "OUT"] * 20)["constraints"]["enum"] == ["IN", "OUT"]
    assert "enum" not in drafted(["IN", "OUT"])["constraints"]


def test_the_key_is_the_first_column_that_identifies():
    rows = [["x", "1.5", "7", "a"], ["x", "2.5", "8", "b"]]
    assert infer(["kind", "amount", "id", "code"], rows, "made")[0]["schema"]["primaryKey"] == ["id"]
    assert "primaryKey" not in infer(["a"], [["x"], ["x"]], "made")[0]["schema"]


def test_a_repetition_is_seen_after_the_memory_is_full(monkeypatch):
    monkeypatch.setattr(module, "MAX_REMEMBERED", 2)
    assert "primaryKey" not in infer(["a"], [["x"], ["y"], ["z"], ["x"]], "made")[0]["schema"]


def _with_decimal_comma(number):
    return f"{number:,}".translate(str.maketrans(",.", ".,"))


texts = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**7), max_value=10**7).map(_with_decimal_comma),
    st.dates().map(str),
    st.sampled_from(["", "true", "FALSE", "007", "x", "1" * 39, "0." + "1" * 38, "-", "1e5", "2024-02-29T00:00:00Z"]),
)


@settings(max_examples=200, deadline=None)
@given(rows=st.integers(1, 3).flatmap(lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), min_size=1, max_size=30)))
def test_a_draft_is_a_contract_that_accepts_its_rows(rows):
    header = [f"c{index}" for index in range(len(rows[0]))]
    contract = parse_contract(infer(header, rows, "made")[0], "made.json")
    for row in rows:
        for field, text in zip(contract.fields, row):
            assert problem(field, text, contract.missing_values) is None
