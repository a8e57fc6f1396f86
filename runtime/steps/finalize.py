"""FinalizeFile: prove that no row was lost, commit the file, then publish its outputs and move its original."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from runtime.aws.item_table import Item
from runtime.aws.object_store import RangedFile, StoredSource
from runtime.aws.tracking import iso, utc_now
from runtime.chunk.key_digests import Duplicates, duplicates
from runtime.chunk.proofs import ChunkProof, Verdict, fold
from runtime.contracts.model import Contract
from runtime.core.errors import DuplicateKeys, ReconciliationFailed, TooManyRejectedRows
from runtime.core.models import ChunkStatus, FileStatus, FileTask, ObjectRef
from runtime.formats.registry import compiled
from runtime.steps import snapshot
from runtime.steps.outcome import outcome
from runtime.steps.reasons import commonest, summed
from runtime.steps.roll_forward import roll_forward
from runtime.steps.stage import Stage, text_of

#: Bytes of key digests in memory at the same time, of the function's 3 GB.
DIGEST_MEMORY_BYTES = 512 * 1024 * 1024
#: Concurrent reads of Parquet footers.
FOOTER_READERS = 16


_COUNTS = ("rows_read", "rows_accepted", "rows_rejected", "blank_lines")


@dataclass(frozen=True)
class Totals:
    """The file's row counts and reasons, summed from its chunks' items."""

    rows_read: int
    rows_accepted: int
    rows_rejected: int
    blank_lines: int
    reasons: dict[str, int]

    @classmethod
    def of(cls, chunks: Sequence[Item]) -> Totals:
        read, accepted, rejected, blank = (sum(chunk[name] for chunk in chunks) for name in _COUNTS)
        return cls(read, accepted, rejected, blank, commonest(summed(chunks)))

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


def finalize_file(task: FileTask, stage: Stage) -> dict[str, Any]:
    """Commit the file and bring it to SUCCEEDED, or answer REPLAN with the byte offset from which it must be planned again.

    Raises TooManyRejectedRows or DuplicateKeys if the contract demands it, and ReconciliationFailed if
    counts differ; then nothing is committed. A committed file only rolls forward.
    """
    item = stage.owned(task)
    if item["file_status"] == FileStatus.PROCESSING:
        chunks = stage.tracking.planned_chunks(item)
        contract, layout = snapshot.load(stage.store, item["reading_key"])
        verdict = _proved(item, chunks, layout.header_end)
        if verdict.never_ends is not None:
            raise compiled(contract, layout).never_ends(StoredSource(stage.store, *text_of(item)), verdict.never_ends)
        if verdict.replan_from is not None:
            return task.to_dict(decision="REPLAN", exact_from=verdict.replan_from)
        totals = Totals.of(chunks)
        _reconcile(item, chunks, totals, stage)
        repeated = _check_keys(contract, chunks, stage)
        _check_threshold(contract, totals)
        item = _commit(task, totals, repeated, stage)
    item = roll_forward(task, item, stage)
    return task.to_dict(decision="PROVED", outcome=outcome(item))


def _proved(item: Item, chunks: Sequence[Item], first_start: int) -> Verdict:
    """Fold the chunks' proofs."""
    unfinished = [chunk["chunk_id"] for chunk in chunks if chunk["status"] not in (ChunkStatus.DONE, ChunkStatus.MISALIGNED)]
    if unfinished or len(chunks) != item["chunks"]:
        raise ReconciliationFailed(item["file_id"], "finished chunks", item["chunks"], f"{len(chunks) - len(unfinished)}")
    _, size = text_of(item)
    proofs = [ChunkProof(chunk["start"], chunk["end"], chunk["proof"]["aligned"], chunk["proof"]["open_quote"]) for chunk in chunks]
    try:
        return fold(proofs, first_start, size)
    except ValueError as error:
        raise ReconciliationFailed(item["file_id"], "the chunks' byte ranges", f"[{first_start}, {size})", str(error)) from error


def _reconcile(item: Item, chunks: Sequence[Item], totals: Totals, stage: Stage) -> None:
    """Compare the rows read, which were counted on the raw bytes, with rejects and with the rows in the Parquet footers."""
    if totals.rows_read != totals.rows_accepted + totals.rows_rejected:
        sum_of_both = f"{totals.rows_accepted} accepted + {totals.rows_rejected} rejected"
        raise ReconciliationFailed(item["file_id"], "rows read", totals.rows_read, sum_of_both)
    with ThreadPoolExecutor(FOOTER_READERS) as pool:
        in_footers = list(pool.map(functools.partial(_parquet_rows, stage=stage), chunks))
    for chunk, rows in zip(chunks, in_footers):
        if rows != chunk["rows_accepted"]:
            raise ReconciliationFailed(item["file_id"], f"rows in the Parquet of chunk {chunk['chunk_id']}", chunk["rows_accepted"], rows)
        rejects = chunk.get("rejects", {}).get("rows", 0)
        if rejects != chunk["rows_rejected"]:
            raise ReconciliationFailed(item["file_id"], f"rejects of chunk {chunk['chunk_id']}", chunk["rows_rejected"], rejects)


def _parquet_rows(chunk: Item, stage: Stage) -> int:
    parquet = chunk.get("parquet")
    if parquet is None:
        return 0
    file = RangedFile(stage.store, ObjectRef(stage.store.bucket, parquet["key"]), parquet["size"])
    return int(pq.read_metadata(pa.PythonFile(file, "r")).num_rows)


class _Digests:
    """A chunk's key digests, as a DigestSource of the merge."""

    def __init__(self, stage: Stage, written: Item) -> None:
        self._stage, self._ref = stage, ObjectRef(stage.store.bucket, written["key"])
        self.size = written["size"]

    def read(self, start: int, end: int) -> bytes:
        return self._stage.store.read_range(self._ref, start, end)


def _check_keys(contract: Contract, chunks: Sequence[Item], stage: Stage) -> Duplicates:
    """Find duplicate primary keys; rows are counted in the file, from 1."""
    if not contract.primary_key:
        return Duplicates(0, [])
    base, first_rows, sources = 1, [], []
    for chunk in chunks:
        if "key_digests" in chunk:
            first_rows.append(base)
            sources.append(_Digests(stage, chunk["key_digests"]))
        base += chunk["rows_read"]
    repeated = duplicates(sources, DIGEST_MEMORY_BYTES)
    rows = [(first_rows[one] + row, first_rows[other] + again) for (one, row), (other, again) in repeated.sample]
    if repeated.count and contract.duplicate_keys == "reject":
        raise DuplicateKeys(repeated.count, rows)
    return Duplicates(repeated.count, rows)


def _check_threshold(contract: Contract, totals: Totals) -> None:
    threshold = contract.rejected_rows_threshold
    if threshold is not None and totals.rows_rejected and totals.rows_rejected >= threshold * totals.rows_read:
        raise TooManyRejectedRows(totals.rows_read, totals.rows_rejected, threshold)


def _commit(task: FileTask, totals: Totals, repeated: Duplicates, stage: Stage) -> Item:
    """The one conditional write (docs/commit-protocol.md)."""
    attributes = {
        **totals.to_dict(),
        "duplicate_keys": repeated.count,
        "duplicate_rows": [list(pair) for pair in repeated.sample],
        "committed_at": iso(utc_now()),
    }
    return stage.tracking.transition(task, FileStatus.COMMITTED, (FileStatus.PROCESSING,), attributes).item
