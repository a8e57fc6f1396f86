"""Accepted rows to one Parquet file in memory, written while blocks are checked."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from runtime.contracts.model import Contract, Field
from runtime.rows.checking import schema

#: A row group is closed when it has this many rows or bytes: enough to be read at speed, few enough to be held.
ROW_GROUP_ROWS = 131_072
ROW_GROUP_BYTES = 64 * 1024 * 1024


class ParquetBuffer:
    """Row groups are cut at blocks, so the same blocks give the same bytes."""

    def __init__(self, contract: Contract) -> None:
        self._schema = schema(contract)
        self._dictionaries = [field.name for field in contract.fields if _repeats(field, contract)]
        self._sink = pa.BufferOutputStream()
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Take accepted rows, in order."""
        if not table.num_rows:
            return
        self._waiting.append(table)
        self.rows += table.num_rows
        waiting_rows = sum(part.num_rows for part in self._waiting)
        if waiting_rows >= ROW_GROUP_ROWS or sum(part.nbytes for part in self._waiting) >= ROW_GROUP_BYTES:
            self._write()

    def finish(self) -> bytes | None:
        """The file, or None when no row was added."""
        self._write()
        if self._writer is None:
            return None
        self._writer.close()
        data: bytes = self._sink.getvalue().to_pybytes()
        return data

    def _write(self) -> None:
        if not self._waiting:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._sink,
                self._schema,
                compression="zstd",
                use_dictionary=self._dictionaries,  # type: ignore[arg-type]  # the stubs know no list of columns
                write_statistics=True,
                store_schema=False,
            )
        table = pa.concat_tables(self._waiting)
        self._waiting = []
        self._writer.write_table(table, row_group_size=table.num_rows)


def _repeats(field: Field, contract: Contract) -> bool:
    """Whether a dictionary is worth trying: not for keys, nor for measures, which rarely repeat."""
    return field.name not in contract.primary_key and field.type in ("string", "date")
