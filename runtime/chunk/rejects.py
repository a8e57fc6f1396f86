"""Rejected rows as JSON lines: the row's position, its text and all reasons.

The log of a chunk of junk could be many times as large as the chunk, so its size is limited. After :data:`DETAILED_BYTES` a row
is written with its position, columns and codes, but without text and messages; above :data:`MAX_BYTES` the file is rejected.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Sequence

from runtime.core.errors import JunkRows
from runtime.formats.judged import Rejected, json_text

DETAILED_BYTES = 256 * 1024 * 1024
#: The log is held in memory until it is written.
MAX_BYTES = 400 * 1024 * 1024


@dataclass
class RejectLog:
    """Collects rejected rows in file order. ``reasons`` counts ``column:code``, ``*`` for the whole row.

    Rows are text in ``encoding``, or bytes if it is None; bytes are logged in hexadecimal.
    """

    encoding: str | None
    reasons: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    _lines: io.BytesIO = field(default_factory=io.BytesIO)

    def add(self, block: Sequence[Rejected], first_row: int, offset: int) -> None:
        """Add the rejected rows of a block that begins with the chunk's row *first_row* at the file's byte *offset*.

        Raises JunkRows if the log would exceed MAX_BYTES.
        """
        self.reasons.update([why.counted for rejected in block for why in rejected.reasons])
        written = self._lines.tell()
        for row, begin, record, reasons in block:
            self.rows += 1
            if written > MAX_BYTES:
                raise JunkRows(self.rows, offset + begin)
            if written <= DETAILED_BYTES:
                raw, errors = self._raw(record), ",".join([why.full for why in reasons])
            else:
                raw, errors = '"raw":""', ",".join([why.short for why in reasons])
            line = f'{{"row":{first_row + row},"offset":{offset + begin},"length":{len(record)},{raw},"errors":[{errors}]}}\n'
            written += self._lines.write(line.encode())

    def to_bytes(self) -> bytes:
        return self._lines.getvalue()

    def _raw(self, record: bytes) -> str:
        if self.encoding is None:
            return f'"raw_hex":"{record.hex().upper()}"'
        body = record[:-2] if record.endswith(b"\r\n") else record[:-1] if record.endswith(b"\n") else record
        try:
            return f'"raw":{json_text(body.decode(self.encoding))}'
        except UnicodeDecodeError:
            return f'"raw_base64":"{base64.b64encode(body).decode()}"'
