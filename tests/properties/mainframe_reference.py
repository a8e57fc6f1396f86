"""What the bytes of one item say, read byte by byte the obvious way: slow, and apart from the code that it judges."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Optional

EBCDIC_DIGITS = {0xF0 + digit: digit for digit in range(10)}
ASCII_DIGITS = {ord(str(digit)): digit for digit in range(10)}
EBCDIC_SIGNED = {
    **{0xF0 + digit: (digit, 1) for digit in range(10)},
    **{0xC0 + digit: (digit, 1) for digit in range(10)},
    **{0xD0 + digit: (digit, -1) for digit in range(10)},
}
ASCII_SIGNED = {
    **{ord(str(digit)): (digit, 1) for digit in range(10)},
    **{ord(character): (digit, 1) for digit, character in enumerate("{ABCDEFGHI")},
    **{ord(character): (digit, -1) for digit, character in enumerate("}JKLMNOPQR")},
}


@dataclass(frozen=True)
class Number:
    """A numeric item: ``scale`` is negative where the picture ends with Ps; ``sign`` is "" for unsigned DISPLAY numbers."""

    usage: str
    digits: int
    scale: int
    signed: bool
    leading: bool = False
    separate: bool = False
    ebcdic: bool = True

    @property
    def picture(self) -> str:
        sign = "S" if self.signed else ""
        if self.scale < 0:
            return f"{sign}9({self.digits})P({-self.scale})"
        if self.scale > self.digits:
            return f"{sign}P({self.scale - self.digits})9({self.digits})"
        whole = f"9({self.digits - self.scale})" if self.digits > self.scale else ""
        return f"{sign}{whole}" + (f"V9({self.scale})" if self.scale else "")

    @property
    def clauses(self) -> str:
        words = f"PIC {self.picture}"
        if self.usage != "DISPLAY":
            return f"{words} {self.usage}"
        return f"{words} SIGN {'LEADING' if self.leading else 'TRAILING'}{' SEPARATE' if self.separate else ''}" if self.signed else words

    @property
    def length(self) -> int:
        if self.usage == "DISPLAY":
            return self.digits + (self.separate and self.signed)
        if self.usage == "COMP-3":
            return (self.digits + 2) // 2
        return 2 if self.digits < 5 else 4 if self.digits < 10 else 8


def write(number: Number, units: int) -> bytes:
    """*units* of the item's last digit, as a mainframe would write them."""
    if number.usage in ("COMP", "COMP-5"):
        return units.to_bytes(number.length, "big", signed=number.signed)
    digits = str(abs(units)).rjust(number.digits, "0")
    if number.usage == "COMP-3":
        sign = ("D" if units < 0 else "C") if number.signed else "F"
        return bytes.fromhex((digits + sign).rjust(2 * number.length, "0"))
    plain = EBCDIC_DIGITS if number.ebcdic else ASCII_DIGITS
    codes = {digit: code for code, digit in plain.items()}
    data = [codes[int(digit)] for digit in digits]
    if number.signed and number.separate:
        sign_code = "+-"[units < 0].encode("cp037" if number.ebcdic else "ascii")[0]
        data.insert(0 if number.leading else len(data), sign_code)
    elif number.signed:
        at = 0 if number.leading else -1
        wanted = (int(digits[at]), -1 if units < 0 else 1)
        table = EBCDIC_SIGNED if number.ebcdic else ASCII_SIGNED
        data[at] = [code for code, meaning in table.items() if meaning == wanted][-1]
    return bytes(data)


def read(number: Number, raw: bytes) -> Optional[Decimal]:
    """The number that *raw* spells, or None where it spells none."""
    units = _units(number, raw)
    return None if units is None else Decimal(f"{units}E{-number.scale}")


def _units(number: Number, raw: bytes) -> Optional[int]:
    if number.usage in ("COMP", "COMP-5"):
        units = int.from_bytes(raw, "big", signed=number.signed)
        return units if number.usage == "COMP-5" or len(str(abs(units))) <= number.digits else None
    if number.usage == "COMP-3":
        halves = raw.hex()
        digits, sign = halves[:-1], halves[-1]
        if not digits.isdigit() or sign not in ("cdf" if number.signed else "f") or int(digits) >= 10**number.digits:
            return None
        return -int(digits) if sign == "d" else int(digits)
    return _zoned_units(number, list(raw))


def _zoned_units(number: Number, codes: list[int]) -> Optional[int]:
    plain, signed = (EBCDIC_DIGITS, EBCDIC_SIGNED) if number.ebcdic else (ASCII_DIGITS, ASCII_SIGNED)
    sign = 1
    if number.signed:
        last = codes.pop(0 if number.leading else -1)
        if number.separate:
            signs = {" +-".encode("cp037" if number.ebcdic else "ascii")[at]: (0, 1, -1)[at] for at in (1, 2)}
            if last not in signs:
                return None
            sign = signs[last]
        elif last not in signed:
            return None
        else:
            digit, sign = signed[last]
            codes.insert(0 if number.leading else len(codes), next(code for code, value in plain.items() if value == digit))
    if any(code not in plain for code in codes):
        return None
    return sign * int("".join(str(plain[code]) for code in codes))


def read_float(raw: bytes) -> Fraction:
    """A hexadecimal floating point number, exactly."""
    sign, exponent, fraction = raw[0] >> 7, (raw[0] & 0x7F) - 64, int.from_bytes(raw[1:], "big")
    value = Fraction(fraction, 16 ** (2 * (len(raw) - 1))) * Fraction(16) ** exponent
    return -value if sign else value
