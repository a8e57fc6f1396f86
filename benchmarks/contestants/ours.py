"""The product: its own functions, called as its handlers call them, on a local file instead of S3."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Tuple

from benchmarks.contestants.dataset import COMPRESSION, THREADS

Job = Dict[str, Any]
Answer = Dict[str, Any]

#: As ``runtime.aws.object_store`` streams a chunk.
PART_BYTES = 8 * 1024 * 1024


def chunk(job: Job, stream: Callable[[Any, str, int], Iterable[bytes]] | None = None) -> Answer:
    """Ledgerline's chunk step. Checks every rule of the contract, keeps each rejected row with its bytes, its offset in the
    file and every reason, digests the primary keys, counts rows on the raw bytes and proves the last boundary.
    """
    import pyarrow as pa

    from runtime.chunk.process import process_chunk
    from runtime.formats.source import FileSource

    pa.set_cpu_count(THREADS)
    with FileSource(job["path"]) as source:
        contract, layout = _recognized(source, job["path"])
        output = process_chunk(
            (stream or _parts)(source, job["path"], layout.header_end),
            contract=contract,
            layout=layout,
            start=layout.header_end,
            last=True,
            key_seed=b"seed",
        )
    out = Path(job["out"])
    for name, body in (("rows.parquet", output.parquet), ("rejects.jsonl", output.rejects), ("keys", output.key_digests)):
        (out / name).write_bytes(body or b"")
    return {
        "rows_read": output.rows_read,
        "accepted": output.rows_accepted,
        "rejected": output.rows_rejected,
        "aligned": output.proof.aligned,
        "reasons": dict(output.reasons),
    }


def chunk_as_handler(job: Job) -> Answer:
    """The chunk step with everything that its Lambda handler imports, reading ahead as it does from S3."""
    import runtime.handlers.process_chunk  # noqa: F401  # its weight is what counts
    from runtime.aws.object_store import ObjectStore
    from runtime.core.models import ObjectRef

    def stream(source: Any, path: str, start: int) -> Iterable[bytes]:
        return ObjectStore(_FileAsBucket(), "").stream(ObjectRef("", path), start, source.size)  # type: ignore[arg-type]  # one method of S3

    return chunk(job, stream)


def verified_chunk(job: Job) -> Answer:
    """The chunk step, and what its Parquet says when it is read back: codec, rows, the sum of the amounts."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    answer = chunk(job)
    parquet = pq.ParquetFile(Path(job["out"]) / "rows.parquet")
    codec = parquet.metadata.row_group(0).column(0).compression.lower()
    if codec != COMPRESSION:
        raise RuntimeError(f"the product writes {codec} and its peers are told {COMPRESSION}: change benchmarks/contestants/dataset.py")
    table = parquet.read(columns=["amount"])
    return {**answer, "parquet_rows": table.num_rows, "accepted_amount": str(pc.sum(table["amount"]).as_py())}


def plan(job: Job) -> Answer:
    """Ledgerline's planning: guesses each boundary from a window before it; the chunks prove the guesses later.
    With ``seconds_a_read`` every ranged read takes so much longer, as over a network.
    """
    import time

    from local.testing.sources import CountingSource
    from runtime.core.limits import MAX_CHUNK_BYTES
    from runtime.formats.registry import compiled
    from runtime.formats.source import FileSource

    with FileSource(job["path"]) as file:
        contract, layout = _recognized(file, job["path"])

        def read(start: int, end: int) -> bytes:
            time.sleep(job.get("seconds_a_read", 0))
            return file.read(start, end)

        source = CountingSource(file.size, read)
        ranges = compiled(contract, layout).plan(source, MAX_CHUNK_BYTES)
    return {**_counts(source), "chunks": len(ranges), "header": layout.header_end}


def plan_far(job: Job) -> Answer:
    """Planning a source of any size that is not there: the header, and then one block of real records over and over."""
    from local.testing.sources import CountingSource
    from runtime.core.limits import MAX_CHUNK_BYTES
    from runtime.formats.registry import compiled
    from runtime.formats.source import FileSource

    with FileSource(job["path"]) as file:
        contract, layout = _recognized(file, job["path"])
        header, block = file.read(0, layout.header_end), file.read(layout.header_end, file.size)
    source = CountingSource.repeating(header, block, -(-job["size"] // len(block)))
    ranges = compiled(contract, layout).plan(source, MAX_CHUNK_BYTES)
    return {**_counts(source), "chunks": len(ranges), "size": source.size}


def plan_exactly(job: Job) -> Answer:
    """The exact fallback: reads every byte and cuts by quote parity, as after a proof that does not hold."""
    from runtime.core.limits import MAX_CHUNK_BYTES
    from runtime.formats.registry import compiled
    from runtime.formats.source import FileSource

    with FileSource(job["path"]) as file:
        contract, layout = _recognized(file, job["path"])
        ranges = compiled(contract, layout).plan(file, MAX_CHUNK_BYTES, exact_from=layout.header_end)
    return {"chunks": len(ranges), "bytes_read": file.size}


def records(job: Job) -> Answer:
    """Ledgerline's decoding of accounts, on one processor, without writing them: every byte of every number checked, dates,
    enumerations and code page; typed columns of what is accepted, and each rejected record with its bytes, its offset and every reason.
    """
    import dataclasses
    from collections import Counter

    import pyarrow as pa
    import pyarrow.compute as pc

    from runtime.formats.copybook.judging import Judge
    from runtime.formats.copybook.layout import contracted_form
    from runtime.formats.copybook.reader import RecordReader
    from runtime.formats.registry import file_format, load_contracts
    from runtime.formats.source import FileSource

    pa.set_cpu_count(1)
    contract = load_contracts()["accounts"]
    if job.get("described"):
        contract = dataclasses.replace(contract, dialect=dataclasses.replace(contract.dialect, record_format="V"))
    rows = accepted = 0
    reasons: Counter[str] = Counter()
    sums = dict.fromkeys(job.get("sums", ()), 0)
    with FileSource(job["path"]) as source:
        layout: Any = file_format(contract).recognize(source, contract)
        reader = RecordReader(_parts(source, job["path"], 0), contracted_form(contract))
        judge = Judge(contract, layout)
        for block in reader:
            judged = judge.judge(block)
            rows += judged.rows
            reasons.update(reason.counted for rejected in judged.rejected for reason in rejected.reasons)
            if judged.accepted is not None:
                accepted += judged.accepted.num_rows
                for name in sums:
                    sums[name] += pc.sum(judged.accepted[name]).as_py() or 0
    return {
        "rows_read": rows,
        "accepted": accepted,
        "reasons": dict(reasons),
        "sums": {name: str(total) for name, total in sums.items()},
        "aligned": reader.left_over == 0,
    }


def read(job: Job) -> Answer:
    """Only reading: every byte, in the pieces of the exact fallback, one after another, with nothing done to them."""
    from runtime.formats.ranges import PIECE_BYTES
    from runtime.formats.source import FileSource

    with FileSource(job["path"]) as file:
        total = sum(len(file.read(start, min(start + PIECE_BYTES, file.size))) for start in range(0, file.size, PIECE_BYTES))
    return {"bytes_read": total}


def _recognized(source: Any, path: str) -> Tuple[Any, Any]:
    from runtime.formats.recognition import recognize
    from runtime.formats.registry import load_contracts

    return recognize(source, path, "transactions", load_contracts())


class _FileAsBucket:
    """Answers the one request that streaming makes: a range of an object, which is a local file."""

    def get_object(self, Key: str, Range: str, **_: Any) -> Answer:  # noqa: N803  # boto3's names
        first, last = map(int, Range.partition("=")[2].split("-"))
        with Path(Key).open("rb") as file:
            file.seek(first)
            return {"Body": io.BytesIO(file.read(last - first + 1))}


def _parts(source: Any, _path: str, start: int) -> Iterator[bytes]:
    for offset in range(start, source.size, PART_BYTES):
        yield source.read(offset, min(offset + PART_BYTES, source.size))


def _counts(source: Any) -> Answer:
    return {"bytes_read": source.bytes_read, "reads": len(source.reads)}
