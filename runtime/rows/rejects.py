"""Rejected rows as JSON lines: where the row was, what it said, and everything that was wrong with it.

A chunk of junk could make a log many times its own size, so the log is bounded: past
:data:`DETAILED_BYTES` a row is told by place, column and code, without its text and messages, and a chunk whose log would
pass :data:`MAX_BYTES` is no data at all.
"""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from runtime.contracts.fields import WHOLE_ROW
from runtime.errors import NotCsv

Errors = list[dict[str, Any]]

DETAILED_BYTES = 256 * 1024 * 1024
MAX_BYTES = 1024 * 1024 * 1024


@dataclass
class RejectLog:
    """Collects rejected rows in order of the file. ``reasons`` counts ``column:code``, ``*`` for the whole row."""

    encoding: str
    reasons: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    _lines: io.BytesIO = field(default_factory=io.BytesIO)

    def add(self, row: int, offset: int, record: bytes, errors: Errors) -> None:
        """One rejected row: its ordinal in the chunk, its first byte in the file, its bytes with their terminator.

        Raises NotCsv when there are too many to tell.
        """
        self.rows += 1
        self.reasons.update(f"{error['column'] or WHOLE_ROW}:{error['code']}" for error in errors)
        written = self._lines.tell()
        if written > MAX_BYTES:
            raise NotCsv(f"{self.rows:,} rows of one chunk fit nothing, up to the row", offset)
        line: dict[str, Any] = {"row": row, "offset": offset, "length": len(record)}
        if written <= DETAILED_BYTES:
            line.update(self._raw(record), errors=errors)
        else:
            line.update(raw="", errors=[{**error, "message": ""} for error in errors])
        self._lines.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def to_bytes(self) -> bytes:
        return self._lines.getvalue()

    def _raw(self, record: bytes) -> dict[str, str]:
        body = record[:-2] if record.endswith(b"\r\n") else record[:-1] if record.endswith(b"\n") else record
        try:
            return {"raw": body.decode(self.encoding)}
        except UnicodeDecodeError:
            return {"raw_base64": base64.b64encode(body).decode()}


def error(code: str, column: str | None, message: str) -> dict[str, Any]:
    """``column`` is None when the row as a whole is at fault."""
    return {"code": code, "column": column, "message": message}
