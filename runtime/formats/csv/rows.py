"""Rows of delimited text."""

from __future__ import annotations

from typing import Iterable

from runtime.contracts.model import Contract
from runtime.formats.csv.blocks import Block, CsvBlockReader
from runtime.formats.csv.judging import Judge
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.judged import Judged


class CsvRows:
    """See ``runtime.formats.interface.RowReader``."""

    def __init__(self, contract: Contract, layout: CsvLayout) -> None:
        self._layout, self._judge = layout, Judge(contract, layout)

    @property
    def text_encoding(self) -> str:
        return self._layout.encoding

    def blocks(self, parts: Iterable[bytes], *, last: bool, block_bytes: int, block_records: int) -> CsvBlockReader:
        return CsvBlockReader(parts, self._layout.delimiter, self._layout.quote, last, block_bytes, block_records)

    def judge(self, block: Block) -> Judged:
        return self._judge.judge(block)
