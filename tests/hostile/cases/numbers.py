"""Numbers in every form that somebody's program writes: what is not plainly the agreed one is refused, never guessed."""

from __future__ import annotations

from decimal import Decimal

from tests.hostile.cases.values import Column

TITLE = "Numbers"

_INTEGER = Column("integers", "an integer", ("5", 5), type="integer")
_AMOUNT = Column("amounts", "a decimal(10,2)", ("5.00", Decimal("5.00")), type="number", precision=10, scale=2)
_GERMAN = Column(
    "german-amounts",
    "a German decimal(10,2)",
    ("5,00".join('""'), Decimal("5.00")),
    type="number", precision=10, scale=2, decimalChar=",", groupChar=".",
)  # fmt: skip
_FLAG = Column("flags", "a boolean", ("true", True), type="boolean")


CASES = (
    _INTEGER.accepts("-0", 0),
    _INTEGER.accepts("007", 7),
    _INTEGER.accepts("9223372036854775807", 2**63 - 1),
    _INTEGER.accepts("-9223372036854775808", -(2**63)),
    _INTEGER.refuses("9223372036854775808"),
    _INTEGER.refuses("-9223372036854775809"),
    _INTEGER.refuses("+5"),
    _INTEGER.refuses("5.0"),
    _INTEGER.refuses("1e3"),
    _INTEGER.refuses("0x10"),
    _INTEGER.refuses("1_000"),
    _INTEGER.refuses("--5"),
    _INTEGER.refuses("5-"),
    _INTEGER.refuses("-"),
    _INTEGER.refuses(" 5", shown="a blank and `5`"),
    _INTEGER.refuses("5 ", shown="`5` and a blank"),
    _INTEGER.refuses("\t5", shown="a tab and `5`"),
    _INTEGER.refuses("１２"),
    _INTEGER.refuses("٣"),
    _INTEGER.refuses("²"),
    _INTEGER.refuses("−5", shown="`5` with the minus sign of typographers"),
    _INTEGER.refuses("NULL"),
    _INTEGER.refuses("9" * 400, shown="400 digits"),
    _INTEGER.refuses("0" * 400 + "1", shown="400 zeros and a 1"),
    _AMOUNT.accepts("-0", Decimal("0.00")),
    _AMOUNT.accepts("-0.00", Decimal("0.00")),
    _AMOUNT.accepts("00000001.5", Decimal("1.50")),
    _AMOUNT.accepts("99999999.99", Decimal("99999999.99")),
    _AMOUNT.refuses("100000000.00"),
    _AMOUNT.refuses("000000001.5"),
    _AMOUNT.refuses("1.005"),
    _AMOUNT.refuses("1.500"),
    _AMOUNT.refuses("1."),
    _AMOUNT.refuses(".5"),
    _AMOUNT.refuses("."),
    _AMOUNT.refuses("1.2.3"),
    _AMOUNT.refuses("+5.00"),
    _AMOUNT.refuses("1e3"),
    _AMOUNT.refuses("1E-2"),
    _AMOUNT.refuses('"1,000.00"'),
    _AMOUNT.refuses('"1,5"'),
    _AMOUNT.refuses("1 000.00"),
    _AMOUNT.refuses("(5.00)"),
    _AMOUNT.refuses("€5.00"),
    _AMOUNT.refuses("5%"),
    _AMOUNT.refuses("NaN"),
    _AMOUNT.refuses("inf"),
    _AMOUNT.refuses("-Infinity"),
    _AMOUNT.refuses("１.５"),
    _AMOUNT.refuses("0." + "0" * 400 + "1", shown="a 1 after 400 zeros"),
    _GERMAN.accepts('"-1.234.567,89"', Decimal("-1234567.89")),
    _GERMAN.accepts('"1234567,8"', Decimal("1234567.80")),
    _GERMAN.refuses('"1.23,45"'),
    _GERMAN.refuses('"1.2345,00"'),
    _GERMAN.refuses('".123,00"'),
    _GERMAN.refuses('"1..234,00"'),
    _GERMAN.refuses("5.00"),
    _FLAG.accepts("0", False),
    _FLAG.refuses("yes"),
    _FLAG.refuses("tRUE"),
)
