"""G3: what one value means."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from runtime.contracts.fields import parse_field
from runtime.contracts.values import problem, read
from runtime.core.reason_codes import VALUE_CODES


def field(**descriptor):
    return parse_field({"name": "f", **descriptor}, "made.json", 1)


def code(column, text, missing=("",)):
    found = problem(column, text, missing)
    return found.code if found else None


AMOUNT = field(type="number", precision=18, scale=2)
GERMAN = field(type="number", precision=10, scale=2, decimalChar=",", groupChar=".")
INTEGER = field(type="integer")
TIME = field(type="datetime")


@pytest.mark.parametrize("text", ["0", "-0.00", "12.5", "12.50", "9999999999999999.99", "0000000000000001"])
def test_a_decimal_is_digits_with_at_most_its_scale(text):
    assert read(AMOUNT, text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["+5", "1e3", "1,000.00", " 1", "1 ", "1.", ".5", "1.234", "10000000000000000", "NaN", "٣", "--1", "-", "1_0"]
)
def test_what_only_looks_like_a_decimal_is_a_type_error(text):
    assert code(AMOUNT, text) == "type-error"


@pytest.mark.parametrize(
    ("text", "good"), [("1.234,5", True), ("1234,5", True), ("12.34,5", False), ("1234.567", False), (".123", False), ("1.", False)]
)
def test_thousands_are_grouped_well_or_not_at_all(text, good):
    assert (code(GERMAN, text) is None) is good


def test_a_decimal_that_is_all_fraction_has_a_zero_before_its_mark():
    column = field(type="number", precision=2, scale=2)
    assert [code(column, text) for text in ("0.99", "-0.5", "1.00", "0")] == [None, None, "type-error", None]


@pytest.mark.parametrize(
    ("text", "good"), [(str(2**63 - 1), True), (str(-(2**63)), True), (str(2**63), False), ("007", True), ("1.0", False), ("0" * 20, False)]
)
def test_an_integer_has_64_bits(text, good):
    assert (code(INTEGER, text) is None) is good


@pytest.mark.parametrize("text", ["2024-02-29T23:59:59Z", "2024-02-29T00:00:00.000Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"])
def test_a_datetime_has_no_or_three_digits_after_the_second(text):
    assert code(TIME, text) is None


@pytest.mark.parametrize(
    "text",
    ["2024-02-29", "2024-02-30T00:00:00Z", "2024-02-29 00:00:00Z", "2024-02-29T24:00:00Z", "2024-02-29T23:59:60Z", "2024-02-29T00:00:00.1Z",
     "2024-02-29T00:00:00+00:00", "2024-02-29T00:00:00", "0000-01-01T00:00:00Z", "2024-02-29T00:00:0٣Z"],
)  # fmt: skip
def test_what_only_looks_like_a_datetime_is_a_type_error(text):
    assert code(TIME, text) == "type-error"


def test_fractions_of_a_custom_format_have_one_to_six_digits():
    column = field(type="datetime", format="%d.%m.%Y %H:%M:%S,%f")
    assert read(column, "29.02.2024 01:02:03,5") == datetime(2024, 2, 29, 1, 2, 3, 500_000)  # noqa: DTZ001 - the text has no zone
    assert code(column, "29.02.2024 01:02:03,1234567") == "type-error"


def test_booleans_are_the_words_that_are_listed():
    column = field(type="boolean", trueValues=["ja"], falseValues=["nein"])
    assert [code(column, text) for text in ("ja", "nein", "true", "Ja", "1")] == [None, None, "type-error", "type-error", "type-error"]


def test_missing_values_are_null_and_break_only_required():
    required = field(type="string", constraints={"required": True, "minLength": 3, "enum": ["abc"]})
    optional = field(type="string", constraints={"minLength": 3})
    assert [code(required, "-", ("", "-")), code(optional, "", ("", "-")), code(optional, None), code(optional, "", ())] == [
        "required",
        None,
        None,
        "min-length",
    ]


@pytest.mark.parametrize(
    ("constraints", "text", "expected"),
    [
        ({"enum": ["a", "b"]}, "c", "enum"),
        ({"pattern": "[a-z]+"}, "abc\n", "pattern"),
        ({"pattern": "b"}, "abc", "pattern"),
        ({"minLength": 2}, "é", "min-length"),
        ({"maxLength": 1}, "é", None),
        ({"maxLength": 1}, "😀", None),
        ({"maxLength": 1}, "e\u0301", "max-length"),
    ],
)
def test_constraints_on_text(constraints, text, expected):
    assert code(field(constraints=constraints), text) == expected


def test_enumerations_compare_values_not_spellings():
    assert code(field(type="integer", constraints={"enum": [7, "10"]}), "007") is None
    assert code(field(type="number", constraints={"enum": [1.5]}), "1.50") is None


@pytest.mark.parametrize(("text", "expected"), [("31.12.1999", "minimum"), ("01.01.2000", None), ("02.01.2000", "maximum")])
def test_bounds_are_inclusive_and_written_as_the_column_is(text, expected):
    column = field(type="date", format="%d.%m.%Y", constraints={"minimum": "01.01.2000", "maximum": "01.01.2000"})
    assert code(column, text) == expected


def test_messages_are_one_readable_line_whatever_the_value():
    found = problem(AMOUNT, "x\n" * 5000, ())
    assert "\n" not in found.message
    assert len(found.message) < 250
    assert "decimal(18,2)" in found.message


def test_codes_are_the_documented_ones():
    text = (Path(__file__).parents[4] / "docs" / "contracts.md").read_text()
    assert not [name for name in VALUE_CODES if not re.search(f"`{name}`", text)]
