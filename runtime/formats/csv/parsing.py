"""UTF-8 records to columns of texts, with Arrow's CSV reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any, Literal, cast

import numpy as np
import pyarrow as pa
from pyarrow import csv

from runtime.columns.string_column import Mask, StringColumn
from runtime.formats.csv.layout import CsvLayout

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Parsed:
    """``columns`` by name hold the records of which ``whole`` is true; ``field_counts`` has the others' number of fields."""

    columns: dict[str, StringColumn]
    whole: Mask
    field_counts: dict[int, int]


class Parser:
    """Arrow's reader for the records of one file: its options are made once."""

    def __init__(self, layout: CsvLayout) -> None:
        self._columns = list(layout.columns)
        self._dialect: dict[str, Any] = {
            "delimiter": layout.delimiter,
            "quote_char": layout.quote,
            "double_quote": True,
            "escape_char": False,
            "newlines_in_values": True,
            "ignore_empty_lines": True,
        }
        self._convert_options = csv.ConvertOptions(
            check_utf8=False, column_types=dict.fromkeys(layout.columns, pa.string()), strings_can_be_null=False
        )

    def parse(self, text: bytes, records: int) -> Parsed:
        """Parse *text*, which holds that many well-formed *records*, blank lines not counted.

        Raises RuntimeError when Arrow counts other records: then it is open which row is which.
        """
        field_counts: dict[int, int] = {}
        whole = np.ones(records, np.bool_)
        if not records:
            return Parsed({}, whole, field_counts)

        def note(row: csv.InvalidRow) -> Literal["skip"]:
            assert row.number is not None, "rows are numbered where one thread reads"
            field_counts[row.number - 1] = row.actual_columns
            return "skip"

        # Arrow would swallow a byte order mark at the start of what it reads; after a blank line it is text.
        source = b"\n" + text if text.startswith(_BYTE_ORDER_MARK) else text
        table = csv.read_csv(
            cast("IO[Any]", pa.BufferReader(source)),
            read_options=csv.ReadOptions(column_names=self._columns, use_threads=False, block_size=len(source) + 1),
            parse_options=csv.ParseOptions(invalid_row_handler=note, **self._dialect),
            convert_options=self._convert_options,
        )
        parsed = table.num_rows + len(field_counts)
        if parsed != records:
            raise RuntimeError(f"{records} records were scanned, but {parsed} were parsed; nothing of the chunk is used")
        whole[list(field_counts)] = False
        return Parsed({name: _texts(table.column(name)) for name in self._columns}, whole, field_counts)


def _texts(column: pa.ChunkedArray[Any]) -> StringColumn:
    (chunk,) = column.chunks
    return StringColumn.of(chunk)
