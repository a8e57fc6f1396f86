"""Mainframe records, fixed or after record descriptor words."""

from __future__ import annotations

import gzip
from decimal import Decimal
from typing import Any

from runtime.contracts.model import Contract
from runtime.core.errors import (
    CompressionMismatch,
    EmptyFile,
    EncodingMismatch,
    NotRecords,
    RecordChainBroken,
    RecordLengthMismatch,
    SampleMismatch,
    TruncatedRecord,
)
from runtime.formats.registry import parse_contract
from tests.hostile.case import Case, Rows, refused
from tests.support.mainframe import described

TITLE = "Records of a mainframe"
PROMISE = (
    "A file whose length, descriptors, encoding or compression disagree with the contract is rejected. "
    "A record with a bad number or character is rejected alone."
)

_COPYBOOK = [
    "       01  PAYMENT.",
    "           05  ID       PIC 9(5).",
    "           05  AMOUNT   PIC S9(5)V99 COMP-3.",
    "           05  NOTE     PIC X(11).",
]


def _contract(record_format: str, **more: Any) -> Contract:
    document = {
        "dataset": "unloads",
        "version": 1,
        "format": "fixed-length",
        "encoding": "cp037",
        "record": {"format": record_format, "copybook": _COPYBOOK},
        "schema": {"fields": []},
        **more,
    }
    return parse_contract(document, "unloads")


_FIXED, _VARIABLE, _ASCII = _contract("FB"), _contract("V"), _contract("FB", encoding="ascii")


def _record(number: int = 1, amount: str = "0000150C", note: str = "x") -> bytes:
    return f"{number:05}".encode("cp037") + bytes.fromhex(amount) + f"{note:11}".encode("cp037")


GOOD = _record()
_VALUES = (1, Decimal("1.50"), "x")
_MANY = GOOD * 50


def fixed(sends: str, body: bytes, becomes: Any, contract: Contract = _FIXED) -> Case:
    return Case(sends, body, becomes, contract)


def variable(sends: str, body: bytes, becomes: Any) -> Case:
    return Case(sends, body, becomes, _VARIABLE)


def after_a_good_one(record: bytes) -> bytes:
    return GOOD + record


CASES = (
    fixed("records as agreed", GOOD * 2, Rows([_VALUES] * 2)),
    fixed("no bytes", b"", refused(EmptyFile, "send at least one record")),
    fixed(
        "a last record without its end", _MANY[:-1], refused(RecordLengthMismatch, "999 bytes are 49 records of 20 bytes and 19 bytes more")
    ),
    fixed("a byte too many", _MANY + b"\x40", refused(RecordLengthMismatch, "1,001 bytes are 50 records of 20 bytes and 1 byte more")),
    fixed("a line feed after each record", (GOOD + b"\n") * 50, refused(RecordLengthMismatch, "a line end (0A) follows each record")),
    fixed(
        "EBCDIC line ends, as many as a record has bytes",
        (GOOD + b"\x25") * 20,
        refused(RecordLengthMismatch, "a line end (25) follows each record"),
    ),
    fixed(
        "ASCII under a contract in EBCDIC",
        b"00001abcdexxxxxxxxxx" * 50,
        refused(EncodingMismatch, "there is ASCII text (100% of the text in the first 1,000 bytes)"),
    ),
    fixed("EBCDIC under a contract in ASCII", _record(amount="F1F2F3F4") * 50, refused(EncodingMismatch, "there is EBCDIC text"), _ASCII),
    fixed("a ZIP archive", b"PK\x03\x04" + bytes(200), refused(NotRecords, "a ZIP archive")),
    fixed("a PDF document", b"%PDF-1.7\n" + bytes(200), refused(NotRecords, "a PDF document")),
    fixed("gzip where none was agreed", gzip.compress(_MANY, mtime=0), refused(NotRecords, "gzip-compressed data")),
    fixed("plain records where gzip was agreed", _MANY, refused(CompressionMismatch, "not compressed"), _contract("FB", compression="gz")),
    fixed("gzip as agreed", gzip.compress(GOOD, mtime=0), Rows([_VALUES]), _contract("FB", compression="gz")),
    fixed(
        "gzip of nothing where gzip was agreed",
        gzip.compress(b"", mtime=0),
        refused(EmptyFile, "20 compressed bytes hold nothing; send at least one record"),
        _contract("FB", compression="gz"),
    ),
    fixed("no bytes where gzip was agreed", b"", refused(EmptyFile, "send at least one record"), _contract("FB", compression="gz")),
    fixed(
        "gzip of a record without its end",
        gzip.compress(_MANY[:-1], mtime=0),
        refused(RecordLengthMismatch, "49 records of 20 bytes and 19 bytes more"),
        _contract("FB", compression="gz"),
    ),
    fixed("a packed number of garbage", after_a_good_one(_record(amount="00A0150C")), Rows([_VALUES], [(20, "amount:invalid-packed")])),
    fixed("a packed number without a sign", after_a_good_one(_record(amount="00001501")), Rows([_VALUES], [(20, "amount:invalid-sign")])),
    fixed("a packed number of low-values", after_a_good_one(_record(amount="00000000")), Rows([_VALUES], [(20, "amount:low-values")])),
    fixed("a packed number of blanks", after_a_good_one(_record(amount="40404040")), Rows([_VALUES], [(20, "amount:spaces")])),
    fixed("a letter among digits", after_a_good_one(b"\xf0\xf0\xc1\xf0\xf1" + GOOD[5:]), Rows([_VALUES], [(20, "id:invalid-digit")])),
    fixed("a control character in a text", after_a_good_one(GOOD[:-1] + b"\x05"), Rows([_VALUES], [(20, "note:control-character")])),
    fixed("a record that begins with the mark of gzip", b"\x1f\x8b" + GOOD[2:] + GOOD, Rows([_VALUES], [(0, "id:invalid-digit")])),
    fixed("records of another layout", (bytes.fromhex("0000150C") + GOOD[:5] + GOOD[9:]) * 50, refused(SampleMismatch, "records sampled")),
    variable("records after their descriptors", described([GOOD, GOOD]), Rows([_VALUES] * 2)),
    variable("no bytes where records have descriptors", b"", refused(EmptyFile, "send at least one record")),
    variable("records without the descriptors that were agreed", _MANY, refused(RecordChainBroken, "At byte 0 stands F0 F0 F0 F0")),
    variable(
        "a descriptor of another length",
        described([GOOD] * 3) + described([GOOD + b"\x40"]) + described([GOOD] * 3),
        refused(RecordChainBroken, "At byte 72 stands 00 19 00 00"),
    ),
    variable(
        "a segment of a spanned record",
        described([GOOD]) + b"\x00\x18\x01\x00" + GOOD,
        refused(RecordChainBroken, "At byte 24 stands 00 18 01 00"),
    ),
    variable("zeros after the last record", described([GOOD]) + bytes(40), refused(RecordChainBroken, "At byte 24 stands 00 00 00 00")),
    variable(
        "a file with its block descriptors",
        b"\x00\x34\x00\x00" + described([GOOD, GOOD]),
        refused(RecordChainBroken, "At byte 0 stands 00 34 00 00", "this one is of a block"),
    ),
    variable("half a last record", described([GOOD] * 3)[:-9], refused(TruncatedRecord, "15 bytes of 24 from byte 48 on")),
    variable("half a last descriptor", described([GOOD] * 3) + b"\x00\x18", refused(TruncatedRecord, "2 bytes of 4 from byte 72 on")),
)
