"""Processes one chunk of a file: every row is typed and accepted, or rejected with all reasons; counts prove that none is lost."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Iterable, Mapping

from runtime.chunk.key_digests import KeyDigester
from runtime.chunk.parquet import ParquetBuffer
from runtime.chunk.rejects import RejectLog
from runtime.chunk.threads import in_order
from runtime.contracts.model import Contract
from runtime.core.limits import BLOCK_BYTES, BLOCK_RECORDS
from runtime.formats.interface import ExtractWriter, Layout
from runtime.formats.judged import Judged
from runtime.formats.registry import compiled, extract_writer

#: Blocks judged at the same time. Judging and writing share the two processors of a function with 3 GB of memory.
THREADS = 2


@dataclass(frozen=True)
class Proof:
    """``aligned``: the chunk ended on a record boundary. ``broken_at``: the offset in the file after which no record ends."""

    aligned: bool
    broken_at: int | None


@dataclass(frozen=True)
class ChunkOutput:
    """The outputs of a chunk. If the proof is not aligned, they are meaningless.

    ``rows_read`` was counted on the raw bytes, ``rows_accepted`` by the Parquet writer,
    ``rows_rejected`` by the log of rejects. ``parquet`` is None without accepted rows; ``rejects``
    are JSON lines; ``key_digests`` is empty for contracts without a primary key; ``reasons``
    counts ``column:code``; ``extracts`` are the bytes of the contract's extracts, by name.
    """

    rows_read: int
    rows_accepted: int
    rows_rejected: int
    blank_lines: int
    bytes_read: int
    parquet: bytes | None
    rejects: bytes
    key_digests: bytes
    reasons: Mapping[str, int]
    extracts: Mapping[str, bytes]
    proof: Proof


def process_chunk(
    parts: Iterable[bytes],
    *,
    contract: Contract,
    layout: Layout,
    start: int,
    last: bool,
    key_seed: bytes,
    block_bytes: int = BLOCK_BYTES,
    block_records: int = BLOCK_RECORDS,
    threads: int = THREADS,
) -> ChunkOutput:
    """Process the bytes from file offset *start*, given as consecutive *parts* of any size.

    *last* is true for the file's last chunk, where the last record may lack its newline.
    *key_seed*, the same for all chunks of a file, is the key of the primary key's digests. *threads* judge
    blocks, whose results are taken in order, so the outputs do not depend on the number of threads.
    """
    rows = compiled(contract, layout).rows()
    reader = rows.blocks(parts, last=last, block_bytes=block_bytes, block_records=block_records)
    with contextlib.closing(ParquetBuffer(contract)) as parquet:
        digests = KeyDigester(contract, key_seed) if contract.primary_key else None
        run = _Run(parquet, RejectLog(rows.text_encoding), digests, extract_writer(contract))
        for offset, judged in in_order(lambda block: (block.offset, rows.judge(block)), reader, threads):
            run.take(judged, start + offset)
        broken_at = None if reader.broken_at is None else start + reader.broken_at
        return run.output(reader.bytes_read, Proof(reader.left_over == 0, broken_at))


class _Run:
    """Collects the counts and outputs of one chunk, block by block."""

    def __init__(self, parquet: ParquetBuffer, rejects: RejectLog, digests: KeyDigester | None, extracts: ExtractWriter | None) -> None:
        self._parquet, self._rejects, self._digests, self._extracts = parquet, rejects, digests, extracts
        self._rows_read = self._blank_lines = 0

    def take(self, judged: Judged, offset: int) -> None:
        if judged.accepted is not None:
            self._parquet.add(judged.accepted)
            if self._digests:
                self._digests.add(judged.accepted, self._rows_read + judged.ordinals)
            if self._extracts:
                self._extracts.add(judged.accepted)
        self._rejects.add(judged.rejected, self._rows_read, offset)
        self._rows_read += judged.rows
        self._blank_lines += judged.blank_lines

    def output(self, bytes_read: int, proof: Proof) -> ChunkOutput:
        self._parquet.flush()
        return ChunkOutput(
            rows_read=self._rows_read,
            rows_accepted=self._parquet.rows,
            rows_rejected=self._rejects.rows,
            blank_lines=self._blank_lines,
            bytes_read=bytes_read,
            key_digests=self._digests.to_bytes() if self._digests else b"",
            parquet=self._parquet.finish(),
            rejects=self._rejects.to_bytes(),
            reasons=dict(sorted(self._rejects.reasons.items())),
            extracts=self._extracts.finish() if self._extracts else {},
            proof=proof,
        )
