"""Files that are no delimited text, known by their first bytes."""

from __future__ import annotations

import codecs

_FORMATS = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ\x00", "xz-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PAR1", "a Parquet file"),
    (b"Obj\x01", "an Avro file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
)
_WORKBOOK_MARKS = (b"[Content_Types].xml", b"xl/workbook")

#: With their codecs; UTF-32 first: its little-endian mark begins like UTF-16's.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Bytes in which wide text without a mark shows its pattern of NULs, and how many of them it takes.
_PATTERN_BYTES = 128
_PATTERN_MINIMUM = 8


def known_format(head: bytes) -> str | None:
    """What *head* is the beginning of, in words, if it is one of the formats people send by mistake."""
    if head.startswith(b"PK\x03\x04") and any(mark in head for mark in _WORKBOOK_MARKS):
        return "an Excel workbook (XLSX)"
    return next((name for mark, name in _FORMATS if head.startswith(mark)), None)


def byte_order_mark(head: bytes) -> str | None:
    """The codec whose byte-order mark *head* begins with."""
    return next((codec for mark, codec in _BYTE_ORDER_MARKS if head.startswith(mark)), None)


def wide_text(head: bytes) -> str | None:
    """The codec of UTF-16 or UTF-32 text without a byte-order mark, recognized by the pattern of its NULs."""
    start = head[:_PATTERN_BYTES]
    for width in (4, 2):
        lanes = [start[lane::width] for lane in range(width)]
        text = [index for index, lane in enumerate(lanes) if b"\0" not in lane]
        empty = [lane for lane in lanes if lane.count(0) * 4 >= len(lane) * 3]
        if len(start) >= _PATTERN_MINIMUM and len(text) == 1 and len(empty) == width - 1:
            return f"utf-{width * 8}-{'be' if text[0] else 'le'}"
    return None
