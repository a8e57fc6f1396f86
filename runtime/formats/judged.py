"""What becomes of one block of records, in any format."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring
from typing import NamedTuple, Sequence

import pyarrow as pa

from runtime.columns.string_column import Numbers
from runtime.core.reason_codes import WHOLE_ROW

#: What json.dumps does with a text; that call alone would cost more.
json_text = encode_basestring


class Reason(NamedTuple):
    """Why a row was rejected. ``counted`` is ``column:code``; the rest is JSON: the ``message``, and an object with it and one without."""

    counted: str
    message: str
    full: str
    short: str


class Rejected(NamedTuple):
    """A rejected row: its ordinal, its first byte, its bytes with their terminator, and its reasons in file order.

    Ordinal and offset count from the start of the block.
    """

    row: int
    offset: int
    record: bytes
    reasons: Sequence[Reason]


@dataclass(frozen=True)
class Judged:
    """``accepted`` are typed rows, or None; ``ordinals`` says which of the block's rows they are.

    ``rows`` and ``blank_lines`` were counted on the bytes; ``rejected`` is in order.
    """

    rows: int
    blank_lines: int
    accepted: pa.Table | None
    ordinals: Numbers
    rejected: Sequence[Rejected]


@lru_cache(maxsize=4096)
def reason(code: str, column: str | None, message: str) -> Reason:
    """A reason; ``column`` is None when the row as a whole is at fault."""
    counted, opening = _opening(code, column)
    quoted = json_text(message)
    return Reason(counted, quoted, f"{opening}{quoted}}}", f'{opening}""}}')


@lru_cache(maxsize=1024)
def _opening(code: str, column: str | None) -> tuple[str, str]:
    name = "null" if column is None else json_text(column)
    return f"{column or WHOLE_ROW}:{code}", f'{{"code":{json_text(code)},"column":{name},"message":'
