"""Files of delimited text: the header gives the columns, quotes decide where records end."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Mapping, Sequence

from runtime.contracts.model import Contract
from runtime.core.errors import FileRejected, RecordTooLong, UnterminatedQuote
from runtime.core.limits import MAX_RECORD_BYTES
from runtime.formats.csv import planning, recognition, sampling
from runtime.formats.csv.fields import RecordCheck
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.csv.planning import ExactCuts
from runtime.formats.interface import RowReader
from runtime.formats.source import ByteSource


class CsvFile:
    """See ``runtime.formats.interface.CompiledFile``."""

    def __init__(self, contract: Contract, layout: CsvLayout) -> None:
        self._contract, self._layout = contract, layout

    @cached_property
    def _check(self) -> RecordCheck:
        return RecordCheck(self._contract, self._layout)

    def check_samples(self, source: ByteSource) -> int:
        return sampling.check_samples(source, self._contract, self._check)

    def plan(
        self, source: ByteSource, chunk_bytes: int, *, exact_from: int | None = None, keep: Sequence[tuple[int, int]] = ()
    ) -> list[tuple[int, int]]:
        return planning.plan(source, self._check, chunk_bytes, exact_from=exact_from, keep=keep)

    def exact_cuts(self, chunk_bytes: int) -> ExactCuts:
        return ExactCuts(self._layout, chunk_bytes, self._layout.header_end)

    def never_ends(self, source: ByteSource, offset: int) -> FileRejected:
        """A record that is too long, with the byte where it begins; in a shorter rest of a file the quote that is never closed."""
        return RecordTooLong(offset, MAX_RECORD_BYTES) if source.size - offset > MAX_RECORD_BYTES else UnterminatedQuote(offset)

    def rows(self) -> RowReader[Any]:
        from runtime.formats.csv.rows import CsvRows  # noqa: PLC0415 - Arrow, 400 ms, which planning starts without

        return CsvRows(self._contract, self._layout)


class CsvFiles:
    """See ``runtime.formats.interface.FileFormat``."""

    def fitting(self, source: ByteSource, contracts: Mapping[str, Contract]) -> dict[str, CsvLayout]:
        return recognition.fitting(source, contracts)

    def recognize(self, source: ByteSource, contract: Contract) -> CsvLayout:
        return recognition.recognize(source, contract)

    def layout(self, data: Mapping[str, Any]) -> CsvLayout:
        return CsvLayout.from_dict(data)

    def compile(self, contract: Contract, layout: CsvLayout) -> CsvFile:
        return CsvFile(contract, layout)
