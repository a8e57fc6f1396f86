"""Compressed files, archives, documents and other files that are not CSV."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zipfile

from runtime.core.errors import CompressionMismatch, CorruptGzip, DecodedTooLarge, EmptyFile, HeaderMismatch, NotCsv
from tests.hostile.case import GOOD, GOOD_LINE, SECOND, Case, Rows, after_a_good_row, refused
from tests.support.records import HEADER, make_contract

TITLE = "Containers and other formats"
PROMISE = (
    "Gzip is decompressed up to a limit of size and ratio. "
    "Damaged gzip and every other format reject the file; the message names a format that is recognized."
)

_PLAIN = HEADER + GOOD_LINE
_GZIP = gzip.compress(_PLAIN, mtime=0)
_ONLY_GZIP = make_contract("only-gzip", compression="gz")


def _named(characters: int) -> bytes:
    """Gzip with a file name: a flag, and the name with a NUL after the ten bytes of the header."""
    return _GZIP[:3] + b"\x08" + _GZIP[4:10] + b"n" * characters + b"\0" + _GZIP[10:]


def _zipped(name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return target.getvalue()


def _bomb() -> bytes:
    """80 MB of one repeated row in about 80 KB."""
    return gzip.compress(HEADER + GOOD_LINE * (80_000_000 // len(GOOD_LINE)), mtime=0)


def _noise() -> bytes:
    """Random bytes, the same every time."""
    return bytes(byte or 1 for byte in random.Random(5).getrandbits(8 * 4096).to_bytes(4096, "big"))


CASES = (
    Case("gzip", _GZIP, Rows([GOOD])),
    Case(
        "gzip with bad rows: offsets count the text",
        gzip.compress(after_a_good_row(b"x\n"), mtime=0),
        Rows([GOOD], [(SECOND, "*:field-count")]),
    ),
    Case("gzip in several members", gzip.compress(HEADER, mtime=0) + gzip.compress(GOOD_LINE, mtime=0), Rows([GOOD])),
    Case("gzip with zeros after it", _GZIP + bytes(1000), Rows([GOOD])),
    Case("gzip called .csv where gzip was agreed", _GZIP, Rows([GOOD]), _ONLY_GZIP),
    Case("a plain file where gzip was agreed", _PLAIN, refused(CompressionMismatch, "the file is not compressed"), _ONLY_GZIP),
    Case("a plain file called .csv.gz", _PLAIN, Rows([GOOD]), key="incoming/payments/acme/day.csv.gz"),
    Case("gzip that is cut short", _GZIP[:-9], refused(CorruptGzip, "it ends before its compressed data does")),
    Case("gzip without its last byte", _GZIP[:-1], refused(CorruptGzip, "it ends before its compressed data does")),
    Case("the first two bytes of gzip", _GZIP[:2], refused(CorruptGzip, "it ends before its compressed data does")),
    Case("gzip with another checksum", _GZIP[:-8] + bytes(4) + _GZIP[-4:], refused(CorruptGzip, "its checksum does not agree")),
    Case("gzip with another length", _GZIP[:-4] + bytes(4), refused(CorruptGzip, "its length does not agree")),
    Case("gzip with something after it", _GZIP + b"more", refused(CorruptGzip, "something else follows")),
    Case("gzip of nothing", gzip.compress(b"", mtime=0), refused(EmptyFile, "no bytes once it is decompressed")),
    Case("gzip with a file name of 100,000 characters", _named(100_000), Rows([GOOD])),
    Case("gzip with a file name of 3,000,000 characters", _named(3_000_000), refused(CorruptGzip, "compressed bytes hold no text")),
    Case("gzip of 3,000,000 NULs", gzip.compress(bytes(3_000_000), mtime=0), refused(NotCsv, "a NUL byte in the header at byte 0")),
    Case("3,000,000 NULs", bytes(3_000_000), refused(NotCsv, "a NUL byte in the header at byte 0")),
    Case("gzip in gzip", gzip.compress(_GZIP, mtime=0), refused(NotCsv, "gzip-compressed data, compressed,")),
    Case("a gzip bomb: 1,000 bytes of text for one", _bomb(), refused(DecodedTooLarge, "more than 200 times as many")),
    Case("a ZIP called .csv", _zipped("day.csv", _PLAIN), refused(NotCsv, "a ZIP archive")),
    Case("a ZIP bomb", _zipped("day.csv", bytes(10_000_000)), refused(NotCsv, "a ZIP archive")),
    Case("an empty ZIP", b"PK\x05\x06" + bytes(18), refused(NotCsv, "an empty ZIP archive")),
    Case("a workbook called .csv", _zipped("[Content_Types].xml", b"<xml/>"), refused(NotCsv, "an Excel workbook (XLSX)")),
    Case("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), refused(NotCsv, "an old Microsoft Office document")),
    Case("a PDF called .csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", refused(NotCsv, "a PDF document")),
    Case("a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), refused(NotCsv, "a PNG picture")),
    Case("bzip2", bz2.compress(_PLAIN), refused(NotCsv, "bzip2-compressed data")),
    Case("xz", lzma.compress(_PLAIN), refused(NotCsv, "xz-compressed data")),
    Case("Parquet", b"PAR1" + bytes(100) + b"PAR1", refused(NotCsv, "a Parquet file")),
    Case("a web page", b"<!DOCTYPE html>\n<html><body>503</body></html>\n", refused(HeaderMismatch, "is the header missing?")),
    Case("JSON lines", b'{"id": 1, "day": "2026-11-20"}\n' * 3, refused(NotCsv, "a misplaced quote in the header")),
    Case("noise", _noise(), refused(NotCsv, "in the header at byte")),
)
