"""Quotes in right and wrong places, and other delimiters."""

from __future__ import annotations

from runtime.core.errors import DelimiterMismatch, NotCsv, UnterminatedQuote
from tests.hostile.case import GOOD, GOOD_LINE, SECOND, Case, Rows, after_a_good_row, noted, refused
from tests.support.records import HEADER, make_contract

TITLE = "Quotes and delimiters"
PROMISE = "A misplaced quote rejects its row. A quote that is never closed, or another delimiter than agreed, rejects the file."

_APOSTROPHES = make_contract("apostrophes", dialect={"delimiter": "|", "quoteChar": "'"})


def _note(field: bytes) -> bytes:
    return HEADER + b"1,2026-11-20,1.50," + field + b"\n"


def _second_row(field: bytes) -> bytes:
    return after_a_good_row(b"2,2026-11-20,1.50," + field + b"\n" + GOOD_LINE)


_MISPLACED = Rows([GOOD, GOOD], [(SECOND, "*:quote-error")])


CASES = (
    Case("every field quoted, the header too", b'"id","day","amount","note"\n"1","2026-11-20","1.50","x"\n', Rows([GOOD])),
    Case("a delimiter between quotes", _note(b'"a,b"'), Rows([noted("a,b")])),
    Case("doubled quotes", _note(b'"say ""no"""'), Rows([noted('say "no"')])),
    Case("a field that is one quote", _note(b'""""'), Rows([noted('"')])),
    Case("quotes around nothing: no value, as without quotes", _note(b'""'), Rows([noted(None)])),
    Case("a quoted last field without a line end", _note(b'"x"').rstrip(b"\n"), Rows([GOOD])),
    Case("a row in quotes as one field", _second_row(b"")[:SECOND] + b'"2,2026-11-20,1.50,x"\n', Rows([GOOD], [(SECOND, "*:field-count")])),
    Case("a quote in the middle of an unquoted field", _second_row(b'5" pipe'), _MISPLACED),
    Case("a blank before the opening quote", _second_row(b' "a"'), _MISPLACED),
    Case("a blank after the closing quote", _second_row(b'"a" '), _MISPLACED),
    Case("text after the closing quote", _second_row(b'"a"b'), _MISPLACED),
    Case("a backslash before a quote", _second_row(b'"a\\"b"'), _MISPLACED),
    Case("a quote as an unquoted field's last byte", _second_row(b'a"'), _MISPLACED),
    Case("quoted fields that touch", _second_row(b'"a" "b"'), _MISPLACED),
    Case("a backslash before the closing quote is text", _note(b'"a\\"'), Rows([noted("a\\")])),
    Case("apostrophes and curly quotes are text", _note("'a' “b” «c»".encode()), Rows([noted("'a' “b” «c»")])),
    Case("a quote that is never closed", _second_row(b'"a'), refused(UnterminatedQuote, f"opened at byte {SECOND + 18}")),
    Case(
        "a quote that is never closed, as the last byte",
        _second_row(b"x")[:-1] + b'\n2,2026-11-20,1.50,"',
        refused(UnterminatedQuote, "byte 97"),
    ),
    Case("a quote that is never closed, in the header", b'id,day,"amount,note\n' + GOOD_LINE, refused(UnterminatedQuote, "byte 7")),
    Case(
        "a quote inside a name of the header",
        b'id,d"ay,amount,note\n' + GOOD_LINE,
        refused(NotCsv, "a misplaced quote in the header at byte 4"),
    ),
    Case(
        "a quote opened in one row and closed three rows on",
        after_a_good_row(b'2,2026-11-20,1.50,"a\n' + GOOD_LINE * 2 + b'2,2026-11-20,1.50,b"\n' + GOOD_LINE),
        Rows([GOOD, (2, *GOOD[1:3], "a\n" + (GOOD_LINE * 2).decode() + "2,2026-11-20,1.50,b"), GOOD]),
    ),
    Case(
        "another quote and delimiter, as agreed", b"id|day|amount|note\n1|2026-11-20|1.50|'a|''b'''\n", Rows([noted("a|'b'")]), _APOSTROPHES
    ),
    Case("semicolons where commas were agreed", (HEADER + GOOD_LINE).replace(b",", b";"), refused(DelimiterMismatch, "separated by ';'")),
    Case("tabs where commas were agreed", (HEADER + GOOD_LINE).replace(b",", b"\t"), refused(DelimiterMismatch, "separated by '\\t'")),
    Case("semicolons in one row", after_a_good_row(GOOD_LINE.replace(b",", b";")), Rows([GOOD], [(SECOND, "*:field-count")])),
)
