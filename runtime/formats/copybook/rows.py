"""Rows that are records of a copybook."""

from __future__ import annotations

from typing import Iterable

from runtime.contracts.model import Contract
from runtime.formats.copybook.judging import judge
from runtime.formats.copybook.layout import RecordLayout, contracted_form
from runtime.formats.copybook.reader import RecordReader

__all__ = ["judge", "reader"]


def text_encoding(_layout: RecordLayout) -> None:
    """None: a record may hold numbers that are no text, and its bytes are evidence."""


def reader(
    parts: Iterable[bytes],
    contract: Contract,
    _layout: RecordLayout,
    *,
    last: bool,  # noqa: ARG001 - a record's end does not depend on the file's
    block_bytes: int,
    block_records: int,
) -> RecordReader:
    # A short record may have two thousand columns: a block has no more values than bytes.
    most = max(block_bytes // len(contract.fields), 1)
    return RecordReader(parts, contracted_form(contract), block_bytes, min(block_records, most))
