"""Accounts and their extracts, written out byte by byte: slow, and plain to read beside the issue's layout."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Dict

ZONE, POSITIVE, NEGATIVE = 0xF0, 0xC0, 0xD0


@dataclass(frozen=True)
class Account:
    """Amounts have two decimals; dates are YYYY-MM-DD."""

    number: int
    status: str = "Y"
    balance: Decimal = Decimal("194.00")
    credit_limit: Decimal = Decimal("2020.00")
    cash_limit: Decimal = Decimal("1020.00")
    opened: str = "2014-11-20"
    expires: str = "2025-05-20"
    reissued: str = "2025-05-20"
    credit: Decimal = Decimal("0.00")
    debit: Decimal = Decimal("0.00")
    zip_code: str = "A000000000"
    group: str = ""

    def record(self) -> bytes:
        """The 300 bytes of the file that arrives."""
        amounts = [zoned(amount) for amount in (self.balance, self.credit_limit, self.cash_limit)]
        dates = [text(date, 10) for date in (self.opened, self.expires, self.reissued)]
        cycle = [zoned(self.credit), zoned(self.debit)]
        parts = [digits(self.number, 11), text(self.status, 1), *amounts, *dates, *cycle, text(self.zip_code, 10), text(self.group, 10)]
        return b"".join(parts) + text("", 178)

    def extracts(self) -> Dict[str, bytes]:
        """What the batch program writes of it."""
        number = digits(self.number, 11)
        standard = [
            number,
            text(self.status, 1),
            zoned(self.balance),
            zoned(self.credit_limit),
            zoned(self.cash_limit),
            text(self.opened, 10),
            text(self.expires, 10),
            text(self.reissued.replace("-", ""), 8),
            text("", 2),
            zoned(self.credit),
            packed(self.debit or Decimal("2525.00")),
            text(self.group, 10),
        ]
        pairs = [
            (self.balance, Decimal("1005.00")),
            (self.balance, Decimal("1525.00")),
            (Decimal("-1025.00"), Decimal("-2500.00")),
            (Decimal("0.00"), Decimal("0.00")),
            (Decimal("0.00"), Decimal("0.00")),
        ]
        array = [number, *(part for balance, debit in pairs for part in (zoned(balance), packed(debit))), text("", 4)]
        first = [bytes([0, 16, 0, 0]), number, text(self.status, 1)]
        second = [bytes([0, 43, 0, 0]), number, zoned(self.balance), zoned(self.credit_limit), text(self.reissued[:4], 4)]
        return {"standard": b"".join(standard), "array": b"".join(array), "variable": b"".join(first + second)}


def text(value: str, length: int) -> bytes:
    return value.ljust(length).encode("cp037")


def digits(number: int, length: int) -> bytes:
    return bytes(ZONE | int(digit) for digit in f"{number:0{length}}")


def zoned(amount: Decimal) -> bytes:
    """S9(10)V99 DISPLAY: twelve digits, the sign in the zone of the last."""
    values = [int(digit) for digit in f"{abs(int(amount * 100)):012}"]
    sign = NEGATIVE if amount < 0 else POSITIVE
    return bytes([ZONE | digit for digit in values[:-1]] + [sign | values[-1]])


def packed(amount: Decimal) -> bytes:
    """S9(10)V99 COMP-3: thirteen half bytes of digits, then one of the sign."""
    return bytes.fromhex(f"{abs(int(amount * 100)):013}{'d' if amount < 0 else 'c'}")
