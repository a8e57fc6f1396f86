"""PICTURE character-strings: what an item's bytes may spell (IBM Enterprise COBOL Language Reference, "PICTURE clause")."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_DIGITS = 38
#: No record is longer than a file's largest.
MAX_CHARACTERS = 32_760

_EDITING = set("BZ0/,.+-*$") | {"CR", "DB", "E"}
_ELEMENT = re.compile(r"(CR|DB|[A-Z0-9$*+\-/.,])(?:\(([0-9]{1,5})\))?")
_NUMERIC = re.compile(
    r"S?(?:(?:V(?P<after>P+)|(?P<leading>P+)V?)(?P<fraction>9+)|(?P<whole>9*)V(?P<decimals>9+)|(?P<plain>9+)(?P<trailing>P*)V?)"
)


@dataclass(frozen=True)
class Picture:
    """``digits`` are those written, 0 for text of ``characters``.

    The number is the digits times 10 to the power of minus ``scale``, which is negative where the
    picture ends with Ps. ``text`` is the string as the copybook has it.
    """

    text: str
    characters: int
    digits: int = 0
    scale: int = 0
    signed: bool = False


def parse_picture(text: str) -> Picture:
    """Read a picture in capitals; raise ValueError that says why it is none, or which kind is not read here."""
    symbols: list[str] = []
    at = 0
    while at < len(text):
        match = _ELEMENT.match(text, at)
        if not match:
            raise ValueError(f"{text!r} is not a picture")
        count = int(match[2] or 1)
        if not 0 < count <= MAX_CHARACTERS or len(symbols) + count > MAX_CHARACTERS:
            raise ValueError(f"{text!r} has a repetition of {count}, not of 1 to {MAX_CHARACTERS}")
        symbols += [match[1]] * count
        at = match.end()
    kinds = set(symbols)
    if kinds <= {"X", "A", "9"} and kinds - {"9"}:
        return Picture(text, len(symbols))
    if kinds & _EDITING:
        raise ValueError(f"{text!r} is edited for printing; send the number itself, or describe these bytes as X({len(symbols)})")
    return _numeric(text, "".join(symbols))


def _numeric(text: str, spelled: str) -> Picture:
    match = _NUMERIC.fullmatch(spelled)
    if not match:
        raise ValueError(f"{text!r} is none of X, A, 9, S9, 9V9, P9 or 9P")
    # The Ps that lead stand before the V or after it.
    lengths = {name: len(part or "") for name, part in match.groupdict().items()}
    digits = lengths["fraction"] + lengths["whole"] + lengths["decimals"] + lengths["plain"]
    scale = lengths["leading"] + lengths["after"] + lengths["fraction"] + lengths["decimals"] - lengths["trailing"]
    precision = digits + lengths["leading"] + lengths["after"] + lengths["trailing"]
    if precision > MAX_DIGITS:
        raise ValueError(f"{text!r} has {precision} digits, more than {MAX_DIGITS}")
    return Picture(text, digits, digits, scale, spelled.startswith("S"))
