"""Rejected rows as JSON lines: where the row was, what it said, and everything that was wrong with it."""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from runtime.contracts.fields import WHOLE_ROW

Errors = list[dict[str, Any]]


@dataclass
class RejectLog:
    """Collects rejected rows in order of the file. ``reasons`` counts ``column:code``, ``*`` for the whole row."""

    encoding: str
    reasons: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    _lines: list[bytes] = field(default_factory=list)

    def add(self, row: int, offset: int, record: bytes, errors: Errors) -> None:
        """One rejected row: its ordinal in the chunk, its first byte in the file, its bytes with their terminator."""
        self.rows += 1
        self.reasons.update(f"{error['column'] or WHOLE_ROW}:{error['code']}" for error in errors)
        line = {"row": row, "offset": offset, "length": len(record), **self._raw(record), "errors": errors}
        self._lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def to_bytes(self) -> bytes:
        return b"".join(self._lines)

    def _raw(self, record: bytes) -> dict[str, str]:
        body = record[:-2] if record.endswith(b"\r\n") else record[:-1] if record.endswith(b"\n") else record
        try:
            return {"raw": body.decode(self.encoding)}
        except UnicodeDecodeError:
            return {"raw_base64": base64.b64encode(body).decode()}


def error(code: str, column: str | None, message: str) -> dict[str, Any]:
    """``column`` is None when the row as a whole is at fault."""
    return {"code": code, "column": column, "message": message}
