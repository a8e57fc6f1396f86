"""Records with descriptors, made and read the obvious way."""

from __future__ import annotations

from typing import Iterable, List, Tuple

from runtime.chunk.proofs import ChunkProof
from runtime.contracts.model import Contract
from runtime.formats.copybook.blocks import RecordBlock
from runtime.formats.copybook.chains import whole_records
from runtime.formats.copybook.judging import Judge
from runtime.formats.copybook.layout import RecordLayout
from runtime.formats.copybook.record_form import RecordForm
from runtime.formats.judged import Judged


def judge(block: RecordBlock, contract: Contract, layout: RecordLayout) -> Judged:
    """The verdict on a block, as ProcessChunk comes to it."""
    return Judge(contract, layout).judge(block)


def described(contents: Iterable[bytes]) -> bytes:
    """Each of *contents* after its record descriptor word."""
    return b"".join((len(content) + 4).to_bytes(2, "big") + b"\0\0" + content for content in contents)


def boundaries_of(contents: Iterable[bytes], descriptor_bytes: int) -> List[int]:
    """Where each record begins, and where the last one ends."""
    boundaries = [0]
    for content in contents:
        boundaries.append(boundaries[-1] + descriptor_bytes + len(content))
    return boundaries


def prove(data: bytes, ranges: Iterable[Tuple[int, int]], form: RecordForm) -> List[ChunkProof]:
    """The proofs that the processors of these chunks would give."""
    ends = [(start, end, start + whole_records(data[start:end], form).end) for start, end in ranges]
    return [ChunkProof(start, end, reached == end, None if reached == end else reached) for start, end, reached in ends]
