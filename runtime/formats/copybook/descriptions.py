"""A sentence of a copybook to one data description: its level, its name and its clauses.

Clauses whose bytes are not read here are refused, never skipped (docs/adr/0007).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Iterator, Union

from runtime.core.errors import CopybookInvalid
from runtime.formats.copybook.cobol import Sentence, Token
from runtime.formats.copybook.pictures import Picture, parse_picture

DISPLAY, PACKED, BINARY, NATIVE, SINGLE, DOUBLE = "DISPLAY", "COMP-3", "COMP", "COMP-5", "COMP-1", "COMP-2"
FILLER = "FILLER"

_USAGES = {
    "DISPLAY": DISPLAY, "PACKED-DECIMAL": PACKED, "BINARY": BINARY, "COMP": BINARY, "COMP-1": SINGLE, "COMP-2": DOUBLE, "COMP-3": PACKED,
    "COMP-4": BINARY, "COMP-5": NATIVE, "COMPUTATIONAL": BINARY, "COMPUTATIONAL-1": SINGLE, "COMPUTATIONAL-2": DOUBLE,
    "COMPUTATIONAL-3": PACKED, "COMPUTATIONAL-4": BINARY, "COMPUTATIONAL-5": NATIVE,
}  # fmt: skip
_REFUSED = {
    "SYNCHRONIZED": "aligns items by bytes that no description shows; write these bytes out as FILLER",
    "SYNC": "aligns items by bytes that no description shows; write these bytes out as FILLER",
    "JUSTIFIED": "is not read here; remove it, and expect the blanks on the left",
    "JUST": "is not read here; remove it, and expect the blanks on the left",
    "BLANK": "makes an edited number; describe these bytes as X",
    "RENAMES": "is another name for bytes already described; remove it",
    "COPY": "names another copybook; write out here what it holds",
    "POINTER": "is an address, which means nothing outside its program; describe these bytes as X",
    "INDEX": "is an address, which means nothing outside its program; describe these bytes as X",
    "NATIONAL": "is UTF-16, which is not read here",
    "DISPLAY-1": "is double-byte text, which is not read here",
}
_FIGURATIVE: dict[str, Constant] = {
    **dict.fromkeys(("SPACE", "SPACES", "LOW-VALUE", "LOW-VALUES"), ""),
    **dict.fromkeys(("ZERO", "ZEROS", "ZEROES"), Decimal(0)),
    **dict.fromkeys(("QUOTE", "QUOTES"), '"'),
    **dict.fromkeys(("HIGH-VALUE", "HIGH-VALUES", "NULL", "NULLS")),
}
_NO_MEANING = ("GLOBAL", "EXTERNAL", "IS")

#: A numeric literal, of no more digits than any item has.
_NUMBER = re.compile(r"[+-]?(?=[0-9.]{1,39}$)[0-9]*\.?[0-9]+")
_LEVEL = re.compile(r"[0-9]{1,2}")

#: Text, a number, or None for what no text and no number is (HIGH-VALUES).
Constant = Union[str, Decimal, None]


@dataclass(frozen=True)
class Sign:
    """Where a DISPLAY number has its sign: over its ``first`` digit or its last, or in a byte of its own."""

    first: bool = False
    separate: bool = False


@dataclass(frozen=True)
class Item:
    """One data description. A group has ``children``; an elementary item has a picture, or a usage without one.

    ``length`` is in bytes and of one occurrence. ``occurs`` is (least, most), ``depending`` the item
    that says how often. ``conditions`` are the level-88 values, low and high (the same, or a range).
    """

    level: int
    name: str
    line: int
    source: str
    picture: Picture | None = None
    usage: str = DISPLAY
    sign: Sign = field(default_factory=Sign)
    occurs: tuple[int, int] | None = None
    depending: str | None = None
    redefines: str | None = None
    conditions: tuple[tuple[Constant, Constant], ...] = ()
    children: tuple[Item, ...] = ()
    length: int = 0

    @property
    def most(self) -> int:
        """How often it occurs at most."""
        return self.occurs[1] if self.occurs else 1


@dataclass(frozen=True)
class Description:
    """An item as its sentence has it; None where it inherits."""

    item: Item
    usage: str | None
    sign: Sign | None


@dataclass(frozen=True)
class Condition:
    name: str
    line: int
    source: str
    values: tuple[tuple[Constant, Constant], ...]


def describe(sentence: Sentence, origin: str) -> Description | Condition:
    words = _Words(sentence, origin)
    first = words.take()
    if first.text in _REFUSED:
        raise words.invalid(f"{first.text} {_REFUSED[first.text]}", first)
    if not _LEVEL.fullmatch(first.text) or not (1 <= int(first.text) <= 49 or int(first.text) in (66, 77, 88)):
        raise words.invalid(f"{first.text} is no level number from 01 to 49, 77 or 88", first)
    level = int(first.text)
    if level == 66:
        raise words.invalid(f"level 66 (RENAMES) {_REFUSED['RENAMES']}", first)
    name = FILLER if words.next_is(*_CLAUSES, *_USAGES) or words.done else words.take_name()
    if level == 88:
        words.skip("VALUE", "VALUES", needed=True)
        return Condition(name, sentence.line, sentence.source, tuple(_values(words)))
    return _clauses(words, Item(level, name, sentence.line, sentence.source))


def _clauses(words: _Words, item: Item) -> Description:
    found: dict[str, Any] = {}
    seen: set[str] = set()
    while not words.done:
        token = words.take()
        clause = _CLAUSES.get(token.text, "USAGE" if token.text in _USAGES else token.text)
        if token.literal or clause in seen:
            raise words.invalid(f"{token.text} is not expected here" if token.literal else f"{clause} is stated twice", token)
        if clause in _NO_MEANING:
            continue
        seen.add(clause)
        found.update(_clause(words, clause, token))
    usage, sign = found.pop("usage", None), found.pop("sign", None)
    return Description(replace(item, **found), usage, sign)


def _clause(words: _Words, clause: str, token: Token) -> dict[str, Any]:
    """What a clause says, by the name of the item's attribute."""
    if clause == "PICTURE":
        return {"picture": words.picture()}
    if clause == "USAGE":
        return {"usage": words.usage(token)}
    if clause == "SIGN":
        return {"sign": words.sign(token)}
    if clause == "REDEFINES":
        return {"redefines": words.take_name()}
    if clause == "OCCURS":
        return dict(zip(("occurs", "depending"), words.occurs()))
    if clause == "VALUE":
        # A first value is for programs; it is read to find where it ends, whatever kind of literal it is.
        list(_values(words, any_literal=True))
        return {}
    raise words.invalid(f"{token.text} {_REFUSED.get(clause, 'is no clause of a data description; is a period missing before it?')}", token)


_CLAUSES = {
    "PIC": "PICTURE", "PICTURE": "PICTURE", "USAGE": "USAGE", "SIGN": "SIGN", "LEADING": "SIGN", "TRAILING": "SIGN",
    "REDEFINES": "REDEFINES", "OCCURS": "OCCURS", "VALUE": "VALUE", "VALUES": "VALUE", **{word: word for word in (*_REFUSED, *_NO_MEANING)},
}  # fmt: skip


def _values(words: _Words, *, any_literal: bool = False) -> Iterator[tuple[Constant, Constant]]:
    """The values of a VALUE clause, each as a range, up to the next clause."""
    words.skip("IS", "ARE")
    found = False
    while not words.done and not words.next_is(*_CLAUSES, *_USAGES):
        low = high = words.constant(any_literal=any_literal)
        if words.skip("THRU", "THROUGH"):
            high = words.constant(any_literal=any_literal)
        found = True
        yield low, high
    if not found:
        raise words.invalid("VALUE is followed by no value", words.last)


class _Words:
    """The tokens of one sentence, taken from the left."""

    def __init__(self, sentence: Sentence, origin: str) -> None:
        self._sentence, self._origin, self._at = sentence, origin, 0

    @property
    def done(self) -> bool:
        return self._at == len(self._sentence.tokens)

    @property
    def last(self) -> Token:
        return self._sentence.tokens[max(self._at - 1, 0)]

    def invalid(self, rule: str, token: Token) -> CopybookInvalid:
        return CopybookInvalid(self._origin, token.line, token.source, rule)

    def next_is(self, *words: str) -> bool:
        token = None if self.done else self._sentence.tokens[self._at]
        return token is not None and not token.literal and token.text in words

    def take(self) -> Token:
        if self.done:
            raise self.invalid(f"ends after {self.last.text}, where more is expected", self.last)
        self._at += 1
        return self.last

    def skip(self, *words: str, needed: bool = False) -> bool:
        """Take one of *words* if it is next."""
        found = self.next_is(*words)
        if found:
            self._at += 1
        elif needed:
            raise self.invalid(f"{' or '.join(words)} is expected after {self.last.text}", self.last)
        return found

    def take_name(self) -> str:
        token = self.take()
        name = token.text.replace("-", "").replace("_", "")
        if token.literal or not (name.isascii() and name.isalnum()) or name.isdigit():
            raise self.invalid(f"{token.text} is no data name", token)
        return token.text

    def number(self) -> int:
        token = self.take()
        if not (token.text.isascii() and token.text.isdigit()) or len(token.text) > 5:
            raise self.invalid(f"{token.text} is no count", token)
        return int(token.text)

    def picture(self) -> Picture:
        self.skip("IS")
        token = self.take()
        try:
            return parse_picture(token.text)
        except ValueError as error:
            raise self.invalid(f"PICTURE {error}", token) from error

    def usage(self, token: Token) -> str:
        if token.text == "USAGE":
            self.skip("IS")
            token = self.take()
        if token.text not in _USAGES:
            raise self.invalid(f"{token.text} {_REFUSED.get(token.text, 'is no USAGE that is read here')}", token)
        return _USAGES[token.text]

    def sign(self, token: Token) -> Sign:
        if token.text == "SIGN":
            self.skip("IS")
            token = self.take()
        if token.text not in ("LEADING", "TRAILING"):
            raise self.invalid(f"SIGN is LEADING or TRAILING, not {token.text}", token)
        separate = self.skip("SEPARATE")
        self.skip("CHARACTER")
        return Sign(token.text == "LEADING", separate)

    def occurs(self) -> tuple[tuple[int, int], str | None]:
        least = most = self.number()
        token = self.last
        if self.skip("TO"):
            most = self.number()
        self.skip("TIMES")
        depending = None
        if self.skip("DEPENDING"):
            self.skip("ON")
            depending = self.take_name()
        if bool(depending) != (least < most) or most == 0:
            raise self.invalid(f"OCCURS {least} TO {most}: a range and DEPENDING ON go together, from less to more", token)
        while self.skip("ASCENDING", "DESCENDING", "INDEXED"):
            self.skip("KEY")
            self.skip("IS", "BY")
            while not self.done and not self.next_is("ASCENDING", "DESCENDING", "INDEXED", *_CLAUSES, *_USAGES):
                self.take_name()
        return (least, most), depending

    def constant(self, *, any_literal: bool) -> Constant:
        """Text without the blanks at its end, or a number; with *any_literal* None for hexadecimal and other literals."""
        token = self.take()
        if token.literal:
            return None if any_literal and token.text[0] not in "\"'" else self._literal(token)
        if token.text == "ALL":
            return self.constant(any_literal=any_literal)
        if token.text in _FIGURATIVE:
            return _FIGURATIVE[token.text]
        if not _NUMBER.fullmatch(token.text):
            raise self.invalid(f"{token.text} is no value", token)
        return Decimal(token.text)

    def _literal(self, token: Token) -> str:
        quote = token.text[-1]
        prefix, _, rest = token.text.partition(quote)
        if prefix:
            raise self.invalid(f"{token.text}: only plain literals are read", token)
        return rest[:-1].replace(quote * 2, quote).rstrip(" ")
