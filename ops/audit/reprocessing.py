"""The original processed again, chunk by chunk, and what comes out of it held against what is recorded."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, final

import pyarrow as pa
import pyarrow.parquet as pq

from ops.audit import stored
from ops.audit.rows import ordinal_of_accepted
from ops.audit.story import COUNTS
from ops.audit.text import Text
from ops.terminal import counted
from runtime.aws.object_store import ObjectStore
from runtime.chunk.key_digests import duplicates
from runtime.chunk.process import ChunkOutput, process_chunk
from runtime.contracts.model import Contract
from runtime.steps.reasons import commonest, everything
from runtime.steps.snapshot import Snapshot
from runtime.steps.stage import text_of

Item = Mapping[str, Any]

_DIGEST_MEMORY_BYTES = 256 * 1024 * 1024


def process_again(chunk: Item, text: Text, reading: Snapshot, file: Item) -> ChunkOutput:
    """What ProcessChunk makes of the chunk today."""
    _, size = text_of(dict(file))
    return process_chunk(
        text.until(chunk["end"]),
        contract=reading.contract,
        layout=reading.layout,
        start=chunk["start"],
        last=chunk["end"] == size,
        key_seed=bytes.fromhex(file["file_id"]),
    )


def difference(again: ChunkOutput, chunk: Item, first_row: int, store: ObjectStore) -> str | None:
    """What of *chunk* the original does not bear out, or None. *first_row* is the number of its first row in the file.

    Other versions of the code or its libraries may write the same rows in other bytes: where digests
    differ, the content decides.
    """
    if not again.proof.aligned:
        return "the chunk does not end on a record boundary"
    for name in COUNTS:
        if getattr(again, name) != chunk[name]:
            return f"{name} is {getattr(again, name):,}, the table says {chunk[name]:,}"
    if commonest(again.reasons) != dict(chunk["reasons"]) or again.reasons != everything([dict(chunk)], store):
        return "rows are rejected for other reasons than the table says"
    return (
        _parquet_difference(again, chunk, first_row, store)
        or _rejects_difference(again, chunk, first_row, store)
        or _extracts_difference(again, chunk)
    )


def _parquet_difference(again: ChunkOutput, chunk: Item, first_row: int, store: ObjectStore) -> str | None:
    if again.parquet is None or stored.sha256(again.parquet) == chunk["parquet"]["sha256"]:
        return None
    expected = pq.read_table(io.BytesIO(again.parquet))
    found = pq.read_table(io.BytesIO(b"".join(stored.anything(store, chunk["parquet"]))))
    if expected.schema.types != found.schema.types or expected.column_names != found.column_names:
        return "the Parquet has other columns than the contract"
    if found.num_rows != expected.num_rows:
        return f"the Parquet has {found.num_rows:,} rows, the original gives {expected.num_rows:,}"
    places = [at for at in map(_first_difference, expected.columns, found.columns) if at is not None]
    if not places:
        return None
    place = min(places)
    columns = [name for name in expected.column_names if expected[name][place] != found[name][place]]
    rejected = [json.loads(line)["row"] for line in again.rejects.splitlines()]
    row = first_row + ordinal_of_accepted(place, rejected)
    return f"row {row:,} of the Parquet is not the original's, in: {', '.join(columns)}"


def _first_difference(expected: pa.ChunkedArray[Any], found: pa.ChunkedArray[Any]) -> int | None:
    if expected.equals(found):
        return None
    pairs = zip(expected.to_pylist(), found.to_pylist(), strict=True)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), None)


def _rejects_difference(again: ChunkOutput, chunk: Item, first_row: int, store: ObjectStore) -> str | None:
    if not again.rejects or stored.sha256(again.rejects) == chunk["rejects"]["sha256"]:
        return None
    found = map(_told, stored.lines(stored.anything(store, chunk["rejects"])))
    for line in again.rejects.splitlines():
        expected = _told(line)
        if next(found, None) != expected:
            return f"row {first_row + expected['row']:,} of the rejects is not the original's"
    return "there are more rejects than the original gives" if next(found, None) is not None else None


def _extracts_difference(again: ChunkOutput, chunk: Item) -> str | None:
    """An extract has one form, whatever writes it: its bytes are all that counts."""
    made = {name: stored.sha256(body) for name, body in again.extracts.items() if body}
    recorded = {name: part["sha256"] for name, part in chunk.get("extracts", {}).items()}
    wrong = sorted(name for name in made.keys() | recorded.keys() if made.get(name) != recorded.get(name))
    return f"its parts of extracts are not what the original gives: {', '.join(wrong)}" if wrong else None


def _told(line: bytes) -> dict[str, Any]:
    """What a line of rejects says, but for the wording."""
    told: dict[str, Any] = json.loads(line)
    told["errors"] = [(error["column"], error["code"]) for error in told["errors"]]
    return told


@dataclass(frozen=True)
class _Digests:
    """The key digests of one chunk, in a file that those of all chunks share."""

    stream: IO[bytes]
    offset: int
    size: int

    def read(self, start: int, end: int) -> bytes:
        return os.pread(self.stream.fileno(), end - start, self.offset + start)


@final
class KeyCheck:
    """Counts repeated primary keys over the chunks that were processed again; 20 bytes a row, on disk. Used in a ``with`` statement."""

    def __init__(self, contract: Contract) -> None:
        self._wanted = bool(contract.primary_key)
        self._stream = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._sources: list[_Digests] = []
        self._first_rows: list[int] = []

    def __enter__(self) -> KeyCheck:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def add(self, again: ChunkOutput, first_row: int) -> None:
        if again.key_digests:
            offset = self._stream.seek(0, os.SEEK_END)
            self._stream.write(again.key_digests)
            self._stream.flush()
            self._sources.append(_Digests(self._stream, offset, len(again.key_digests)))
            self._first_rows.append(first_row)

    def difference(self, file: Item) -> str | None:
        if not self._wanted:
            return None
        found = duplicates(self._sources, _DIGEST_MEMORY_BYTES)
        first = self._first_rows
        rows = [[first[one] + row, first[other] + again] for (one, row), (other, again) in found.sample]
        if found.count != file["duplicate_keys"]:
            return f"{counted(found.count, 'row repeats', 'rows repeat')} a key, the table says {file['duplicate_keys']:,}"
        return None if rows == file["duplicate_rows"] else "other rows repeat a key than the table says"
