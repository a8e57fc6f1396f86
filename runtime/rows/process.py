"""One chunk of a file: every row typed and accepted, or rejected with every reason, and the counts that prove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Mapping

import numpy as np

from runtime.contracts.model import Contract
from runtime.contracts.values import problem
from runtime.models import Layout
from runtime.rows.blocks import BLOCK_BYTES, Block, BlockReader
from runtime.rows.checking import Checked, check
from runtime.rows.key_digests import KeyDigester
from runtime.rows.parquet import ParquetBuffer
from runtime.rows.parsing import Parsed, parse
from runtime.rows.rejects import Errors, RejectLog, error
from runtime.rows.structure import FIELD_COUNT, structure


@dataclass(frozen=True)
class Proof:
    """Whether the chunk ended on a record boundary; ``open_quote`` is the file's byte with the quote that was never closed."""

    aligned: bool
    open_quote: int | None


@dataclass(frozen=True)
class ChunkOutput:
    """What a chunk became. When the proof is not aligned the rest means nothing.

    ``rows_read`` was counted on the raw bytes, ``rows_accepted`` by the Parquet writer,
    ``rows_rejected`` by the log of rejects. ``parquet`` is None without accepted rows; ``rejects``
    are JSON lines; ``key_digests`` is empty for contracts without a primary key; ``reasons``
    counts ``column:code``.
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
) -> ChunkOutput:
    """Process the bytes from file offset *start*, given as consecutive *parts* of any size.

    *last* says that the file ends with the chunk, where the last record may lack its newline.
    *key_seed*, the same for all chunks of a file, keys the digests of the primary key.
    """
    reader = BlockReader(parts, layout.delimiter, layout.quote, last, block_bytes)
    run = _Run(contract, layout, start, key_seed)
    for block in reader:
        run.take(block)
    open_quote = None if reader.open_quote is None else start + reader.open_quote
    return run.output(reader.bytes_read, Proof(reader.left_over == 0, open_quote))


class _Run:
    """The counts and outputs of one chunk as its blocks go by."""

    def __init__(self, contract: Contract, layout: Layout, start: int, key_seed: bytes) -> None:
        self._contract, self._layout, self._start = contract, layout, start
        self._parquet = ParquetBuffer(contract)
        self._rejects = RejectLog(layout.encoding)
        self._digests = KeyDigester(contract, key_seed) if contract.primary_key else None
        self._rows_read = self._blank_lines = 0

    def take(self, block: Block) -> None:
        found = structure(block, self._layout.encoding)
        ordinals = self._rows_read + np.cumsum(~found.blank) - 1
        self._blank_lines += int(found.blank.sum())
        self._rows_read += len(found.ends) - int(found.blank.sum())
        faults: dict[int, Errors] = {index: [error(code, None, message)] for index, (code, message) in found.faults.items()}
        parsed = parse(found.text, len(found.kept), self._layout)
        for position, count in parsed.field_counts.items():
            message = f"{count} fields, not {len(self._layout.columns)}"
            faults[int(found.kept[position])] = [error(FIELD_COUNT, None, message)]
        records = found.kept[parsed.whole]
        if len(records):
            checked = check(parsed.columns, self._contract)
            self._parquet.add(checked.accepted)
            if self._digests:
                self._digests.add(checked.accepted, ordinals[records[checked.good]])
            for row in np.flatnonzero(~checked.good).tolist():
                faults[int(records[row])] = self._explained(parsed, checked, row)
        for index in sorted(faults):
            begin, end = int(found.starts[index]), int(found.ends[index])
            self._rejects.add(int(ordinals[index]), self._start + block.offset + begin, block.data[begin:end], faults[index])

    def _explained(self, parsed: Parsed, checked: Checked, row: int) -> Errors:
        """Every fault of one row, in file order, in the words of the contract.

        Raises RuntimeError when the column test and the definition of a value disagree.
        """
        errors: Errors = []
        fields = {field.name: field for field in self._contract.fields}
        for name in self._layout.columns:
            if name in checked.bad and checked.bad[name][row]:
                text = parsed.columns[name].value(row)
                found = problem(fields[name], text, self._contract.missing_values)
                if found is None:
                    raise RuntimeError(f"column {name!r}: a value was refused without a reason; nothing of the chunk is used")
                errors.append(error(found.code, name, found.message))
        return errors

    def output(self, bytes_read: int, proof: Proof) -> ChunkOutput:
        parquet = self._parquet.finish()
        return ChunkOutput(
            rows_read=self._rows_read,
            rows_accepted=self._parquet.rows,
            rows_rejected=self._rejects.rows,
            blank_lines=self._blank_lines,
            bytes_read=bytes_read,
            parquet=parquet,
            rejects=self._rejects.to_bytes(),
            key_digests=self._digests.to_bytes() if self._digests else b"",
            reasons=dict(sorted(self._rejects.reasons.items())),
            proof=proof,
        )
