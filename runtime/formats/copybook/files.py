"""Files of records that a copybook describes: their lengths, or their descriptors, tell where they end."""

from __future__ import annotations

from collections import Counter
from typing import Mapping, Sequence

from runtime.contracts.model import Contract
from runtime.core.errors import CompressionMismatch, EmptyFile, FileRejected, SampleMismatch
from runtime.core.models import Decoding
from runtime.formats.copybook import planning, recognition
from runtime.formats.copybook.chains import failure
from runtime.formats.copybook.judging import judge
from runtime.formats.copybook.layout import RecordLayout, contracted_form, contracted_record
from runtime.formats.copybook.planning import ExactCuts
from runtime.formats.copybook.sampling import sample_blocks
from runtime.formats.csv.boundaries import SAMPLE_RECORDS
from runtime.formats.decoding import GZIP, GZIP_MARK, Limits, decode
from runtime.formats.source import ByteSource

layout = RecordLayout.from_dict

#: What a beginning may decode to; nothing near it is kept.
_LIMITS = Limits(1 << 30, 1100)


def fitting(_source: ByteSource, _contracts: Mapping[str, Contract]) -> dict[str, RecordLayout]:
    """None: without a header nothing tells one record from another. Such files name their dataset by their key."""
    return {}


def recognize(source: ByteSource, contract: Contract) -> RecordLayout:
    form = contracted_form(contract)
    if contract.compression is None:
        # No look for compression: a record's first field may hold any bytes, those of gzip's mark too.
        recognition.recognize(source, contracted_record(contract), form, contract.encoding)
        return RecordLayout.of(contract, None)
    if not source.size:
        raise EmptyFile(least="one record")
    head = source.read(0, min(recognition.HEAD_BYTES, source.size))
    if not head.startswith(GZIP_MARK):
        raise CompressionMismatch(contract.compression)
    decoding = Decoding(GZIP, None)
    text = b"".join(decode([head], decoding, _LIMITS, complete=len(head) == source.size))
    if not text:
        raise EmptyFile(f"{len(head):,} compressed bytes hold nothing", least="one record")
    recognition.check_head(text[: recognition.HEAD_BYTES], contracted_record(contract), form, contract.encoding)
    return RecordLayout.of(contract, decoding)


def check_samples(source: ByteSource, contract: Contract, layout: RecordLayout) -> int:
    """A bad record is data: the file is refused only when one fault is in all of the records from all places."""
    tested = 0
    faults: Counter[str] = Counter()
    for block in sample_blocks(source, contracted_form(contract)):
        judged = judge(block, contract, layout)
        tested += judged.rows
        faults.update(why for rejected in judged.rejected for why in {reason.counted for reason in rejected.reasons})
    everywhere = [why for why, times in faults.items() if times == tested]
    if everywhere and tested >= SAMPLE_RECORDS and contract.rejected_rows_threshold is not None:
        column, _, code = everywhere[0].rpartition(":")
        raise SampleMismatch(tested, column, code, _expected(contract, column))
    return tested


def _expected(contract: Contract, column: str) -> str:
    place = next((place for place in contracted_record(contract).places if place.name == column), None)
    return f"{place.description} in {contract.encoding}" if place else f"records of {contracted_form(contract).maximum:,} bytes"


def plan(
    source: ByteSource,
    contract: Contract,
    _layout: RecordLayout,
    chunk_bytes: int,
    *,
    exact_from: int | None = None,
    keep: Sequence[tuple[int, int]] = (),
) -> list[tuple[int, int]]:
    return planning.plan(source, contracted_form(contract), chunk_bytes, exact_from=exact_from, keep=keep)


def exact_cuts(contract: Contract, layout: RecordLayout, chunk_bytes: int) -> ExactCuts:
    return ExactCuts(contracted_form(contract), chunk_bytes, layout.header_end)


def never_ends(source: ByteSource, contract: Contract, offset: int) -> FileRejected:
    form = contracted_form(contract)
    return failure(source.read(offset, min(offset + form.longest, source.size)), offset, form)
