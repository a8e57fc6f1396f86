"""How a file that has no contract yet is written: its encoding, its delimiter, its header and rows."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ops.errors import NotDrafted
from runtime.core.errors import EmptyFile, NotCsv, RecordTooLong
from runtime.core.limits import MAX_RECORD_BYTES

DELIMITERS = (",", ";", "\t", "|")
_READ_BYTES = 1 << 20
#: Below the csv module's own limit for a field.
_HEAD_CHARACTERS = 65_536
_HEAD_RECORDS = 50
_EBCDIC_SHARE = 0.85


@dataclass(frozen=True)
class Draft:
    """``encoding`` is one that a contract may name; a byte-order mark is not part of it."""

    encoding: str
    delimiter: str


def recognize_writing(path: Path, advance: Callable[[int], None]) -> Draft:
    """Read *path* once and say how it is written; *advance* is told of the bytes. Raises EmptyFile, NotCsv or NotDrafted."""
    _refuse_ebcdic(path)
    encoding = _encoding(path, advance)
    with _text(path, encoding) as stream:
        return Draft(encoding, _delimiter(stream.read(_HEAD_CHARACTERS)))


@contextmanager
def records(path: Path, draft: Draft) -> Iterator[Iterator[list[str]]]:
    """The records of *path*, header first, blank lines left out. Reading them raises RecordTooLong, as in a stage."""
    csv.field_size_limit(MAX_RECORD_BYTES)
    with path.open("rb") as head:
        marked = draft.encoding == "utf-8" and head.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    with _text(path, draft.encoding) as stream:
        yield _records(stream, draft, len(codecs.BOM_UTF8) if marked else 0)


def _records(stream: io.TextIOWrapper, draft: Draft, start: int) -> Iterator[list[str]]:
    """The first record begins at byte *start*."""
    end = start

    def lines() -> Iterator[str]:
        nonlocal end
        while line := stream.readline(MAX_RECORD_BYTES + 1):
            end += len(line.encode(draft.encoding))
            if end - start > MAX_RECORD_BYTES:
                raise RecordTooLong(start, MAX_RECORD_BYTES)
            yield line

    for record in csv.reader(lines(), delimiter=draft.delimiter):
        if record:
            yield record
        start = end


def _refuse_ebcdic(path: Path) -> None:
    """Nearly all of its bytes are above ASCII or ASCII's ``@``, which is its blank; in UTF-8 such bytes are not in any order."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_CHARACTERS).replace(b"\0", b"")
    if sum(byte >= 0x81 or byte == 0x40 for byte in head) > _EBCDIC_SHARE * len(head):
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            raise NotDrafted(path) from None


def _encoding(path: Path, advance: Callable[[int], None]) -> str:
    """UTF-8 where every byte of the file agrees, else the single-byte encoding that has the bytes found."""
    decoder, utf8, seen = codecs.getincrementaldecoder("utf-8")(), True, set[int]()
    size = 0
    with path.open("rb") as stream:
        while part := stream.read(_READ_BYTES):
            if b"\x00" in part:
                raise NotCsv("a NUL byte, as in UTF-16 or a binary file,", size + part.index(b"\x00"))
            size += len(part)
            advance(len(part))
            seen.update(part)
            if utf8:
                try:
                    decoder.decode(part)
                except UnicodeDecodeError:
                    utf8 = False
    if not size:
        raise EmptyFile
    if utf8 and not decoder.getstate()[0]:
        return "utf-8"
    # 0x80 to 0x9f are letters and signs in Windows-1252, but for five, and control characters in Latin-1.
    between = {byte for byte in seen if 0x80 <= byte <= 0x9F}
    return "cp1252" if between and not between & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "iso-8859-1"


def _delimiter(head: str) -> str:
    """The candidate under which most records have as many fields as the header, and the header most fields."""

    def score(delimiter: str) -> tuple[float, int]:
        found = [record for record in islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), _HEAD_RECORDS) if record]
        width = len(found[0]) if found else 0
        return (sum(len(record) == width for record in found) / len(found) if width > 1 else 0.0, width)

    return max(DELIMITERS, key=score)


def _text(path: Path, encoding: str) -> io.TextIOWrapper:
    return path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")
