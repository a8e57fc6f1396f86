"""Files of records that a copybook describes: their lengths, or their descriptors, decide where records end."""

from __future__ import annotations

from collections import Counter
from typing import Any, Mapping, Sequence

from runtime.contracts.model import Contract
from runtime.core.errors import CompressionMismatch, EmptyFile, FileRejected, SampleMismatch
from runtime.core.limits import SAMPLE_RECORDS
from runtime.formats.copybook import planning, recognition
from runtime.formats.copybook.chains import failure
from runtime.formats.copybook.layout import RecordLayout, contracted_form, contracted_record
from runtime.formats.copybook.planning import ExactCuts
from runtime.formats.copybook.rows import CopybookRows
from runtime.formats.copybook.sampling import sample_blocks
from runtime.formats.decoding import GZIP, GZIP_MARK, Decoding, Limits, decode
from runtime.formats.source import ByteSource

#: What the beginning of a file may decode to: far more than is kept of it.
_LIMITS = Limits(1 << 30, 1100)


class CopybookFile:
    """See ``runtime.formats.interface.CompiledFile``."""

    def __init__(self, contract: Contract, layout: RecordLayout) -> None:
        self._contract, self._layout, self._form = contract, layout, contracted_form(contract)

    def check_samples(self, source: ByteSource) -> int:
        """A bad record is data: the file is refused only when one fault is in all of the records from all places."""
        tested = 0
        faults: Counter[str] = Counter()
        rows = self.rows()
        for block in sample_blocks(source, self._form):
            judged = rows.judge(block)
            tested += judged.rows
            faults.update(why for rejected in judged.rejected for why in {reason.counted for reason in rejected.reasons})
        everywhere = [why for why, times in faults.items() if times == tested]
        if everywhere and tested >= SAMPLE_RECORDS and self._contract.rejected_rows_threshold is not None:
            column, _, code = everywhere[0].rpartition(":")
            raise SampleMismatch(tested, column, code, self._expected(column))
        return tested

    def _expected(self, column: str) -> str:
        item = next((item for item in contracted_record(self._contract).items if item.name == column), None)
        return f"{item.description} in {self._contract.encoding}" if item else f"records of {self._form.maximum:,} bytes"

    def plan(
        self, source: ByteSource, chunk_bytes: int, *, exact_from: int | None = None, keep: Sequence[tuple[int, int]] = ()
    ) -> list[tuple[int, int]]:
        return planning.plan(source, self._form, chunk_bytes, exact_from=exact_from, keep=keep)

    def exact_cuts(self, chunk_bytes: int) -> ExactCuts:
        return ExactCuts(self._form, chunk_bytes, self._layout.header_end)

    def never_ends(self, source: ByteSource, offset: int) -> FileRejected:
        return failure(source.read(offset, min(offset + self._form.longest, source.size)), offset, self._form)

    def rows(self) -> CopybookRows:
        return CopybookRows(self._contract, self._layout)


class CopybookFiles:
    """See ``runtime.formats.interface.FileFormat``."""

    def fitting(self, source: ByteSource, contracts: Mapping[str, Contract]) -> dict[str, RecordLayout]:  # noqa: ARG002
        """Always empty: records have no header to recognize them by. The key of such a file names its dataset."""
        return {}

    def recognize(self, source: ByteSource, contract: Contract) -> RecordLayout:
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

    def layout(self, data: Mapping[str, Any]) -> RecordLayout:
        return RecordLayout.from_dict(data)

    def compile(self, contract: Contract, layout: RecordLayout) -> CopybookFile:
        return CopybookFile(contract, layout)
