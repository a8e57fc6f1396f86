"""UTF-8 records to columns of texts, with Arrow's CSV reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any, Literal, cast

import numpy as np
import pyarrow as pa
from pyarrow import csv

from runtime.columns.string_column import Mask, Texts
from runtime.core.models import CsvLayout

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Parsed:
    """``columns`` by name hold the records of which ``whole`` is true; ``field_counts`` tells the others' number of fields."""

    columns: dict[str, Texts]
    whole: Mask
    field_counts: dict[int, int]


def parse(text: bytes, records: int, layout: CsvLayout) -> Parsed:
    """Parse *text*, which holds that many well-formed *records*, blank lines not counted.

    Raises RuntimeError when Arrow counts other records: then no row can be told from its neighbour.
    """
    field_counts: dict[int, int] = {}
    whole = np.ones(records, np.bool_)
    if not records:
        return Parsed({}, whole, field_counts)

    def note(row: csv.InvalidRow) -> Literal["skip"]:
        assert row.number is not None, "numbered, since one thread reads"
        field_counts[row.number - 1] = row.actual_columns
        return "skip"

    # Arrow would swallow a byte order mark at the start of what it reads; after a blank line it is text.
    source = b"\n" + text if text.startswith(_BYTE_ORDER_MARK) else text
    table = csv.read_csv(
        cast("IO[Any]", pa.BufferReader(source)),
        read_options=csv.ReadOptions(column_names=list(layout.columns), use_threads=False, block_size=len(source) + 1),
        parse_options=csv.ParseOptions(
            delimiter=layout.delimiter,
            quote_char=layout.quote,
            double_quote=True,
            escape_char=False,
            newlines_in_values=True,
            ignore_empty_lines=True,
            invalid_row_handler=note,
        ),
        convert_options=csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(layout.columns, pa.string()),
            strings_can_be_null=False,
        ),
    )
    if table.num_rows + len(field_counts) != records:
        raise RuntimeError(
            f"{records} records were scanned, but {table.num_rows + len(field_counts)} were parsed; nothing of the chunk is used"
        )
    whole[list(field_counts)] = False
    return Parsed({name: _texts(table.column(name)) for name in layout.columns}, whole, field_counts)


def _texts(column: pa.ChunkedArray[Any]) -> Texts:
    (chunk,) = column.chunks
    return Texts.of(chunk)
