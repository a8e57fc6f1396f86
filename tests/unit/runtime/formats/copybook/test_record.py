"""F1: which bytes are which column, and when they are there."""

from __future__ import annotations

import pytest

from runtime.core.errors import ContractInvalid, CopybookInvalid
from runtime.formats.copybook.items import types_of
from runtime.formats.copybook.record import Selection, columns, record_of


def record(*lines, select=()):
    """The record of the items below 01, each written from column 12 on."""
    return record_of(("       01  R.", *(f"           {line}" for line in lines)), tuple(select))


def field(description, *conditions):
    (found,) = columns(record(f"05  A {description}.", *conditions))
    return found


def test_columns_are_named_after_items():
    found = record(
        "05  ACCT-ID PIC 9(3).",
        "05  FILLER PIC X(2).",
        "05  FROM-PARTY.",
        "    10  PARTY-NAME PIC X.",
        "05  TO-PARTY.",
        "    10  PARTY-NAME PIC X.",
        "05  PHONE PIC X(2) OCCURS 2.",
        "05  BLOCKS OCCURS 2.",
        "    10  CELL PIC X OCCURS 2.",
    )
    assert [(item.name, item.offset) for item in found.items] == [
        ("acct_id", 0),
        ("from_party_party_name", 5),
        ("to_party_party_name", 6),
        ("phone_1", 7),
        ("phone_2", 9),
        ("cell_1_1", 11),
        ("cell_1_2", 12),
        ("cell_2_1", 13),
        ("cell_2_2", 14),
    ]
    assert found.minimum == found.maximum == 15


@pytest.mark.parametrize(
    ("description", "field_type", "precision", "scale"),
    [
        ("PIC X(5)", "string", None, None),
        ("PIC 9(18)", "integer", None, None),
        ("PIC S9(19)", "number", 19, 0),
        ("PIC S9(10)V99", "number", 12, 2),
        ("PIC 9(3)PP", "integer", None, None),
        ("PIC 9(17)PP", "number", 19, 0),
        ("PIC PP9(3) COMP-3", "number", 5, 5),
        ("PIC V9(2)", "number", 2, 2),
        ("PIC S9(9) COMP", "integer", None, None),
        ("PIC S9(18) COMP-5", "integer", None, None),
        ("PIC 9(18) COMP-5", "number", 20, 0),
        ("PIC 9(2)V99 COMP-5", "number", 5, 2),
        ("COMP-1", "number", None, None),
    ],
)
def test_the_type_that_an_item_has_by_itself(description, field_type, precision, scale):
    found = field(description)
    assert (found.type, found.precision, found.scale) == (field_type, precision, scale)


@pytest.mark.parametrize(
    ("description", "conditions", "enum"),
    [
        ("PIC X(2)", ["    88  A1 VALUE 'A'.", "    88  B1 VALUES 'BB' SPACES."], ("A", "BB", "")),
        ("PIC X(2)", ["    88  A1 VALUE ZEROS."], ("00",)),
        ("PIC X(2)", ["    88  A1 VALUE 'A' THRU 'C'."], None),
        ("PIC 99", ["    88  A1 VALUE 1 THRU 3, 9 HIGH-VALUES."], ("1", "2", "3", "9")),
        ("PIC 9(5)", ["    88  A1 VALUE 0 THRU 5000."], None),
        ("PIC S9V9", ["    88  A1 VALUE -1.5 ZERO."], ("-1.5", "0")),
        ("PIC X", [], None),
    ],
)
def test_conditions_are_an_enumeration_where_they_can_be_listed(description, conditions, enum):
    assert field(description, *conditions).enum == enum


@pytest.mark.parametrize(
    ("description", "condition", "says"),
    [
        ("PIC X", "VALUE 'AB'", "longer than PIC X"),
        ("PIC X", "VALUE 5", "not of PIC X"),
        ("PIC 9", "VALUE 'A'", "not of PIC 9"),
        ("PIC S9V9", "VALUE 1.25", "decimal\\(2,1\\)"),
    ],
)
def test_a_condition_that_no_value_can_meet_is_refused(description, condition, says):
    with pytest.raises(CopybookInvalid, match=says):
        field(description, f"    88  C {condition}.")


def test_a_schema_may_read_digits_as_text():
    unsigned, signed, decimal, text = record("05  A PIC 9(8).", "05  B PIC S9(8).", "05  C PIC 9V9.", "05  D PIC X.").items
    assert types_of(unsigned) == ("integer", "string", "date", "datetime", "boolean")
    assert types_of(signed) == ("integer",)
    assert types_of(decimal) == ("number",)
    assert types_of(text)[0] == "string"


REDEFINED = ("05  KIND PIC X.", "05  BODY PIC X(9).", "05  OTHER REDEFINES BODY.", "    10  AMOUNT PIC 9(4).", "    10  FILLER PIC X.")


def test_the_first_description_counts_where_no_rule_says_otherwise():
    found = record(*REDEFINED)
    assert [item.name for item in found.items] == ["kind", "body"]
    assert not found.varies


def test_a_rule_makes_both_descriptions_columns():
    found = record(*REDEFINED, select=[Selection("other", "kind", ("A",))])
    assert [(item.name, item.when) for item in found.items] == [("kind", ()), ("body", ((0, 0),)), ("amount", ((0, 1),))]
    assert found.choices[0].values == (("A",),)
    # The record ends with them, so that a variable one may be shorter by four bytes.
    assert (found.minimum, found.maximum) == (6, 10)


def test_a_description_inside_another_leaves_the_records_length_alone():
    found = record(
        "05  K PIC X.",
        "05  A PIC X(8).",
        "05  B REDEFINES A.",
        "    10  C PIC X(8).",
        "    10  D REDEFINES C PIC X(3).",
        select=[Selection("B", "K", ("1", "2")), Selection("D", "K", ("2",))],
    )
    assert (found.minimum, found.maximum) == (9, 9)
    assert found.item("d").when == ((0, 1), (1, 1))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Selection("NOTHING", "KIND", ("A",)), "NOTHING is no item with REDEFINES"),
        (Selection("BODY", "KIND", ("A",)), "BODY is no item with REDEFINES"),
        (Selection("OTHER", "NOTHING", ("A",)), "is not one item"),
        (Selection("OTHER", "AMOUNT", ("A",)), "a number"),
        (Selection("OTHER", "AMOUNT", ("--1",)), "a number"),
        (Selection("OTHER", "AMOUNT", ("1" * 19,)), "a number"),
        (Selection("OTHER", "BODY", ("A",)), "not at the same place in every record"),
    ],
)
def test_a_rule_that_cannot_choose_is_refused(rule, says):
    with pytest.raises(ContractInvalid, match=says):
        record(*REDEFINED, select=[rule])


def test_alternatives_are_chosen_by_one_item():
    lines = ("05  K PIC X.", "05  L PIC 9.", "05  A PIC X.", "05  B REDEFINES A PIC X.", "05  C REDEFINES A PIC 9.")
    with pytest.raises(ContractInvalid, match="one item must choose"):
        record(*lines, select=[Selection("B", "K", ("1",)), Selection("C", "L", ("2",))])
    found = record(*lines, select=[Selection("C", "L", ("2",)), Selection("B", "L", ("1",))])
    assert found.choices[0].values == (("1",), ("2",))


def test_a_table_that_varies_makes_records_shorter():
    found = record("05  N PIC 9.", "05  T OCCURS 1 TO 3 DEPENDING ON N.", "    10  A PIC XX.", "05  B PIC X.")
    assert [(item.name, item.offset, item.element) for item in found.items] == [
        ("n", 0, None),
        ("a_1", 1, (0, 0)),
        ("a_2", 3, (0, 1)),
        ("a_3", 5, (0, 2)),
        ("b", 7, None),
    ]
    assert (found.minimum, found.maximum) == (4, 8)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["05  T PIC X OCCURS 1 TO 3 DEPENDING ON N.", "05  N PIC 9."], "not one whole number before"),
        (["05  N PIC X.", "05  T PIC X OCCURS 1 TO 3 DEPENDING ON N."], "not one whole number"),
        (["05  T PIC X OCCURS 1 TO 3 DEPENDING ON MISSING."], "MISSING, which is not"),
        (["05  N PIC 9.", "05  O OCCURS 2.", "    10  T PIC X OCCURS 1 TO 3 DEPENDING ON N."], "varies in length inside"),
        (["05  FILLER PIC X."], "nothing but FILLER"),
        (["05  T PIC X OCCURS 2001."], "past the 2,000 columns"),
        (["05  T PIC 9(18)P(19) COMP-5."], "digits, more than 38"),
    ],
)
def test_records_that_cannot_be_read_are_refused(lines, says):
    with pytest.raises(CopybookInvalid, match=says):
        record(*lines)


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ContractInvalid, match="lines 2 and 3 both give"):
        record("05  A PIC X.", "05  A PIC X.")
    with pytest.raises(ContractInvalid, match="rename one"):
        record("05  A PIC X OCCURS 2.", "05  A-1 PIC X.")


def test_a_warm_worker_parses_once():
    lines = ("       01  R PIC X.",)
    assert record_of(lines) is record_of(tuple(lines))
