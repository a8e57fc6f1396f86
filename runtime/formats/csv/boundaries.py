"""One record boundary, guessed from a small window before a given offset.

A newline inside quotes ends no record, and from the middle of a file it is open whether a quote was opened
before. There are only two possibilities, so both are read to their end and weighed:

1. If both readings have the same last boundary, it is one, whichever is right: this is a proof.
   It is also what quote grammar comes to. The first quote that cannot be what one reading takes
   it for (text right after a closing quote, text right before an opening one) brings the two
   readings together, so one ordinary quoted field in the window decides.
   Most of the time the last few kilobytes do: ``runtime.formats.csv.quotes`` looks at them first.
2. Otherwise (mostly: no quote in the window) a reading survives when records end in the window
   and enough of them fit the contract; it is refuted when none ends or none of several fits. A
   boundary is accepted only where one reading survives and the other is refuted.

A guess that is wrong all the same costs time and no row: ``runtime.chunk.proofs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Sequence

from runtime.core.limits import SAMPLE_RECORDS
from runtime.formats.csv.fields import Misfit, RecordCheck, without_terminator
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.csv.quotes import proved_boundary
from runtime.formats.source import ByteSource

if TYPE_CHECKING:
    from runtime.formats.csv.scanner import Offsets

#: The first window, then up to the widest in steps of four.
WINDOW_BYTES = 64 * 1024
WIDEST_WINDOW_BYTES = 1024 * 1024

#: A reading survives when at least one in so many records fits: three bad rows in four are possible.
SURVIVES_ONE_IN = 4
#: A reading without a single fitting record is refuted when it had at least so many.
REFUTED_RECORDS = 4


@dataclass(frozen=True)
class Sample:
    """One record that was tested; ``offset`` is in its window, ``misfit`` None when it can be used."""

    offset: int
    misfit: Misfit | None


@dataclass(frozen=True)
class Reading:
    """The record ends of a window under one assumption, and a sample of the records between them."""

    ends: Offsets
    samples: Sequence[Sample]

    @property
    def fitting(self) -> int:
        return sum(sample.misfit is None for sample in self.samples)

    @property
    def survives(self) -> bool:
        return self.fitting > 0 and self.fitting * SURVIVES_ONE_IN >= len(self.samples)

    @property
    def refuted(self) -> bool:
        return not len(self.ends) or (self.fitting == 0 and len(self.samples) >= REFUTED_RECORDS)


def last_boundary(source: ByteSource, floor: int, limit: int, check: RecordCheck) -> int | None:
    """The last record boundary in ``[floor, limit]``, or None where it stays open; *floor* is one.

    Reads 64 KiB before *limit*, and up to 1 MiB where those leave it open. The answer is exact when
    the window reaches back to *floor*, and *floor* itself when no record ends in between.
    """
    window_bytes = WINDOW_BYTES
    delimiter, quote = check.layout.delimiter.encode(), check.layout.quote.encode()
    while True:
        start = max(limit - window_bytes, floor)
        window = source.read(start, limit)
        boundary = proved_boundary(window, delimiter, quote)
        if boundary is None and start == floor:
            ends = _ends(window, 0, check.layout, inside=False, previous=ord("\n"))
            return int(floor + ends[-1]) if len(ends) else floor
        if boundary is None:
            boundary = _agreed_or_weighed(window, check)
        if boundary is not None:
            return start + boundary
        if window_bytes >= WIDEST_WINDOW_BYTES:
            return None
        window_bytes *= 4


def readings(window: bytes, check: RecordCheck, count: int) -> tuple[Reading, Reading]:
    """Both readings of a window that starts anywhere, *count* records sampled: outside quotes, then inside."""
    outside, inside = _both(window, check.layout)
    return Reading(outside, sample(window, outside, check, count)), Reading(inside, sample(window, inside, check, count))


def sample(window: bytes, boundaries: Offsets | Sequence[int], check: RecordCheck, count: int) -> list[Sample]:
    """Test up to *count* records, evenly spread over those between *boundaries*; blank lines are none."""
    records = len(boundaries) - 1
    chosen = range(records) if records <= count else [(records - 1) * place // (count - 1) for place in range(count)]
    spans = [(int(boundaries[i]), int(boundaries[i + 1])) for i in chosen]
    return [Sample(start, check.misfit(window[start:end])) for start, end in spans if without_terminator(window[start:end])]


def _agreed_or_weighed(window: bytes, check: RecordCheck) -> int | None:
    outside, inside = _both(window, check.layout)
    if len(outside) and len(inside) and outside[-1] == inside[-1]:
        return int(outside[-1])
    if not check.tells_records_from_text:
        return None
    first, second = (Reading(ends, sample(window, ends, check, SAMPLE_RECORDS)) for ends in (outside, inside))
    for reading, other in ((first, second), (second, first)):
        if reading.survives and other.refuted:
            return int(reading.ends[-1])
    return None


def _both(window: bytes, layout: CsvLayout) -> tuple[Offsets, Offsets]:
    # The first byte only shows what precedes the second. After a quote there are three
    # possibilities (it closed a field, or is half of an escape), so the reading starts after none.
    quote = ord(layout.quote)
    start = 1
    while start < len(window) and window[start - 1] == quote:
        start += 1
    return (
        _ends(window, start, layout, inside=False, previous=window[start - 1]),
        _ends(window, start, layout, inside=True, previous=window[start - 1]),
    )


def _ends(window: bytes, start: int, layout: CsvLayout, *, inside: bool, previous: int) -> Offsets:
    from runtime.formats.csv.scanner import record_ends  # noqa: PLC0415 - numpy, 300 ms, which most plans start without

    block = memoryview(window)[start:]
    return record_ends(block, ord(layout.delimiter), ord(layout.quote), inside=inside, previous=previous) + start
