from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.spreadsheet import inert, write_csv

#: What a spreadsheet may take for the start of a formula.
FORMULA = re.compile("[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]")
#: Text that attacks: formulas behind separators, quotes, blanks and invisible characters, in every mixture.
HOSTILE = st.text(st.sampled_from("=+-@\t\r\n ,;|:\"'\\a1(\u00a0\u200b\ufeff\uff1d\uff0b\uff0d\uff20\u2212\u202e\x00\x1b"), max_size=12)


def export(*cells: str) -> str:
    target = io.StringIO(newline="")
    write_csv(target, ("a", "b", "c"), [cells])
    return target.getvalue()


def cells_of_any_reader(line: str) -> list[str]:
    """Every text that could begin a cell: whatever the reader's separator, whether or not it minds quotes."""
    return re.split("[,;|\t:]", line)


@settings(max_examples=10_000, deadline=None)
@given(HOSTILE | st.text(max_size=12), HOSTILE, HOSTILE)
def test_no_exported_cell_is_a_live_formula_to_any_reader(first: str, second: str, third: str) -> None:
    exported = export(first, second, third)
    header, line, end = exported.split("\r\n")
    assert (header, end) == ('"a","b","c"', "")
    for cell in cells_of_any_reader(line):
        assert not FORMULA.match(cell.strip('" \u00a0')), exported


@settings(max_examples=500, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_an_export_keeps_its_shape_whatever_the_cells_hold(first: str, second: str, third: str) -> None:
    rows = list(csv.reader(io.StringIO(export(first, second, third), newline="")))
    assert [len(row) for row in rows] == [3, 3]
    assert all(character.isprintable() for cell in rows[1] for character in cell)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+49 89 1", "'+49 89 1"),
        ("-2.50", "'-2.50"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ('"=1', "\"'=1"),
        ("  =1", "  '=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a;=1", "a;'=1"),
        ("a,-5.00,b", "a,'-5.00,b"),
        ("plain text", "plain text"),
        ("1 = 1", "1 = 1"),
        ("e-mail", "e-mail"),
        ("", ""),
    ],
)
def test_formulas_are_defused_and_plain_text_is_left_alone(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_our_own_numbers_stay_numbers() -> None:
    target = io.StringIO(newline="")
    assert write_csv(target, ("row", "offset"), [(1, 40), (2, 80)]) == 2
    assert target.getvalue() == '"row","offset"\r\n1,40\r\n2,80\r\n'
