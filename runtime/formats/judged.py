"""What becomes of one block of records, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import pyarrow as pa

from runtime.chunk.rejects import Rejected
from runtime.columns.string_column import Numbers


@dataclass(frozen=True)
class Judged:
    """``accepted`` are typed rows, None where there is none, and ``ordinals`` tells which of the block's rows they are.

    ``rows`` and ``blank_lines`` were counted on the bytes; ``rejected`` is in order.
    """

    rows: int
    blank_lines: int
    accepted: pa.Table | None
    ordinals: Numbers
    rejected: Sequence[Rejected]
