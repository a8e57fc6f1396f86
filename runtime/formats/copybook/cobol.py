"""COBOL source lines to sentences: the reference format's columns, comments, continuations and literals.

IBM Enterprise COBOL Language Reference, "Reference format": columns 1-6 are the sequence area, 7 the
indicator, 8-72 the text, 73-80 are not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, Sequence

from runtime.core.errors import CopybookInvalid

_INDICATOR, _TEXT_END = 6, 72
_TEXT_BYTES = _TEXT_END - _INDICATOR - 1
#: Lines with a D are for debugging, comments otherwise.
_COMMENTS = ("*", "/", "D", "d")
#: A level number and a name that begin left of where the reference format has its text: the lines are in free format.
_FREE = re.compile(r" {0,6}[0-9]{1,2} +[A-Za-z0-9-]*[A-Za-z][A-Za-z0-9-]*")
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<comment>\*>.*)
      | (?P<end>\.(?=\s|$))
      | (?P<mark>[,;](?=\s|$))
      | (?P<literal>[A-Za-z]{0,2}(?:"(?:[^"]|"")*"|'(?:[^']|'')*'))
      | (?P<word>(?:(?![.,;](?:\s|$))[^\s"'])+)
      | (?P<open>["'].*)
    )""",
    re.VERBOSE,
)
#: Statements of the listing, which a copybook may hold between its descriptions.
_LISTING = ("EJECT", "SKIP1", "SKIP2", "SKIP3")


@dataclass(frozen=True)
class Token:
    """A word in capitals, or a literal as it is written, quotes included. ``source`` is its line, the first if it is continued."""

    text: str
    line: int
    source: str
    literal: bool = False


@dataclass(frozen=True)
class Sentence:
    """The tokens up to a period; ``line`` counts from 1."""

    tokens: tuple[Token, ...]

    @property
    def line(self) -> int:
        return self.tokens[0].line

    @property
    def source(self) -> str:
        return self.tokens[0].source


def sentences(lines: Sequence[str], origin: str) -> Iterator[Sentence]:
    """The sentences of a copybook; raise CopybookInvalid for what is no COBOL source."""
    tokens: list[Token] = []
    for number, text in _logical(lines, origin):
        source = lines[number - 1]
        for match in _TOKEN.finditer(text.rstrip()):
            if match["open"]:
                raise CopybookInvalid(origin, number, source, "a literal is never closed; close it, or continue it in column 7")
            if match["end"]:
                if tokens:
                    yield Sentence(tuple(tokens))
                tokens = []
            elif match["literal"]:
                tokens.append(Token(match["literal"], number, source, literal=True))
            elif match["word"] and (tokens or match["word"].upper() not in _LISTING):
                tokens.append(Token(match["word"].upper(), number, source))
    if tokens:
        rule = "the last description does not end with a period in columns 8 to 72"
        raise CopybookInvalid(origin, tokens[0].line, tokens[0].source, rule)


def cut_off(lines: Sequence[str], number: int) -> tuple[int, str] | None:
    """The line whose text after column 72 seems to be missed at line *number*, and that text.

    What stands there is a remark, and only one that ends the description, or goes on in the middle of a word, is no remark.
    """
    expanded = _expanded(lines)
    if any(_FREE.match(line) for line in expanded):
        return None
    texts = ["" if line[_INDICATOR : _INDICATOR + 1] in _COMMENTS else line[_INDICATOR + 1 : _TEXT_END].rstrip() for line in expanded]
    # The description that *number* is in, or that was to end before it.
    begin = next((at + 1 for at in range(number - 2, -1, -1) if texts[at].endswith(".")), 0)
    end = next((at for at in range(number - 1, len(texts)) if texts[at].endswith(".")), len(texts) - 1)
    for at in range(begin, end + 1):
        rest = expanded[at][_TEXT_END:].rstrip()
        if texts[at] and not texts[at].endswith(".") and (rest.endswith(".") or (rest[:1].strip() and len(texts[at]) == _TEXT_BYTES)):
            return at + 1, rest.strip()
    return None


def _expanded(lines: Sequence[str]) -> list[str]:
    return [line.rstrip("\r\n\x1a").expandtabs(8) for line in lines]


def _logical(lines: Sequence[str], origin: str) -> list[tuple[int, str]]:
    """Lines without their margins and comments, continued ones joined; each with the number of its first."""
    expanded = _expanded(lines)
    if any(_FREE.match(line) for line in expanded):
        return [(number, line) for number, line in enumerate(expanded, 1) if not line.lstrip().startswith(("*", "/"))]
    logical: list[tuple[int, str]] = []
    for number, line in enumerate(expanded, 1):
        indicator, text = line[_INDICATOR : _INDICATOR + 1], line[_INDICATOR + 1 : _TEXT_END]
        if indicator in _COMMENTS or not text.strip():
            continue
        if indicator == "-":
            if not logical:
                raise CopybookInvalid(origin, number, line, "continues a line, but none is before it")
            first, before = logical.pop()
            logical.append((first, _continued(before, text)))
        elif indicator == " ":
            logical.append((number, text))
        else:
            rule = f"column 7 holds {indicator!r}; it is blank, '*', '/' or '-' where columns 1-6 are a sequence number"
            raise CopybookInvalid(origin, number, line, rule)
    return logical


def _continued(before: str, text: str) -> str:
    """A literal that is open goes on behind the quote that begins *text*, with the blanks up to column 72; a word goes on at once."""
    open_literal = next((match["open"] for match in _TOKEN.finditer(before) if match["open"]), None)
    text = text.lstrip()
    if open_literal and text[:1] == open_literal[0]:
        return before.ljust(_TEXT_BYTES) + text[1:]
    return before.rstrip() + text
