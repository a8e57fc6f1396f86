"""Rejected rows as JSON lines: where the row was, what it said, and everything that was wrong with it.

A chunk of junk could make a log many times its own size, so the log is bounded: past
:data:`DETAILED_BYTES` a row is told by place, column and code, without its text and messages, and a chunk whose log would
pass :data:`MAX_BYTES` is no data at all.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from json.encoder import encode_basestring as _json  # what json.dumps does with a text; the call alone would cost more
from typing import NamedTuple, Sequence

from runtime.contracts.fields import WHOLE_ROW
from runtime.core.errors import JunkRows

DETAILED_BYTES = 256 * 1024 * 1024
#: The log is held in memory until it is written.
MAX_BYTES = 400 * 1024 * 1024


class Reason(NamedTuple):
    """Why a row was rejected: ``counted`` is ``column:code``; the rest is JSON: the ``message``, and objects with it and without."""

    counted: str
    message: str
    told: str
    brief: str


class Rejected(NamedTuple):
    """A rejected row: its ordinal, its first byte, its bytes with their terminator, and its reasons in file order.

    Ordinal and offset count from the start of the block.
    """

    row: int
    offset: int
    record: bytes
    reasons: Sequence[Reason]


@lru_cache(maxsize=4096)
def reason(code: str, column: str | None, message: str) -> Reason:
    """``column`` is None when the row as a whole is at fault."""
    counted, opening = _opening(code, column)
    told = _json(message)
    return Reason(counted, told, f"{opening}{told}}}", f'{opening}""}}')


@lru_cache(maxsize=1024)
def _opening(code: str, column: str | None) -> tuple[str, str]:
    named = "null" if column is None else _json(column)
    return f"{column or WHOLE_ROW}:{code}", f'{{"code":{_json(code)},"column":{named},"message":'


@dataclass
class RejectLog:
    """Collects rejected rows in order of the file. ``reasons`` counts ``column:code``, ``*`` for the whole row.

    Rows are text in ``encoding``; None says that they are bytes, of which all are kept.
    """

    encoding: str | None
    reasons: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    _lines: io.BytesIO = field(default_factory=io.BytesIO)

    def add(self, block: Sequence[Rejected], first_row: int, offset: int) -> None:
        """Take the rejected rows of a block that begins with the chunk's row *first_row* at the file's byte *offset*.

        Raises JunkRows when there are too many to tell.
        """
        self.reasons.update([why.counted for rejected in block for why in rejected.reasons])
        written = self._lines.tell()
        for row, begin, record, reasons in block:
            self.rows += 1
            if written > MAX_BYTES:
                raise JunkRows(self.rows, offset + begin)
            if written <= DETAILED_BYTES:
                raw, errors = self._raw(record), ",".join([why.told for why in reasons])
            else:
                raw, errors = '"raw":""', ",".join([why.brief for why in reasons])
            line = f'{{"row":{first_row + row},"offset":{offset + begin},"length":{len(record)},{raw},"errors":[{errors}]}}\n'
            written += self._lines.write(line.encode())

    def to_bytes(self) -> bytes:
        return self._lines.getvalue()

    def _raw(self, record: bytes) -> str:
        if self.encoding is None:
            return f'"raw_hex":"{record.hex().upper()}"'
        body = record[:-2] if record.endswith(b"\r\n") else record[:-1] if record.endswith(b"\n") else record
        try:
            return f'"raw":{_json(body.decode(self.encoding))}'
        except UnicodeDecodeError:
            return f'"raw_base64":"{base64.b64encode(body).decode()}"'
