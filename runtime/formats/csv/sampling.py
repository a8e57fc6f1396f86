"""Is a file worth splitting: do any of the records in a few places fit its contract?"""

from __future__ import annotations

from typing import Sequence

from runtime.contracts.model import Contract
from runtime.core.errors import EncodingMismatch, NotCsv, SampleMismatch
from runtime.core.limits import SAMPLE_RECORDS
from runtime.core.reason_codes import CONTROL_CHARACTER, ENCODING_ERROR
from runtime.formats.csv.boundaries import WINDOW_BYTES, Sample, readings, sample
from runtime.formats.csv.fields import Misfit, RecordCheck
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.source import ByteSource

_PLACES = 3


def check_samples(source: ByteSource, contract: Contract, check: RecordCheck) -> int:
    """Test up to 16 records each from the start, the middle and the end; return how many were tested.

    A bad row is data, so a file is refused only when all of them break the same rule, and only
    when its contract rejects files for their rows at all: NotCsv for NULs, EncodingMismatch for bytes of
    another encoding, SampleMismatch for values of another type, of which there must be 16 or more.
    """
    layout = check.layout
    tested = [record for start, end in _windows(layout.header_end, source.size) for record in _sample_window(source, start, end, check)]
    broken = {(record.misfit.code, record.misfit.column) if record.misfit else None for record in tested}
    if len(broken) == 1 and None not in broken and contract.rejected_rows_threshold is not None:
        _refuse(tested, contract, layout)
    return len(tested)


def _windows(first: int, size: int) -> list[tuple[int, int]]:
    if size - first <= _PLACES * WINDOW_BYTES:
        return [(first, size)]
    middle = first + (size - first - WINDOW_BYTES) // 2
    return [(first, first + WINDOW_BYTES), (middle, middle + WINDOW_BYTES), (size - WINDOW_BYTES, size)]


def _sample_window(source: ByteSource, start: int, end: int, check: RecordCheck) -> list[Sample]:
    """Sample a window; offsets are in the file.

    Where it is open whether the window starts inside quotes, the reading with more fitting records counts.
    """
    window = source.read(start, end)
    if start == check.layout.header_end:
        from runtime.formats.csv.scanner import scan  # noqa: PLC0415 - numpy, 300 ms, which planning starts without

        whole = end == source.size
        scanned = scan(window, ord(check.layout.delimiter), ord(check.layout.quote), final=whole)
        count = SAMPLE_RECORDS * (_PLACES if whole else 1)
        samples: Sequence[Sample] = sample(window, [0, *scanned.ends.tolist()], check, count)
    else:
        outside, inside = readings(window, check, SAMPLE_RECORDS)
        kinder = inside if inside.fitting > outside.fitting or not outside.samples else outside
        samples = kinder.samples
    return [Sample(start + record.offset, record.misfit) for record in samples]


def _refuse(tested: Sequence[Sample], contract: Contract, layout: CsvLayout) -> None:
    first = tested[0]
    assert first.misfit is not None
    misfit, offset = first.misfit, first.offset + first.misfit.offset
    if misfit.code == CONTROL_CHARACTER:
        raise NotCsv(misfit.message, offset)
    if misfit.code == ENCODING_ERROR:
        raise EncodingMismatch(layout.encoding, misfit.message, offset)
    if len(tested) >= SAMPLE_RECORDS:
        raise SampleMismatch(len(tested), misfit.column, misfit.code, _expected(contract, misfit))


def _expected(contract: Contract, misfit: Misfit) -> str:
    if misfit.column is None:
        return f"{len(contract.fields)} fields"
    field = next(field for field in contract.fields if field.name == misfit.column)
    form = "" if field.format == "default" else f" {field.format}"
    return f"{field.type}{form}"
