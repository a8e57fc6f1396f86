"""The proof of a chunk of CSV, without judging its rows."""

from __future__ import annotations

from collections import deque
from typing import Optional

from runtime.chunk.proofs import ChunkProof
from runtime.formats.csv.blocks import CsvBlockReader
from runtime.formats.csv.layout import CsvLayout


def prove(data: bytes, start: int, end: int, layout: Optional[CsvLayout] = None) -> ChunkProof:
    """The proof that the processor of this chunk would give."""
    delimiter, quote = (layout.delimiter, layout.quote) if layout else (",", '"')
    reader = CsvBlockReader([data[start:end]], delimiter, quote, last=end == len(data))
    deque(reader, maxlen=0)
    return ChunkProof(start, end, reader.left_over == 0, None if reader.broken_at is None else start + reader.broken_at)
