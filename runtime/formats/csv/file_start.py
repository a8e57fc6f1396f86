"""The beginning of a file as text: decompressed, in a known encoding, without its byte-order mark."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from runtime.contracts.model import Contract
from runtime.core.errors import EmptyFile, EncodingMismatch, FileRejected, NotCsv
from runtime.formats.decoding import GZIP, GZIP_MARK, MAX_IDLE_BYTES, Decoding, Limits, decode, no_text
from runtime.formats.signatures import byte_order_mark, known_format, wide_text
from runtime.formats.source import ByteSource

#: What a beginning may decode to; nothing near it is kept.
_LIMITS = Limits(1 << 30, 1100)
_WIDE = ("utf-16-le", "utf-16-be")


@dataclass(frozen=True)
class Start:
    """The first bytes of a file once it is decompressed; ``whole`` when they are all of it."""

    data: bytes
    compression: str | None
    whole: bool


@dataclass(frozen=True)
class Head:
    """The first text of a file, in *encoding*; ``mark_bytes`` of a UTF-8 byte-order mark stood before it."""

    text: bytes
    encoding: str
    mark_bytes: int
    whole: bool
    decoding: Decoding | None


def read_start(source: ByteSource, wanted: int) -> Start:
    """Up to *wanted* bytes, from as many bytes of the file."""
    if not source.size:
        raise EmptyFile
    data = source.read(0, min(wanted, source.size))
    whole = len(data) == source.size
    if not data.startswith(GZIP_MARK):
        return Start(_no_known_format(data), None, whole)
    text = bytearray()
    for part in decode([data], Decoding(GZIP, None), _LIMITS, complete=whole):
        text += part
        if len(text) > wanted:
            whole = False
            break
    if not text and len(data) >= MAX_IDLE_BYTES:
        raise no_text(0)
    return Start(_no_known_format(bytes(text[:wanted]), ", compressed,"), GZIP, whole)


def _no_known_format(data: bytes, how: str = "") -> bytes:
    name = known_format(data)
    if name:
        raise NotCsv(name + how)
    return data


def read_head(start: Start, contract: Contract | None) -> Head:
    """The text of *start*, if it is what *contract* (any contract, where there is none yet) allows."""
    wide = _wide_encoding(start.data, contract)
    decoding = Decoding(start.compression, wide) if start.compression or wide else None
    mark_bytes = len(codecs.BOM_UTF8) if start.data.startswith(codecs.BOM_UTF8) else 0
    text = start.data[mark_bytes:]
    if wide:
        text = b"".join(decode([start.data], Decoding(None, wide), _LIMITS, complete=start.whole))
    if start.whole and not text.strip(b"\r\n"):
        raise EmptyFile(_nothing_but(text, start))
    if b"\n" not in text and b"\r" in text:
        raise NotCsv("lines that end in a carriage return alone, not in a line feed", mark_bytes + text.index(b"\r"))
    encoding = "utf-8" if wide or not contract else contract.encoding
    return Head(text, encoding, mark_bytes, start.whole, decoding)


def _nothing_but(text: bytes, start: Start) -> str:
    if text:
        return "the file has nothing but line ends"
    return "the file has nothing but a byte-order mark" if start.data else "the file has no bytes once it is decompressed"


def _wide_encoding(data: bytes, contract: Contract | None) -> str | None:
    """The UTF-16 codec that *data* is to be decoded with, or None where bytes are text as they are.

    A byte-order mark decides, unless *contract* states something else; without a mark the contract decides.
    Raises EncodingMismatch, or NotCsv where there is no contract to speak of.
    """
    stated = contract.encoding if contract and contract.states_encoding else None

    def mismatch(kind: str) -> FileRejected:
        return EncodingMismatch(contract.encoding, kind, 0) if contract else NotCsv(kind)

    mark = byte_order_mark(data)
    if mark:
        if mark != stated and not (mark in _WIDE and stated in (None, "utf-16")) and not (mark == "utf-8" and stated is None):
            raise mismatch(f"a byte-order mark of {mark.upper()}")
        return mark if mark in _WIDE else None
    pattern = wide_text(data)
    if stated == "utf-16":
        raise mismatch("text without a byte-order mark")
    if stated not in _WIDE:
        if pattern:
            raise mismatch(f"{pattern.upper()} text without a byte-order mark")
        return None
    # Every line end of UTF-16 has a NUL.
    if pattern not in (None, stated) or b"\0" not in data:
        raise mismatch(f"{pattern.upper()} text" if pattern else "text of single bytes")
    return stated
