"""F1: copybooks as programmers write them, and what is refused with its line."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from runtime.core.errors import ContractInvalid, CopybookInvalid
from runtime.formats.copybook.compiler import parse_copybook
from runtime.formats.copybook.pictures import parse_picture


def tree(item):
    """Name, level, length and children, by which two trees are compared."""
    return (item.name, item.level, item.length, *map(tree, item.children))


def parse(*lines):
    return parse_copybook(lines, "accounts.cpy")


def items(*lines):
    """The items below the record, each written from column 12 on."""
    return parse("       01  R.", *(f"           {line}" for line in lines)).children


def one(description):
    (item,) = items(f"05  A {description}.")
    return item


def test_columns_comments_and_sequence_numbers_are_not_read():
    found = parse(
        "000100*A COMMENT                                                         CHANGED1",
        "000200/                                                                  CHANGED1",
        "000300 01  REC.                                                          CHANGED1",
        "000350     EJECT",
        "ABC400     05  A PIC X(5).  *> what it is. PIC 9.                        CHANGED1",
        "000450D    05  DEBUGGED PIC X.",
        "000500     05  B",
        "                 PIC 9(3).                                               CHANGED1",
    )
    assert tree(found) == ("REC", 1, 8, ("A", 5, 5), ("B", 5, 3))


@pytest.mark.parametrize("line", ["01 A PIC X(3).", "01  a pic x(3).", "  01 A PICTURE IS X(3) VALUE SPACES."])
def test_lines_may_begin_at_their_margin(line):
    assert tree(parse("* free", line, "")) == ("A", 1, 3)


def test_a_word_and_a_literal_go_on_in_the_next_line():
    found = parse(
        "       01  R.",
        "           05  A PIC X(30) VALUE 'it isn''t over. " + "x" * 20,
        "      -    'and ends here.'.",
        "           05  LONG-",
        "      -    NAME PIC X.",
    )
    assert [child.name for child in found.children] == ["A", "LONG-NAME"]


def test_a_continued_literal_has_the_blanks_up_to_its_margin():
    (item,) = parse("       01  R.", "           05  A PIC X(80).", "           88  C VALUE 'AB", "      -        'CD'.").children
    assert item.conditions == (("AB".ljust(72 - 24) + "CD",) * 2,)


def test_a_copybook_may_begin_below_its_record():
    assert tree(parse("           05  A PIC X.", "           05  B PIC XX.")) == ("FILLER", 1, 3, ("A", 5, 1), ("B", 5, 2))
    assert tree(parse("       77  A PIC X(4).")) == ("A", 77, 4)


@pytest.mark.parametrize(
    ("text", "digits", "scale", "signed"),
    [
        ("9", 1, 0, False),
        ("S9(10)V99", 12, 2, True),
        ("SV9(3)", 3, 3, True),
        ("9(3)V", 3, 0, False),
        ("9(3)P(2)", 3, -2, False),
        ("S99PPV", 2, -2, True),
        ("P(2)9(3)", 3, 5, False),
        ("VPP99", 2, 4, False),
        ("9(20)V9(18)", 38, 18, False),
    ],
)
def test_pictures_of_numbers(text, digits, scale, signed):
    found = parse_picture(text)
    assert (found.digits, found.scale, found.signed) == (digits, scale, signed)


@pytest.mark.parametrize(("text", "characters"), [("X", 1), ("X(10)", 10), ("A(3)X9", 5), ("XXX", 3)])
def test_pictures_of_text(text, characters):
    found = parse_picture(text)
    assert (found.digits, found.characters) == (0, characters)


@pytest.mark.parametrize(
    ("description", "length"),
    [
        ("PIC S9(7)", 7),
        ("PIC S9(7) SIGN LEADING SEPARATE CHARACTER", 8),
        ("PIC S9(7) SIGN IS TRAILING", 7),
        ("PIC S9(7) LEADING SEPARATE", 8),
        ("PIC 9(7) SIGN TRAILING SEPARATE", 7),
        ("PIC S9(7) COMP-3", 4),
        ("PIC S9(8) USAGE IS PACKED-DECIMAL", 5),
        ("PIC S9(4) COMP", 2),
        ("BINARY PIC S9(5)", 4),
        ("PIC 9(9) COMPUTATIONAL-4", 4),
        ("PIC 9(10) COMP-5", 8),
        ("COMP-1", 4),
        ("USAGE COMPUTATIONAL-2", 8),
        ("PIC X(3) VALUE 'A.B'", 3),
        ("PIC 9V9 VALUE 1.5", 2),
        ("IS GLOBAL PIC X", 1),
    ],
)
def test_lengths_in_bytes(description, length):
    assert one(description).length == length


def test_groups_hand_on_usage_and_sign():
    group, other = items(
        "05  G USAGE COMP-3.", "    10  A PIC 9(3).", "    10  B PIC X DISPLAY.", "05  H SIGN LEADING SEPARATE.", "    10  C PIC S9."
    )
    assert [(child.usage, child.length) for child in group.children] == [("COMP-3", 2), ("DISPLAY", 1)]
    assert (other.children[0].sign.first, other.length) == (True, 2)


def test_tables_and_redefinitions():
    a, n, t, b = items(
        "05  A PIC X(4).",
        "05  N PIC 9.",
        "05  T OCCURS 0 TO 5 TIMES DEPENDING ON N",
        "    ASCENDING KEY IS K INDEXED BY I, J.",
        "    10  K PIC XX OCCURS 3.",
        "05  B PIC X(30).",
    )
    assert (t.occurs, t.depending, t.length, t.children[0].occurs) == ((0, 5), "N", 6, (3, 3))
    _, *redefining = items("05  A PIC X(4).", "05  B REDEFINES A PIC 9(4).", "05  C REDEFINES A.", "    10  D PIC X.", "05  E PIC X.")
    assert [item.redefines for item in redefining] == ["A", "A", None]
    assert (a.length, n.length, b.length) == (4, 1, 30)


def test_conditions_belong_to_the_item_above():
    (item,) = items(
        "05  A PIC 9(3).", "    88  LOW VALUES ARE 1 THRU 5, 9.", "    88  NONE-YET VALUE ZEROS.", "    88  ODD VALUE HIGH-VALUES."
    )
    assert item.conditions == ((Decimal(1), Decimal(5)), (Decimal(9), Decimal(9)), (Decimal(0), Decimal(0)), (None, None))
    (item,) = items("05  A PIC X(3).", """    88  K VALUE "A""B" 'C''D' SPACES.""")
    assert [low for low, _ in item.conditions] == ['A"B', "C'D", ""]


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ("PIC Z(4)9.99", "edited for printing"),
        ("PIC 9(39)", "39 digits, more than 38"),
        ("PIC Q", "is not a picture|is none of"),
        ("PIC X(0)", "repetition of 0"),
        ("PIC S9(4) COMP SYNC", "write these bytes out as FILLER"),
        ("PIC S9(4) SYNCHRONIZED RIGHT", "write these bytes out as FILLER"),
        ("PIC 9 BLANK WHEN ZERO", "edited"),
        ("PIC X JUSTIFIED RIGHT", "remove it"),
        ("POINTER", "address"),
        ("PIC N(4) NATIONAL", "is none of|not a picture"),
        ("PIC X USAGE NATIONAL", "UTF-16"),
        ("PIC X COMP-3", "its picture X is no number"),
        ("PIC 9(19) COMP", "at most 18"),
        ("PIC 9 COMP-1", "has no picture"),
        ("PIC X PIC X", "stated twice"),
        ("PIC X FRESH", "FRESH is no clause"),
        ("PIC X 'A'", "not expected here"),
        ("PIC", "more is expected"),
        ("PIC X OCCURS 1 TO 5", "DEPENDING ON go together"),
        ("PIC X OCCURS 5 DEPENDING ON B", "DEPENDING ON go together"),
        ("PIC X OCCURS 0", "go together"),
        ("PIC X OCCURS MANY", "is no count"),
        ("PIC X OCCURS 40000", "more than the 32,760"),
        ("PIC X VALUE", "followed by no value"),
        ("PIC X VALUE MAYBE", "is no value"),
        ("PIC 9 VALUE 1E999999999", "is no value"),
        ("PIC 9 VALUE NAN", "is no value"),
        (f"PIC 9 VALUE {'9' * 40}", "is no value"),
        ("PIC X VALUE 'A", "never closed"),
        ("PIC S9 SIGN MIDDLE", "LEADING or TRAILING"),
        ("", "neither a picture nor items below it"),
        ("REDEFINES B PIC X", "no item is before it"),
    ],
)
def test_what_is_not_read_is_refused_with_its_line(description, says):
    with pytest.raises(CopybookInvalid, match=says) as raised:
        one(description)
    assert raised.value.line == 2
    assert re.match(r"Contract accounts.cpy: copybook line 2, ['\"]05  A", str(raised.value))
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value, ContractInvalid)


@pytest.mark.parametrize(
    ("lines", "line", "says"),
    [
        (["       01  A PIC X.", "       01  B PIC X."], 2, "a second record"),
        (["       01  A.", "           05  B PIC X.", "         03  C PIC X."], 3, "fits no group"),
        (["           05  B PIC X.", "         03  C PIC X."], 2, "below 05"),
        (["       01  A PIC X.", "           05  B PIC X."], 1, "has a picture, and items below it"),
        (["       01  A.", "           05  B PIC XX.", "           05  C REDEFINES B PIC X(3)."], 3, "put the longest description first"),
        (["       01  A.", "           05  B PIC X.", "           05  D PIC X.", "           05  C REDEFINES B PIC X."], 4, "right behind"),
        (["       01  A.", "           88  B VALUE 1."], 1, "neither a picture nor items"),
        (["           88  B VALUE 1."], 1, "below no item"),
        (["       01  A.", "           05  B PIC X", "           05  C PIC X."], 3, "05 is no clause.*is a period missing"),
        (["       01  A PIC X"], 1, "period"),
        (["       66  A RENAMES B."], 1, "RENAMES"),
        (["       COPY OTHER."], 1, "write out here"),
        (["       50  A PIC X."], 1, "no level number"),
        ([f"       {'1' * 60}"[:65] + " A."], 1, "no level number"),
        (["       \u0663  A PIC X."], 1, "no level number"),
        (["      +01  A PIC X."], 1, "column 7 holds '\\+'"),
        (["      -01  A PIC X."], 1, "none is before it"),
        (["      * nothing"], 1, "describes no item"),
        ([], 1, "describes no item"),
        (["       01  5 PIC X."], 1, "no data name"),
    ],
)
def test_what_does_not_fit_together_is_refused(lines, line, says):
    with pytest.raises(CopybookInvalid, match=says) as raised:
        parse(*lines)
    assert raised.value.line == line


def test_a_copybook_is_bounded():
    with pytest.raises(CopybookInvalid, match="5,000 items"):
        items(*["05  FILLER PIC X."] * 5001)


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("05  A-LONG-NAME-OF-A-FIELD                     PIC S9(7)V99 C", "OMP-3."),
        ("05  A-LONG-NAME-OF-A-FIELD                 PIC S9(7)V99", " COMP-3."),
        ("05  A-LONG-NAME-OF-A-FIELD-OF-A-RECORD             OCCURS 3 P", "IC X(10)."),
        ("05  A-LONG-NAME-OF-A-FIELD-OF-A-RECORD     OCCURS 3 PIC X(10", ")."),
    ],
)
@pytest.mark.parametrize(
    "after", [("           05  B PIC X.",), ("      * MORE", "           05  B PIC X.", "           05  C PIC X."), ()]
)
def test_text_after_column_72_that_is_missed_is_named(line, rest, after):
    with pytest.raises(CopybookInvalid, match=re.escape(f"{rest.strip()!r} stands after column 72 and is not read")) as raised:
        parse("       01  R.", f"           {line}".ljust(72) + rest, *after)
    assert raised.value.line == 2


def test_remarks_after_column_72_explain_nothing():
    lines = ("       01  R.", "           05  A PIC X(5)".ljust(72) + "CHANGED1", "               SYNC.".ljust(72) + "CHANGED.")
    with pytest.raises(CopybookInvalid, match="SYNC aligns items"):
        parse(*lines)


@pytest.mark.parametrize("value", ["X'00'", 'X"C1C2"', "ALL X'40'", "N'AB'", "LOW-VALUES", "'A' "])
def test_a_first_value_of_any_kind_says_nothing_of_the_bytes(value):
    assert one(f"PIC X(4) VALUE {value}").length == 4


def test_a_condition_has_plain_literals():
    with pytest.raises(CopybookInvalid, match="only plain literals"):
        items("05  A PIC X.", "88  EOF VALUE X'FF'.")
