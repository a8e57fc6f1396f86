"""Which contract a file follows and how its bytes are written, told by its head."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from typing import Mapping, Sequence

from runtime.contracts.model import Contract
from runtime.errors import (
    DelimiterMismatch,
    EmptyFile,
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
from runtime.records.sampling import check_samples
from runtime.records.scanner import scan
from runtime.records.signatures import known_format, wide_text
from runtime.records.source import ByteSource

__all__ = ["check_samples", "recognize"]

HEAD_BYTES = 64 * 1024
#: A header longer than this is no header.
MAX_HEADER_BYTES = 1024 * 1024

_COMMON_DELIMITERS = (",", ";", "\t", "|")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
_NAMED_CONTROLS = {b"\0": "a NUL byte", b"\r": "a lone carriage return"}


@dataclass(frozen=True)
class _Head:
    """The first bytes of a file, without its UTF-8 byte-order mark; ``whole`` when they are all of it."""

    text: bytes
    mark_bytes: int
    whole: bool


def recognize(source: ByteSource, key: str, dataset: str | None, contracts: Mapping[str, Contract]) -> tuple[Contract, Layout]:
    """Find the contract (by *dataset*, else by the one whose header fits) and the layout of a file.

    Raises the FileRejected that names what is wrong: UnknownDataset, EmptyFile, NotCsv,
    EncodingMismatch, DelimiterMismatch, HeaderMismatch, RecordTooLong or UnterminatedQuote.
    """
    public = sorted(name for name, contract in contracts.items() if not contract.reserved)
    contract = contracts.get(dataset) if dataset is not None else None
    if dataset is not None and contract is None:
        raise UnknownDataset(key, dataset, public)
    head = _read_head(source, contract)
    if contract is not None:
        return contract, _layout(contract, head)
    fitting = {name: layout for name in public for layout in [_layout_if_fitting(contracts[name], head)] if layout}
    if len(fitting) != 1:
        raise UnknownDataset(key, None, public, list(fitting))
    name, layout = fitting.popitem()
    return contracts[name], layout


def _read_head(source: ByteSource, contract: Contract | None) -> _Head:
    if not source.size:
        raise EmptyFile
    data = source.read(0, min(HEAD_BYTES, source.size))
    found = known_format(data)
    if found:
        raise NotCsv(found)
    wide = wide_text(data)
    if wide:
        raise EncodingMismatch(contract.encoding, wide, 0) if contract else NotCsv(wide)
    if len(data) < source.size and not _has_record(data, contract):
        data = source.read(0, min(MAX_HEADER_BYTES, source.size))
    mark_bytes = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    head = _Head(data[mark_bytes:], mark_bytes, len(data) == source.size)
    if head.whole and not head.text.strip(b"\r\n"):
        raise EmptyFile("the file has nothing but line ends" if head.text else "the file has nothing but a byte-order mark")
    if b"\n" not in head.text and b"\r" in head.text:
        raise NotCsv("lines that end in a carriage return alone, not in a line feed", mark_bytes + head.text.index(b"\r"))
    return head


def _has_record(data: bytes, contract: Contract | None) -> bool:
    if contract is None:
        return b"\n" in data
    return bool(len(scan(data.removeprefix(codecs.BOM_UTF8), ord(contract.delimiter), ord(contract.quote), final=False).ends))


def _layout(contract: Contract, head: _Head) -> Layout:
    if head.mark_bytes and not _is_utf8(contract):
        raise EncodingMismatch(contract.encoding, "a UTF-8 byte-order mark", 0)
    record = _header_record(contract, head)
    control = _CONTROL.search(without_terminator(record))
    if control:
        name = _NAMED_CONTROLS.get(control[0], f"control character 0x{control[0][0]:02X}")
        raise NotCsv(f"{name} in the header", head.mark_bytes + control.start())
    _check_encoding(contract, head, record)
    names = _names(record, contract, contract.delimiter)
    if names is None or not _fits(names, contract):
        raise _header_error(record, names, contract, head)
    return Layout(contract.encoding, contract.delimiter, contract.quote, head.mark_bytes + len(record), tuple(names))


def _layout_if_fitting(contract: Contract, head: _Head) -> Layout | None:
    try:
        return _layout(contract, head)
    except FileRejected:
        return None


def _header_record(contract: Contract, head: _Head) -> bytes:
    found = scan(head.text, ord(contract.delimiter), ord(contract.quote), final=head.whole)
    if len(found.ends):
        return head.text[: int(found.ends[0])]
    if head.whole and found.open_quote is not None:
        raise UnterminatedQuote(head.mark_bytes + found.open_quote)
    raise RecordTooLong(head.mark_bytes, len(head.text))


def _check_encoding(contract: Contract, head: _Head, record: bytes) -> None:
    try:
        record.decode(contract.encoding)
    except UnicodeDecodeError as error:
        raise EncodingMismatch(contract.encoding, f"byte 0x{record[error.start]:02X}", head.mark_bytes + error.start) from error
    # Latin encodings decode anything, but text of theirs that is also valid UTF-8 does not happen.
    if codecs.lookup(contract.encoding).name not in ("utf-8", "ascii") and not head.text.isascii():
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head.text, final=head.whole)
        except UnicodeDecodeError:
            return
        first = next(offset for offset, byte in enumerate(head.text) if byte > 0x7F)
        raise EncodingMismatch(contract.encoding, "UTF-8 text", head.mark_bytes + first)


def _is_utf8(contract: Contract) -> bool:
    return codecs.lookup(contract.encoding).name == "utf-8"


def _names(record: bytes, contract: Contract, delimiter: str) -> list[str] | None:
    fields = split_fields(record, Layout(contract.encoding, delimiter, contract.quote, 0, ()))
    return None if fields is None else [field.decode(contract.encoding) for field in fields]


def _fits(names: Sequence[str], contract: Contract) -> bool:
    if contract.fields_match == "equal":
        return sorted(names) == sorted(contract.names)
    return tuple(names) == contract.names


def _header_error(record: bytes, names: Sequence[str] | None, contract: Contract, head: _Head) -> FileRejected:
    """Why the header does not fit; another delimiter explains more than the names do."""
    expected = set(contract.names)
    for delimiter in _COMMON_DELIMITERS:
        if delimiter in (contract.delimiter, contract.quote):
            continue
        found = expected.intersection(_names(record, contract, delimiter) or ())
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
