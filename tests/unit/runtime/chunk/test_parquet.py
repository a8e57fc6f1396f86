"""E22: the Parquet that a chunk becomes: exact whatever is decided about encodings."""

from __future__ import annotations

from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runtime.chunk import parquet
from runtime.chunk.parquet import ParquetBuffer
from runtime.columns.check import schema_of
from runtime.formats.registry import parse_contract

FIELDS = [{"name": "id"}, {"name": "kind"}, {"name": "day", "type": "date"}, {"name": "amount", "type": "integer"}]


def contract_of(fields, **schema):
    document = {"dataset": "made", "version": 1, "format": "csv", "encoding": "utf-8", "schema": {"fields": fields, **schema}}
    return parse_contract(document, "made.json")


def written(contract, *tables):
    with closing(ParquetBuffer(contract)) as buffer:
        for table in tables:
            buffer.add(table.cast(schema_of(contract)))
        return pq.ParquetFile(pa.BufferReader(buffer.finish()))


def table_of(rows, first=0):
    return pa.table(
        {
            "id": [f"key {index}" for index in range(first, first + rows)],
            "kind": [f"kind {index % 3}" for index in range(first, first + rows)],
            "day": pa.array([index % 30 for index in range(first, first + rows)], pa.date32()),
            "amount": pa.array(range(first, first + rows), pa.int64()),
        }
    )


def columns_of(file, group=0):
    group = file.metadata.row_group(group)
    return {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}


def test_columns_that_repeat_get_a_dictionary_and_keys_never():
    found = columns_of(written(contract_of(FIELDS, primaryKey=["id"]), table_of(1000)))
    assert {name: column.has_dictionary_page for name, column in found.items()} == {
        "id": False,
        "kind": True,
        "day": True,
        "amount": False,
    }


def test_statistics_are_kept_where_they_prune_and_not_of_texts():
    found = columns_of(written(contract_of(FIELDS), table_of(1000)))
    assert {name for name, column in found.items() if column.is_stats_set} == {"day", "amount"}


@pytest.mark.parametrize("later", ["kind 1", "another"])
def test_a_decision_taken_on_the_first_rows_costs_later_rows_nothing(monkeypatch, later):
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 100)
    fields = [{"name": "kind"}]
    tables = [pa.table({"kind": ["same"] * 100}), pa.table({"kind": [f"{later} {index}" * 9 for index in range(20_000)]})]
    file = written(contract_of(fields), *tables)
    assert file.num_row_groups == 2
    assert file.read().column("kind").to_pylist() == pa.concat_tables(tables).column("kind").to_pylist()


def test_row_groups_are_cut_at_blocks_and_keep_their_order(monkeypatch):
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 100)
    tables = [table_of(60, first) for first in range(0, 600, 60)]
    file = written(contract_of(FIELDS), *tables)
    assert [file.metadata.row_group(index).num_rows for index in range(file.num_row_groups)] == [120] * 5
    assert file.read().equals(pa.concat_tables(tables))


def test_a_row_group_that_cannot_be_written_fails_the_chunk(monkeypatch):
    """E20: a writer's thread must not lose an error, nor a row with it."""
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 1)
    with closing(ParquetBuffer(contract_of(FIELDS))) as buffer:
        buffer.add(table_of(10))
        buffer.add(table_of(10).rename_columns(["id", "kind", "day", "other"]))
        with pytest.raises(ValueError, match="schema"):
            buffer.finish()


def test_a_row_group_ends_with_the_block_that_brings_it_to_its_rows():
    """A reader can take a few groups, and the writer holds one: all rows in one group would be held, and read, at once."""
    sizes = (40_000, 30_000, 65_536, 10, 65_000, 600)
    file = written(contract_of(FIELDS), *(table_of(rows) for rows in sizes))
    groups = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    assert groups == [70_000, 65_536, 65_610]


def test_a_row_group_of_many_bytes_ends_before_it_has_its_rows():
    wide = table_of(20_000).set_column(0, "id", pa.array(["x" * 2_000] * 20_000))
    file = written(contract_of(FIELDS), wide, wide, table_of(10))
    assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [40_000, 10]
