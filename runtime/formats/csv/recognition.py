"""Which contract delimited text follows and how its bytes are written, recognized by its first bytes."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import Mapping, Sequence

from runtime.contracts.model import Contract
from runtime.core.errors import (
    CompressionMismatch,
    DelimiterMismatch,
    EncodingMismatch,
    FileRejected,
    HeaderMismatch,
    NotCsv,
    RecordTooLong,
    UnterminatedQuote,
)
from runtime.formats.csv.dialect import dialect_of
from runtime.formats.csv.fields import split_fields, without_terminator
from runtime.formats.csv.file_start import Head, Start, read_head, read_start
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.csv.quotes import first_record
from runtime.formats.source import ByteSource

HEAD_BYTES = 64 * 1024
#: A header longer than this is no header.
MAX_HEADER_BYTES = 1024 * 1024

_COMMON_DELIMITERS = (",", ";", "\t", "|")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_NAMED_CONTROLS = {b"\0": "a NUL byte", b"\r": "a lone carriage return"}


def recognize(source: ByteSource, contract: Contract) -> CsvLayout:
    """The layout of a file of *contract*.

    Raises the FileRejected that names what is wrong: EmptyFile, NotCsv, EncodingMismatch, CompressionMismatch,
    CorruptGzip, DelimiterMismatch, HeaderMismatch, RecordTooLong or UnterminatedQuote.
    """
    return _layout(contract, _start(source, contract))


def fitting(source: ByteSource, contracts: Mapping[str, Contract]) -> dict[str, CsvLayout]:
    """Which of *contracts* have the file's header, and its layout under each; FileRejected where no contract could read it."""
    start = _start(source, None)
    layouts = {name: layout for name, contract in contracts.items() for layout in [_layout_if_fitting(contract, start)] if layout}
    if not layouts:
        # What no contract could read may have a plainer reason than that none fits.
        read_head(start, None)
    return layouts


def _start(source: ByteSource, contract: Contract | None) -> Start:
    start = read_start(source, HEAD_BYTES)
    return start if start.whole or (start.data and _has_record(start, contract)) else read_start(source, MAX_HEADER_BYTES)


def _has_record(start: Start, contract: Contract | None) -> bool:
    if contract is None:
        return b"\n" in start.data
    return _first_record(contract, read_head(start, contract).text, final=False)[0] is not None


def _layout(contract: Contract, start: Start) -> CsvLayout:
    if contract.compression and not start.compression:
        raise CompressionMismatch(contract.compression)
    head = read_head(start, contract)
    record = _header_record(contract, head)
    control = _CONTROL.search(without_terminator(record))
    if control:
        name = _NAMED_CONTROLS.get(control[0], f"control character 0x{control[0][0]:02X}")
        raise NotCsv(f"{name} in the header", head.mark_bytes + control.start())
    _check_encoding(contract, head, record)
    names = _names(record, contract, dialect_of(contract).delimiter, head.encoding)
    if names is None or not _fits(names, contract):
        raise _header_error(record, names, contract, head)
    header_end = head.mark_bytes + len(record)
    return CsvLayout(head.encoding, dialect_of(contract).delimiter, dialect_of(contract).quote, header_end, tuple(names), head.decoding)


def _layout_if_fitting(contract: Contract, start: Start) -> CsvLayout | None:
    try:
        return _layout(contract, start)
    except FileRejected:
        return None


def _header_record(contract: Contract, head: Head) -> bytes:
    end, open_quote = _first_record(contract, head.text, final=head.whole)
    if end is not None:
        return head.text[:end]
    if head.whole and open_quote is not None:
        raise UnterminatedQuote(head.mark_bytes + open_quote)
    if b"\0" in head.text:
        raise NotCsv("a NUL byte in the header", head.mark_bytes + head.text.index(b"\0"))
    raise RecordTooLong(head.mark_bytes, len(head.text))


def _first_record(contract: Contract, text: bytes, *, final: bool) -> tuple[int | None, int | None]:
    return first_record(text, dialect_of(contract).delimiter.encode(), dialect_of(contract).quote.encode(), final=final)


def _check_encoding(contract: Contract, head: Head, record: bytes) -> None:
    try:
        record.decode(head.encoding)
    except UnicodeDecodeError as error:
        raise EncodingMismatch(contract.encoding, f"byte 0x{record[error.start]:02X}", head.mark_bytes + error.start) from error
    # Latin encodings decode anything, but text of theirs that is also valid UTF-8 does not happen.
    if head.encoding not in ("utf-8", "ascii") and not head.text.isascii():
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head.text, final=head.whole)
        except UnicodeDecodeError:
            return
        first = next(offset for offset, byte in enumerate(head.text) if byte > 0x7F)
        raise EncodingMismatch(contract.encoding, "UTF-8 text", head.mark_bytes + first)


def _names(record: bytes, contract: Contract, delimiter: str, encoding: str) -> list[str] | None:
    fields = split_fields(record, CsvLayout(encoding, delimiter, dialect_of(contract).quote, 0, ()))
    return None if fields is None else [field.decode(encoding) for field in fields]


def _fits(names: Sequence[str], contract: Contract) -> bool:
    if dialect_of(contract).fields_match == "equal":
        return sorted(names) == sorted(contract.names)
    return tuple(names) == contract.names


def _header_error(record: bytes, names: Sequence[str] | None, contract: Contract, head: Head) -> FileRejected:
    """Why the header does not fit; another delimiter explains more than the names do."""
    expected = set(contract.names)
    for delimiter in _COMMON_DELIMITERS:
        if delimiter in (dialect_of(contract).delimiter, dialect_of(contract).quote):
            continue
        shared = expected.intersection(_names(record, contract, delimiter, head.encoding) or ())
        if 2 * len(shared) > len(expected):
            return DelimiterMismatch(dialect_of(contract).delimiter, delimiter)
    if names is None:
        return NotCsv("a misplaced quote in the header", head.mark_bytes + record.index(dialect_of(contract).quote.encode()))
    return HeaderMismatch(
        missing=[name for name in contract.names if name not in names],
        unexpected=[name for name in dict.fromkeys(names) if name not in expected],
        duplicated=[name for name, times in Counter(names).items() if times > 1],
        expected=contract.names,
    )
