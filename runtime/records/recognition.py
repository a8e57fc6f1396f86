"""Which contract a file follows and how its bytes are written, told by its head."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import Mapping, Sequence

from runtime.contracts.model import Contract
from runtime.errors import (
    CompressionMismatch,
    DelimiterMismatch,
    EncodingMismatch,
    FileRejected,
    HeaderMismatch,
    NotCsv,
    RecordTooLong,
    UnknownDataset,
    UnterminatedQuote,
)
from runtime.models import Layout
from runtime.records.fields import split_fields, without_terminator
from runtime.records.heads import Head, Start, read_head, read_start
from runtime.records.sampling import check_samples
from runtime.records.scanner import scan
from runtime.records.source import ByteSource

__all__ = ["check_samples", "recognize"]

HEAD_BYTES = 64 * 1024
#: A header longer than this is no header.
MAX_HEADER_BYTES = 1024 * 1024

_COMMON_DELIMITERS = (",", ";", "\t", "|")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_NAMED_CONTROLS = {b"\0": "a NUL byte", b"\r": "a lone carriage return"}


def recognize(source: ByteSource, key: str, dataset: str | None, contracts: Mapping[str, Contract]) -> tuple[Contract, Layout]:
    """Find the contract (by *dataset*, else by the one whose header fits) and the layout of a file.

    Raises the FileRejected that names what is wrong: UnknownDataset, EmptyFile, NotCsv, EncodingMismatch,
    CompressionMismatch, CorruptGzip, DelimiterMismatch, HeaderMismatch, RecordTooLong or UnterminatedQuote.
    """
    public = sorted(name for name, contract in contracts.items() if not contract.reserved)
    contract = contracts.get(dataset) if dataset is not None else None
    if dataset is not None and contract is None:
        raise UnknownDataset(key, dataset, public)
    start = read_start(source, HEAD_BYTES)
    if not start.whole and not _has_record(start, contract):
        start = read_start(source, MAX_HEADER_BYTES)
    if contract is not None:
        return contract, _layout(contract, start)
    fitting = {name: layout for name in public for layout in [_layout_if_fitting(contracts[name], start)] if layout}
    if not fitting:
        # What no contract could read may have a plainer reason than that none fits.
        read_head(start, None)
    if len(fitting) != 1:
        raise UnknownDataset(key, None, public, list(fitting))
    name, layout = fitting.popitem()
    return contracts[name], layout


def _has_record(start: Start, contract: Contract | None) -> bool:
    if contract is None:
        return b"\n" in start.data
    text = read_head(start, contract).text
    return bool(len(scan(text, ord(contract.delimiter), ord(contract.quote), final=False).ends))


def _layout(contract: Contract, start: Start) -> Layout:
    if contract.compression and not start.compression:
        raise CompressionMismatch(contract.compression)
    head = read_head(start, contract)
    record = _header_record(contract, head)
    control = _CONTROL.search(without_terminator(record))
    if control:
        name = _NAMED_CONTROLS.get(control[0], f"control character 0x{control[0][0]:02X}")
        raise NotCsv(f"{name} in the header", head.mark_bytes + control.start())
    _check_encoding(contract, head, record)
    names = _names(record, contract, contract.delimiter, head.encoding)
    if names is None or not _fits(names, contract):
        raise _header_error(record, names, contract, head)
    header_end = head.mark_bytes + len(record)
    return Layout(head.encoding, contract.delimiter, contract.quote, header_end, tuple(names), head.decoding)


def _layout_if_fitting(contract: Contract, start: Start) -> Layout | None:
    try:
        return _layout(contract, start)
    except FileRejected:
        return None


def _header_record(contract: Contract, head: Head) -> bytes:
    found = scan(head.text, ord(contract.delimiter), ord(contract.quote), final=head.whole)
    if len(found.ends):
        return head.text[: int(found.ends[0])]
    if head.whole and found.open_quote is not None:
        raise UnterminatedQuote(head.mark_bytes + found.open_quote)
    raise RecordTooLong(head.mark_bytes, len(head.text))


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
    fields = split_fields(record, Layout(encoding, delimiter, contract.quote, 0, ()))
    return None if fields is None else [field.decode(encoding) for field in fields]


def _fits(names: Sequence[str], contract: Contract) -> bool:
    if contract.fields_match == "equal":
        return sorted(names) == sorted(contract.names)
    return tuple(names) == contract.names


def _header_error(record: bytes, names: Sequence[str] | None, contract: Contract, head: Head) -> FileRejected:
    """Why the header does not fit; another delimiter explains more than the names do."""
    expected = set(contract.names)
    for delimiter in _COMMON_DELIMITERS:
        if delimiter in (contract.delimiter, contract.quote):
            continue
        found = expected.intersection(_names(record, contract, delimiter, head.encoding) or ())
        if 2 * len(found) > len(expected):
            return DelimiterMismatch(contract.delimiter, delimiter)
    if names is None:
        return NotCsv("a misplaced quote in the header", head.mark_bytes + record.index(contract.quote.encode()))
    return HeaderMismatch(
        missing=[name for name in contract.names if name not in names],
        unexpected=[name for name in dict.fromkeys(names) if name not in expected],
        duplicated=[name for name, times in Counter(names).items() if times > 1],
        expected=contract.names,
    )
