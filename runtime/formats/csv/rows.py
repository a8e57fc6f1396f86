"""Rows of delimited text."""

from __future__ import annotations

from typing import Iterable

from runtime.contracts.model import Contract
from runtime.core.models import CsvLayout
from runtime.formats.csv.blocks import BlockReader
from runtime.formats.csv.judging import judge

__all__ = ["judge", "reader"]


def text_encoding(layout: CsvLayout) -> str:
    return layout.encoding


def reader(
    parts: Iterable[bytes], _contract: Contract, layout: CsvLayout, *, last: bool, block_bytes: int, block_records: int
) -> BlockReader:
    return BlockReader(parts, layout.delimiter, layout.quote, last, block_bytes, block_records)
