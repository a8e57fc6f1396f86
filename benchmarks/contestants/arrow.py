"""PyArrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.contestants.dataset import CHUNK_BYTES, COMPRESSION, COMPRESSION_LEVEL, NAMES, THREADS

_BLOCK_BYTES = 4 * 1024 * 1024


def typed(job: dict[str, Any]) -> dict[str, Any]:
    """PyArrow with typed columns, for clean files only: the first value that does not fit ends it. No reasons, no enumerations."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    pa.set_cpu_count(THREADS)
    types = {"booking_date": pa.date32(), "value_ts": pa.timestamp("ms", "UTC"), "amount": pa.decimal128(18, 2)}
    table = csv.read_csv(
        job["path"],
        read_options=csv.ReadOptions(block_size=_BLOCK_BYTES),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types={name: types.get(name, pa.string()) for name in NAMES}),
    )
    pq.write_table(table, Path(job["out"]) / "rows.parquet", compression=COMPRESSION, compression_level=COMPRESSION_LEVEL)
    return {"accepted": table.num_rows, "rejected": 0}


def rewrite(job: dict[str, Any]) -> dict[str, Any]:
    """PyArrow reading text columns block by block and writing CSV files of about 50 MB.
    Understands quotes; new bytes, not the original's.
    """
    import pyarrow as pa
    from pyarrow import csv

    pa.set_cpu_count(THREADS)
    reader = csv.open_csv(
        job["path"],
        read_options=csv.ReadOptions(block_size=_BLOCK_BYTES),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(NAMES, pa.string())),
    )
    files, writer, written = 0, None, 0
    with reader:
        for batch in reader:
            if writer is None:
                path = Path(job["out"]) / f"{files:05d}.csv"
                writer, written = csv.CSVWriter(path, batch.schema, write_options=csv.WriteOptions(quoting_style="needed")), 0
                files += 1
            writer.write(batch)
            written += batch.nbytes
            if written >= CHUNK_BYTES:
                writer.close()
                writer = None
    if writer is not None:
        writer.close()
    return {"files": files}
