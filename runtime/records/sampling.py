"""Is a file worth splitting: do any of the records in a few places fit its contract?"""

from __future__ import annotations

from typing import Sequence

import numpy as np

from runtime.contracts.model import Contract
from runtime.errors import EncodingMismatch, NotCsv, SampleMismatch
from runtime.models import Layout
from runtime.records.boundaries import SAMPLE_RECORDS, WINDOW_BYTES, Sample, readings, sample
from runtime.records.fields import CONTROL_CHARACTER, ENCODING_ERROR, Misfit, RecordCheck
from runtime.records.scanner import scan
from runtime.records.source import ByteSource

_PLACES = 3
_PROBLEMS_NAMED = 5


def check_samples(source: ByteSource, contract: Contract, layout: Layout) -> int:
    """Test up to 16 records each from the start, the middle and the end; return how many were tested.

    A bad row is data, so nothing is raised while one record can be used, or when the contract never
    rejects a file for its rows. Otherwise raises NotCsv or EncodingMismatch when a record held NULs or
    bytes of another encoding, else SampleMismatch.
    """
    check = RecordCheck(contract, layout)
    tested: list[tuple[int, Misfit]] = []
    fitting = 0
    for start, end in _windows(layout.header_end, source.size):
        for record in _sample_window(source, start, end, check):
            if record.misfit is None:
                fitting += 1
            else:
                tested.append((record.offset, record.misfit))
    if tested and not fitting and contract.rejected_rows_threshold is not None:
        _refuse(tested, layout)
    return len(tested) + fitting


def _windows(first: int, size: int) -> list[tuple[int, int]]:
    if size - first <= _PLACES * WINDOW_BYTES:
        return [(first, size)]
    middle = first + (size - first - WINDOW_BYTES) // 2
    return [(first, first + WINDOW_BYTES), (middle, middle + WINDOW_BYTES), (size - WINDOW_BYTES, size)]


def _sample_window(source: ByteSource, start: int, end: int, check: RecordCheck) -> list[Sample]:
    """Sample a window; offsets are in the file.

    Where it cannot be told whether the window starts inside quotes, the kinder reading counts.
    """
    window = source.read(start, end)
    if start == check.layout.header_end:
        whole = end == source.size
        found = scan(window, ord(check.layout.delimiter), ord(check.layout.quote), final=whole)
        count = SAMPLE_RECORDS * (_PLACES if whole else 1)
        samples: Sequence[Sample] = sample(window, np.insert(found.ends, 0, 0), check, count)
    else:
        outside, inside = readings(window, check, SAMPLE_RECORDS)
        kinder = inside if inside.fitting > outside.fitting or not outside.samples else outside
        samples = kinder.samples
    return [Sample(start + record.offset, record.misfit) for record in samples]


def _refuse(tested: Sequence[tuple[int, Misfit]], layout: Layout) -> None:
    for offset, misfit in tested:
        if misfit.code == CONTROL_CHARACTER:
            raise NotCsv(misfit.message, offset + misfit.offset)
    for offset, misfit in tested:
        if misfit.code == ENCODING_ERROR:
            raise EncodingMismatch(layout.encoding, misfit.message, offset + misfit.offset)
    problems = dict.fromkeys(f"{misfit.column}: {misfit.message}" if misfit.column else misfit.message for _, misfit in tested)
    raise SampleMismatch(len(tested), list(problems)[:_PROBLEMS_NAMED])
