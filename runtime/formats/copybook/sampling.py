"""Records from the start, the middle and the end of a file, to see whether it is worth splitting."""

from __future__ import annotations

from typing import Iterator

import numpy as np

from runtime.core.limits import SAMPLE_RECORDS
from runtime.formats.copybook.blocks import RecordBlock
from runtime.formats.copybook.boundaries import WINDOW_BYTES, last_boundary
from runtime.formats.copybook.chains import whole_records
from runtime.formats.copybook.record_form import RecordForm
from runtime.formats.source import ByteSource

_PLACES = 3


def sample_blocks(source: ByteSource, form: RecordForm) -> Iterator[RecordBlock]:
    """Up to 16 records each from three places, evenly spread there; from one place where the file is small.

    Offsets count from the beginning of the file. A place without a certain boundary gives no record.
    """
    window_bytes = max(WINDOW_BYTES, form.longest)
    if source.size <= _PLACES * window_bytes:
        windows, count = [(0, source.size)], SAMPLE_RECORDS * _PLACES
    else:
        middle = (source.size - window_bytes) // 2
        windows, count = [(begin, begin + window_bytes) for begin in (0, middle, source.size - window_bytes)], SAMPLE_RECORDS
    for begin, end in windows:
        start = _boundary_before(source, form, begin)
        if start is not None:
            block = _spread(source.read(start, end), start, form, count)
            if len(block):
                yield block


def _boundary_before(source: ByteSource, form: RecordForm, offset: int) -> int | None:
    return last_boundary(source, form, 0, offset) if form.variable else offset - offset % form.maximum


def _spread(data: bytes, offset: int, form: RecordForm, count: int) -> RecordBlock:
    chain = whole_records(data, form)
    chosen = np.unique(np.linspace(0, len(chain.starts) - 1, min(count, len(chain.starts))).astype(np.int64))
    return RecordBlock(data, offset, chain.starts[chosen], chain.lengths[chosen])
