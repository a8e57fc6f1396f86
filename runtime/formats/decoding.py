"""Originals that are no text at any offset, compressed or in UTF-16, as a stream of UTF-8.

Everything here holds a few pieces in memory, whatever is sent: a gzip file of a few kilobytes may
hold gigabytes, and :class:`Limits` says how much of them is asked for.
"""

from __future__ import annotations

import codecs
import zlib
from dataclasses import dataclass
from typing import Iterable, Iterator

from runtime.core.errors import CorruptGzip, DecodedTooLarge, NotCsv

GZIP = "gz"
GZIP_MARK = b"\x1f\x8b"

#: Compressed bytes inflated at once: small, because zlib hands back what it did not use as a copy.
_FEED_BYTES = 64 * 1024
#: Text taken from the inflater at once.
_INFLATED_BYTES = 4 * 1024 * 1024
#: Compressed bytes in a row without any text: no compressor writes that, and somebody may send gigabytes of it.
MAX_IDLE_BYTES = 1024 * 1024
#: The ratio is not asked before there is this much text: no small file can do harm.
_RATIO_FROM_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Decoding:
    """What makes text of an original that has none at any offset: ``gz`` is undone first, then UTF-16 becomes UTF-8.

    One of the two may be None.
    """

    compression: str | None
    encoding: str | None


@dataclass(frozen=True)
class Limits:
    """What one file may decode to: ``text_bytes``, and ``ratio`` times what was read of it."""

    text_bytes: int
    ratio: int


def decode(parts: Iterable[bytes], decoding: Decoding, limits: Limits, *, complete: bool = True) -> Iterator[bytes]:
    """Decode consecutive *parts* of an original; *complete* says that they are all of it.

    A surrogate without its other half stays, as three bytes that are not UTF-8: its row is then a bad
    row like any other, and no reason to refuse the file.

    Raises CorruptGzip, DecodedTooLarge, or NotCsv where half a character of UTF-16 is left at the end.
    """
    if decoding.compression:
        parts = _inflated(parts, limits, complete=complete)
    if decoding.encoding:
        parts = _transcoded(parts, decoding.encoding, limits, complete=complete)
    return iter(parts)


def no_text(offset: int) -> CorruptGzip:
    """Of a compressed file that has none for MAX_IDLE_BYTES from byte *offset* on."""
    return CorruptGzip(f"{MAX_IDLE_BYTES:,} compressed bytes hold no text", offset)


def in_pieces(parts: Iterable[bytes], piece_bytes: int) -> Iterator[bytes]:
    """The same bytes in pieces of *piece_bytes*; only the last may be shorter."""
    waiting: list[bytes] = []
    waiting_bytes = 0
    for part in parts:
        waiting.append(part)
        waiting_bytes += len(part)
        if waiting_bytes >= piece_bytes:
            joined = b"".join(waiting)
            whole = waiting_bytes - waiting_bytes % piece_bytes
            for start in range(0, whole, piece_bytes):
                yield joined[start : start + piece_bytes]
            waiting, waiting_bytes = [joined[whole:]], waiting_bytes - whole
    if waiting_bytes:
        yield b"".join(waiting)


class _Inflater:
    """One gzip file: members one after another, each with the checksum that zlib compares, then perhaps zeros."""

    def __init__(self) -> None:
        self._member: zlib._Decompress | None = None
        self._read_bytes = self._text_bytes = self._last_text_at = 0

    @property
    def ended(self) -> bool:
        """True between members, where the file may end."""
        return self._member is None and self._read_bytes > 0

    @property
    def read_bytes(self) -> int:
        return self._read_bytes

    def inflate(self, data: bytes, limits: Limits) -> Iterator[bytes]:
        end = self._read_bytes + len(data)
        while data:
            self._read_bytes = end - len(data)
            if self._member is None:
                data = self._next_member(data)
                continue
            text, data = self._inflate(self._member, data)
            self._read_bytes = end - len(data)
            if text:
                self._text_bytes += len(text)
                self._last_text_at = self._read_bytes
                self._hold_to(limits)
                yield text
            elif self._read_bytes - self._last_text_at > MAX_IDLE_BYTES:
                raise no_text(self._last_text_at)
        self._read_bytes = end

    def _next_member(self, data: bytes) -> bytes:
        """Begin a member, or skip the zeros that tapes and some tools leave after the last one."""
        rest = data.lstrip(b"\0") if self._read_bytes else data
        if rest:
            if rest[0] != GZIP_MARK[0]:
                raise CorruptGzip("something else follows the compressed data", self._read_bytes + len(data) - len(rest))
            self._member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        return rest

    def _inflate(self, member: zlib._Decompress, data: bytes) -> tuple[bytes, bytes]:
        """Some text, and what is left of *data*."""
        try:
            text = member.decompress(data, _INFLATED_BYTES)
        except zlib.error as error:
            raise CorruptGzip(_explained(error), self._read_bytes) from error
        if member.eof:
            self._member = None
            return text, member.unused_data
        return text, member.unconsumed_tail

    def _hold_to(self, limits: Limits) -> None:
        _hold_to(limits, self._read_bytes, self._text_bytes)
        if self._text_bytes > max(limits.ratio * self._read_bytes, _RATIO_FROM_BYTES):
            raise DecodedTooLarge(self._read_bytes, self._text_bytes, f"{limits.ratio} times as many")


def _inflated(parts: Iterable[bytes], limits: Limits, *, complete: bool) -> Iterator[bytes]:
    inflater = _Inflater()
    for part in parts:
        for start in range(0, len(part), _FEED_BYTES):
            yield from inflater.inflate(part[start : start + _FEED_BYTES], limits)
    if complete and not inflater.ended:
        raise CorruptGzip("it ends before its compressed data does", inflater.read_bytes)


_CHECKS = {"incorrect data check": "its checksum does not agree", "incorrect length check": "its length does not agree"}


def _explained(error: zlib.error) -> str:
    """What zlib found, without its number: ``Error -3 while decompressing data: incorrect data check``."""
    found = str(error).rpartition(": ")[2]
    return _CHECKS.get(found, found)


def _transcoded(parts: Iterable[bytes], encoding: str, limits: Limits, *, complete: bool) -> Iterator[bytes]:
    """UTF-16 of one byte order as UTF-8, without its byte-order mark."""
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    read_bytes = text_bytes = 0
    begun = False
    for part in parts:
        text = decoder.decode(part)
        read_bytes += len(part)
        if text and not begun:
            begun, text = True, text.removeprefix("\ufeff")
        if text:
            encoded = text.encode("utf-8", "surrogatepass")
            text_bytes += len(encoded)
            _hold_to(limits, read_bytes, text_bytes)
            yield encoded
    if not complete:
        return
    if read_bytes % 2:
        raise NotCsv("half a character of UTF-16, the last byte,", read_bytes - 1)
    rest = decoder.decode(b"", final=True)
    if rest:
        yield rest.encode("utf-8", "surrogatepass")


def _hold_to(limits: Limits, read_bytes: int, text_bytes: int) -> None:
    if text_bytes > limits.text_bytes:
        raise DecodedTooLarge(read_bytes, text_bytes, f"the {limits.text_bytes:,} that one file may have")
