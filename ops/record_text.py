"""Records that are bytes, for people: their characters, and a dump with both."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.contracts.code_pages import canonical, characters

#: Stands for a byte that is no printable character, as dumps have it.
_DOT = "."
_LINE_BYTES = 32


def record_text(record: bytes, encoding: str) -> str:
    """One character for each byte; a dot where there is none to print, as in packed numbers."""
    page = characters(canonical(encoding) or "ascii")
    return "".join(
        character if character.isprintable() and ord(character) < 0x2000 else _DOT for character in (page[byte] for byte in record)
    )


def dump(record: bytes, encoding: str) -> Iterator[str]:
    """Lines of 32 bytes: the offset of the first, all in hexadecimal, and as characters."""
    for at in range(0, len(record), _LINE_BYTES):
        part = record[at : at + _LINE_BYTES]
        yield f"{at:>6,}  {part.hex(' ', 4).upper():<71}  {record_text(part, encoding)}"
