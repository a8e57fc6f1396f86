"""Numbers in every form that programs write."""

from __future__ import annotations

from decimal import Decimal

from tests.hostile.cases.values import accepts, column, refuses

TITLE = "Numbers"
PROMISE = "A number in the agreed form is accepted with its exact value. Any other form rejects its row: nothing is guessed or rounded."


CASES = (
    column(
        "integers",
        "an integer",
        (
            accepts("-0", 0),
            accepts("007", 7),
            accepts("9223372036854775807", 2**63 - 1),
            accepts("-9223372036854775808", -(2**63)),
            refuses("9223372036854775808"),
            refuses("-9223372036854775809"),
            refuses("+5"),
            refuses("5.0"),
            refuses("1e3"),
            refuses("0x10"),
            refuses("1_000"),
            refuses("--5"),
            refuses("5-"),
            refuses("-"),
            refuses(" 5", shown="a blank and `5`"),
            refuses("5 ", shown="`5` and a blank"),
            refuses("\t5", shown="a tab and `5`"),
            refuses("１２"),
            refuses("٣"),
            refuses("²"),
            refuses("−5", shown="`5` with the minus sign of typographers"),
            refuses("NULL"),
            refuses("9" * 400, shown="400 digits"),
            refuses("0" * 400 + "1", shown="400 zeros and a 1"),
        ),
        type="integer",
    ),
    column(
        "amounts",
        "a decimal(10,2)",
        (
            accepts("-0", Decimal("0.00")),
            accepts("-0.00", Decimal("0.00")),
            accepts("00000001.5", Decimal("1.50")),
            accepts("99999999.99", Decimal("99999999.99")),
            refuses("100000000.00"),
            refuses("000000001.5"),
            refuses("1.005"),
            refuses("1.500"),
            refuses("1."),
            refuses(".5"),
            refuses("."),
            refuses("1.2.3"),
            refuses("+5.00"),
            refuses("1e3"),
            refuses("1E-2"),
            refuses('"1,000.00"'),
            refuses('"1,5"'),
            refuses("1 000.00"),
            refuses("(5.00)"),
            refuses("€5.00"),
            refuses("5%"),
            refuses("NaN"),
            refuses("inf"),
            refuses("-Infinity"),
            refuses("１.５"),
            refuses("0." + "0" * 400 + "1", shown="a 1 after 400 zeros"),
        ),
        type="number",
        precision=10,
        scale=2,
    ),
    column(
        "german-amounts",
        "a German decimal(10,2)",
        (
            accepts('"-1.234.567,89"', Decimal("-1234567.89")),
            accepts('"1234567,8"', Decimal("1234567.80")),
            refuses('"1.23,45"'),
            refuses('"1.2345,00"'),
            refuses('".123,00"'),
            refuses('"1..234,00"'),
            refuses("5.00"),
        ),
        type="number",
        precision=10,
        scale=2,
        decimalChar=",",
        groupChar=".",
    ),
    column(
        "flags",
        "a boolean",
        (
            accepts("0", False),
            refuses("yes"),
            refuses("tRUE"),
        ),
        type="boolean",
    ),
)
