"""Code pages of one byte a character: those that files of records come in."""

from __future__ import annotations

import codecs
from functools import lru_cache

#: Stands for bytes that a code page leaves undefined.
UNDEFINED = "\ufffd"

_CODECS = ("cp037", "cp273", "cp500", "cp1140", "ascii", "iso8859-1")
#: Pages that Python has no codec for, by what they change in one that it has: IBM's registry of code pages
#: (CP01047, CP01141, CP01148); the same as glibc's IBM1047, IBM1141 but for X'BC', and IBM1148.
_DERIVED: dict[str, tuple[str, dict[int, str]]] = {
    "cp1047": ("cp037", {0x5F: "^", 0xAD: "[", 0xB0: "¬", 0xBA: "Ý", 0xBB: "¨", 0xBD: "]"}),
    "cp1141": ("cp273", {0x9F: "€"}),
    "cp1148": ("cp500", {0x9F: "€"}),
}
CODE_PAGES = tuple(sorted((*_CODECS, *_DERIVED)))


def canonical(name: str) -> str | None:
    """The name in :data:`CODE_PAGES` of a page known as *name* to Python or IBM (``IBM-1047``), or None."""
    plain = name.lower().replace("ibm", "cp").replace("-", "").replace("_", "")
    if plain in _DERIVED:
        return plain
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return None
    return codec if codec in _CODECS else None


@lru_cache(maxsize=len(CODE_PAGES))
def characters(page: str) -> str:
    """The 256 characters of a page in :data:`CODE_PAGES`; raise KeyError for another."""
    if page in _CODECS:
        return bytes(range(256)).decode(page, "replace")
    base, changes = _DERIVED[page]
    return "".join(changes.get(code, character) for code, character in enumerate(characters(base)))


def is_ebcdic(page: str) -> bool:
    """True where a blank is X'40' and the digits are X'F0' to X'F9'."""
    return characters(page)[0x40] == " "


def is_control(character: str) -> bool:
    """A character of the categories C0 and C1, which no text has."""
    return character < " " or "\x7f" <= character <= "\x9f"


@lru_cache(maxsize=len(CODE_PAGES))
def codes(page: str) -> dict[str, int]:
    """The byte of each character that a text in *page* may have."""
    return {character: code for code, character in enumerate(characters(page)) if not is_control(character) and character != UNDEFINED}
