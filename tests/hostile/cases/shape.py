"""Headers and rows that do not have the agreed columns."""

from __future__ import annotations

from runtime.core.errors import DuplicateKeys, EmptyFile, HeaderMismatch, SampleMismatch, TooManyRejectedRows
from tests.hostile.case import GOOD, GOOD_LINE, SECOND, Case, Rows, after_a_good_row, refused, schema
from tests.support.records import HEADER, make_contract

TITLE = "Headers, columns and rows"
PROMISE = (
    "A header that differs from the contract rejects the file. "
    "A row with another number of fields is rejected alone. "
    "A file whose rows are all bad is rejected."
)

_FIELDS = make_contract().document["schema"]["fields"]
_ANY_ORDER = make_contract("any-order", schema=schema(*_FIELDS, fieldsMatch="equal"))
_KEYED = make_contract("keyed", schema=schema(*_FIELDS, primaryKey="id"))
_KEYED_STRICTLY = make_contract("keyed-strictly", schema=schema(*_FIELDS, primaryKey="id"), duplicateKeys="reject")
_ONE_TEXT = make_contract("one-text", schema=schema({"name": "line"}))
_WIDE_NAMES = [f"c{number}" for number in range(2000)]
_WIDE = make_contract("wide", schema=schema(*({"name": name} for name in _WIDE_NAMES)))


def _wide(*rows: int) -> bytes:
    """A header of 2,000 columns, and rows with the given numbers of fields."""
    return ",".join(_WIDE_NAMES).encode() + b"\n" + b"".join(b"x" + b",x" * (fields - 1) + b"\n" for fields in rows)


def _named(header: bytes) -> bytes:
    return header + b"\n" + GOOD_LINE


_WIDE_HEADER = len(_wide())

CASES = (
    Case("no byte", b"", refused(EmptyFile, "the file has no bytes")),
    Case("a byte-order mark alone", b"\xef\xbb\xbf", refused(EmptyFile, "nothing but a byte-order mark")),
    Case("a header without rows", HEADER, Rows([])),
    Case("a header without rows and without a line end", HEADER.rstrip(b"\n"), Rows([])),
    Case("rows without a header", GOOD_LINE * 3, refused(HeaderMismatch, "is the header missing?")),
    Case("an empty line before the header", b"\n" + HEADER + GOOD_LINE, refused(HeaderMismatch, "is the header missing?")),
    Case("Excel's line that names the delimiter", b"sep=,\n" + HEADER + GOOD_LINE, refused(HeaderMismatch, "is the header missing?")),
    Case("a column twice", _named(b"id,day,day,note"), refused(HeaderMismatch, "missing 'amount'", "duplicated 'day'")),
    Case("a column twice besides all others", _named(b"id,day,amount,note,id"), refused(HeaderMismatch, "duplicated 'id'")),
    Case(
        "columns without a name", _named(b"id,,,note"), refused(HeaderMismatch, "missing 'day', 'amount'", "unexpected ''", "duplicated ''")
    ),
    Case("a column that was not agreed", _named(b"id,day,amount,note,more"), refused(HeaderMismatch, "unexpected 'more'")),
    Case("a delimiter after the last name", _named(b"id,day,amount,note,"), refused(HeaderMismatch, "unexpected ''")),
    Case("a column too few", _named(b"id,day,amount"), refused(HeaderMismatch, "missing 'note'")),
    Case("names in capitals", _named(b"Id,day,amount,note"), refused(HeaderMismatch, "missing 'id'; unexpected 'Id'")),
    Case("a blank after a name", _named(b"id,day ,amount,note"), refused(HeaderMismatch, "unexpected 'day '")),
    Case("another order", _named(b"day,id,amount,note"), refused(HeaderMismatch, "the columns are in another order")),
    Case("another order, where any was agreed", b"note,amount,id,day\nx,1.50,1,2026-11-20\n", Rows([GOOD]), _ANY_ORDER),
    Case(
        "10,000 columns where four were agreed",
        HEADER.rstrip(b"\n") + b"".join(b",more%d" % number for number in range(9996)) + b"\n" + GOOD_LINE,
        refused(HeaderMismatch, "'more0', 'more1'", "and more"),
    ),
    Case("10,000 fields in one row", after_a_good_row(b"x," * 9999 + b"x\n"), Rows([GOOD], [(SECOND, "*:field-count")])),
    Case(
        "2,000 columns as agreed, then a row of one and one of 10,000",
        _wide(2000, 1, 10_000, 2000),
        Rows([("x",) * 2000] * 2, [(_WIDE_HEADER + 4000, "*:field-count"), (_WIDE_HEADER + 4002, "*:field-count")]),
        _WIDE,
    ),
    Case("a row too short", after_a_good_row(b"2,2026-11-20,1.50\n"), Rows([GOOD], [(SECOND, "*:field-count")])),
    Case("a row too long", after_a_good_row(b"2,2026-11-20,1.50,x,y\n"), Rows([GOOD], [(SECOND, "*:field-count")])),
    Case("a delimiter after the last field", after_a_good_row(b"2,2026-11-20,1.50,x,\n"), Rows([GOOD], [(SECOND, "*:field-count")])),
    Case(
        "a row of delimiters alone", after_a_good_row(b",,,\n"), Rows([GOOD], [(SECOND, "id:required", "day:required", "amount:required")])
    ),
    Case(
        "the header again in mid-file",
        after_a_good_row(HEADER),
        Rows([GOOD], [(SECOND, "id:type-error", "day:type-error", "amount:type-error")]),
    ),
    Case("a comment", after_a_good_row(b"# end\n"), Rows([GOOD], [(SECOND, "*:field-count")])),
    Case(
        "several faults in one row",
        after_a_good_row(b"x,2026-02-30,,x\n"),
        Rows([GOOD], [(SECOND, "id:type-error", "day:type-error", "amount:required")]),
    ),
    Case(
        "one column: quotes around nothing are a row, an empty line is none",
        b'line\n""\n\na\n',
        Rows([(None,), ("a",)], blank_lines=1),
        _ONE_TEXT,
    ),
    Case("no good row", HEADER + b"x,2026-11-20,1.50,x\n" * 2, refused(TooManyRejectedRows, "2 of 2 rows")),
    Case(
        "no good row among many, all for one reason",
        HEADER + b"x,2026-11-20,1.50,x\n" * 40,
        refused(SampleMismatch, "column 'id', type-error"),
    ),
    Case("a key twice, where that is reported", HEADER + GOOD_LINE * 3, Rows([GOOD] * 3, repeated_keys=2), _KEYED),
    Case("a key twice, written differently", HEADER + GOOD_LINE + b"0" + GOOD_LINE, Rows([GOOD] * 2, repeated_keys=1), _KEYED),
    Case("a key twice, where that is refused", HEADER + GOOD_LINE * 2, refused(DuplicateKeys, "row 2 repeats row 1"), _KEYED_STRICTLY),
    Case("no key", after_a_good_row(GOOD_LINE[1:]), Rows([GOOD], [(SECOND, "id:required")]), _KEYED),
)
