"""What became of row N: found by counting (docs/adr/0002), never from the original."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.audit import stored
from ops.errors import RowUnknown
from ops.reject_lines import RejectedRow, parse
from runtime.aws.object_store import ObjectStore
from runtime.core.models import ChunkStatus, FileStatus

Item = Mapping[str, Any]

ACCEPTED = "accepted"
REJECTED = "rejected"
#: Nothing was wrong with the row, but its file was not committed.
WITHHELD = "withheld"


@dataclass(frozen=True)
class Fate:
    """``place`` is the row of the Parquet object, or the line of the rejects, both from 1.

    ``values`` are the typed values of an accepted row; ``reject`` says where a rejected one was and why.
    """

    row: int
    fate: str
    chunk_id: str
    output: Item
    place: int
    values: Mapping[str, Any] | None = None
    reject: RejectedRow | None = None

    def to_dict(self) -> dict[str, Any]:
        values = None if self.values is None else {name: _json(value) for name, value in self.values.items()}
        return {**vars(self), "output": dict(self.output), "values": values, "reject": self.reject.to_dict() if self.reject else None}


def _json(value: Any) -> Any:
    """A typed value in JSON without loss: decimals, dates and times as text."""
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def find(row: int, file: Item, chunks: Sequence[Item], store: ObjectStore) -> Fate:
    """The fate of row *row* of the file, from 1; header and blank lines are no rows.

    Raises RowUnknown where the file has no such row or was not read that far, and OutputDiffers or
    ObjectMissing where the output that would tell is not the one that was written.
    """
    chunk, before = _chunk_with(row, file, chunks)
    ordinal = row - before - 1
    rejected_before = 0
    if chunk.get("rejects"):
        # To the last line, though the answer may come early: the digest is known only there.
        found = None
        for line in stored.lines(stored.parts(store, chunk["rejects"])):
            reject = parse(line, str(chunk["chunk_id"]), before)
            if reject.row == row:
                found = reject
            rejected_before += (reject.row or 0) < row
        if found is not None:
            return Fate(row, REJECTED, found.chunk_id, chunk["rejects"], rejected_before + 1, reject=found)
    place = ordinal - rejected_before
    if not chunk.get("parquet") or place >= chunk["parquet"]["rows"]:
        raise RowUnknown(file["file_id"], row, f"the counts of chunk {chunk['chunk_id']} do not add up; --verify says where")
    if file["file_status"] not in (FileStatus.COMMITTED, FileStatus.SUCCEEDED):
        return Fate(row, WITHHELD, chunk["chunk_id"], chunk["parquet"], place + 1)
    values = _parquet_row(stored.whole(store, chunk["parquet"]), place)
    return Fate(row, ACCEPTED, chunk["chunk_id"], chunk["parquet"], place + 1, values=values)


def ordinal_of_accepted(place: int, rejected: Iterable[int]) -> int:
    """The ordinal in its chunk of the accepted row at *place*; all from 0, *rejected* ascending."""
    for ordinal in rejected:
        if ordinal > place:
            break
        place += 1
    return place


def _chunk_with(row: int, file: Item, chunks: Sequence[Item]) -> tuple[Item, int]:
    """The chunk that holds the row, and how many rows the chunks before it have."""
    file_id, status, before = file["file_id"], file["file_status"], 0
    if status in FileStatus.OPEN:
        raise RowUnknown(file_id, row, f"the file is {status}, so nothing of it is settled yet; ask again when it has ended")
    if "chunks" not in file:
        raise RowUnknown(file_id, row, f"the file ended {status} ({file.get('error_type')}) before its rows were read")
    for chunk in chunks:
        if chunk["status"] != ChunkStatus.DONE:
            where = f"chunk {chunk['chunk_id']}, which is {chunk['status']}"
            raise RowUnknown(file_id, row, f"the file ended {status}, and from {where}, on its rows were not counted")
        if row <= before + chunk["rows_read"]:
            return chunk, before
        before += chunk["rows_read"]
    raise RowUnknown(file_id, row, f"the file has {before:,} rows (its header and blank lines are not counted)")


def _parquet_row(body: bytes, place: int) -> dict[str, Any]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - takes a while to load, and most commands need none

    file = pq.ParquetFile(io.BytesIO(body))
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if place < rows:
            found: dict[str, Any] = file.read_row_group(group).slice(place, 1).to_pylist()[0]
            return found
        place -= rows
    raise IndexError(f"a Parquet object of the recorded SHA-256 ends {place + 1} rows before the row")
