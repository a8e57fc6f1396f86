"""Rows that are records of a copybook."""

from __future__ import annotations

from typing import Iterable

from runtime.contracts.model import Contract
from runtime.formats.copybook.blocks import RecordBlock
from runtime.formats.copybook.judging import Judge
from runtime.formats.copybook.layout import RecordLayout, contracted_form
from runtime.formats.copybook.reader import RecordReader
from runtime.formats.judged import Judged


class CopybookRows:
    """See ``runtime.formats.interface.RowReader``."""

    def __init__(self, contract: Contract, layout: RecordLayout) -> None:
        self._form, self._judge = contracted_form(contract), Judge(contract, layout)
        self._columns = len(contract.fields)

    @property
    def text_encoding(self) -> None:
        """None: a record may hold numbers that are no text, and its bytes are evidence."""

    def blocks(
        self,
        parts: Iterable[bytes],
        *,
        last: bool,  # noqa: ARG002 - a record's end does not depend on the file's
        block_bytes: int,
        block_records: int,
    ) -> RecordReader:
        # A short record may have two thousand columns: a block has no more values than bytes.
        most = max(block_bytes // self._columns, 1)
        return RecordReader(parts, self._form, block_bytes, min(block_records, most))

    def judge(self, block: RecordBlock) -> Judged:
        return self._judge.judge(block)
