"""Writes accepted rows to one Parquet file in memory, on a separate thread while blocks are checked."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runtime.columns.check import schema_of
from runtime.contracts.model import Contract

#: A row group is closed at this many rows or bytes: enough to be read efficiently, few enough for memory.
ROW_GROUP_ROWS = 65_536
ROW_GROUP_BYTES = 64 * 1024 * 1024
#: A column gets a dictionary if its first rows have at least this many rows for each distinct value.
_ROWS_FOR_A_VALUE = 4
_SAMPLE_ROWS = 8_192


class ParquetBuffer:
    """Row groups end at block boundaries, so the same blocks give the same bytes. It owns a thread and must be closed."""

    def __init__(self, contract: Contract) -> None:
        self._schema = schema_of(contract)
        self._keys = set(contract.primary_key)
        self._sink = pa.BufferOutputStream()
        self._writer: pq.ParquetWriter | None = None
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self._waiting: list[pa.Table] = []
        self._waiting_rows = self._waiting_bytes = 0
        self.rows = 0

    def close(self) -> None:
        """End the thread. A file that was not finished is lost."""
        self._thread.shutdown()

    def add(self, table: pa.Table) -> None:
        """Add accepted rows, in order."""
        if not table.num_rows:
            return
        self._waiting.append(table)
        self.rows += table.num_rows
        self._waiting_rows += table.num_rows
        self._waiting_bytes += table.nbytes
        if self._waiting_rows >= ROW_GROUP_ROWS or self._waiting_bytes >= ROW_GROUP_BYTES:
            self._write()

    def flush(self) -> None:
        """Start writing the rows that still wait, while the caller continues."""
        if self._waiting:
            self._write()

    def finish(self) -> bytes | None:
        """The file, or None when no row was added."""
        self.flush()
        self._wait()
        if self._writer is None:
            return None
        self._writer.close()
        data: bytes = self._sink.getvalue().to_pybytes()
        return data

    def _write(self) -> None:
        """Give the waiting rows to the thread. It writes one row group at a time, so at most one more waits in memory."""
        self._wait()
        table = pa.concat_tables(self._waiting)
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
        if self._writer is None:
            self._writer = self._opened(table)
        self._writing = self._thread.submit(self._writer.write_table, table, row_group_size=table.num_rows)

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()

    def _opened(self, sample: pa.Table) -> pq.ParquetWriter:
        dictionaries = [name for name in self._schema.names if name not in self._keys and _repeats(sample.column(name))]
        return pq.ParquetWriter(
            self._sink,
            self._schema,
            compression="zstd",
            use_dictionary=dictionaries,  # type: ignore[arg-type]  # the stubs know no list of columns
            # No statistics for strings: minimum and maximum of random text exclude no row group, and cost a comparison for each value.
            write_statistics=[field.name for field in self._schema if not pa.types.is_string(field.type)],
            store_schema=False,
        )


def _repeats(column: pa.ChunkedArray[Any]) -> bool:
    """Whether the first values repeat often enough for a dictionary to be worth its cost."""
    first = column.chunk(0).slice(0, _SAMPLE_ROWS)
    return bool(pc.count_distinct(first).as_py() * _ROWS_FOR_A_VALUE <= len(first))
