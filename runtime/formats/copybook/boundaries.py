"""One record boundary among records with descriptors, found from a window before a given offset.

In the middle of a file no byte marks the beginning of a record, but one begins within any stretch as
long as the longest record. So every offset of the window's first such stretch is taken for a beginning and
followed. In an intact file the true chain is among those that reach the end of the window; when all
that do have the same last boundary, it is one. That is a proof, whatever the records hold; only a chain
that is broken in the window can make it wrong, and what follows from that is found by the chunks' proofs.
"""

from __future__ import annotations

import numpy as np

from runtime.formats.copybook.chains import whole_records
from runtime.formats.copybook.record_form import DESCRIPTOR_BYTES, RecordForm
from runtime.formats.source import ByteSource

#: The first window, then up to the widest in steps of four. The first holds two of the longest records.
WINDOW_BYTES = 64 * 1024
WIDEST_WINDOW_BYTES = 1024 * 1024


def last_boundary(source: ByteSource, form: RecordForm, floor: int, limit: int) -> int | None:
    """The last record boundary in ``[floor, limit]``, or None where it stays open; *floor* is one.

    A window that reaches back to *floor* has the chain itself: then the answer is exact, and before the byte where that is broken.
    """
    window_bytes = WINDOW_BYTES
    while True:
        start = max(limit - window_bytes, floor)
        window = source.read(start, limit)
        if start == floor:
            return floor + whole_records(window, form).end
        boundary = _agreed(window, form)
        if boundary is not None:
            return start + boundary
        if window_bytes >= WIDEST_WINDOW_BYTES:
            return None
        window_bytes *= 4


def _agreed(window: bytes, form: RecordForm) -> int | None:
    """The last boundary of every chain that goes through the window; None when they have several, or there is none."""
    data = np.frombuffer(window, np.uint8)
    seen = len(data) - DESCRIPTOR_BYTES + 1
    lengths = data[:seen].astype(np.int64) << 8 | data[1 : 1 + seen]
    possible = ((data[2 : 2 + seen] | data[3 : 3 + seen]) == 0) & (lengths >= form.shortest) & (lengths <= form.longest)
    # Where the record that begins at an offset ends. A chain stays at its last boundary in the window; one more place is for the dead.
    following = np.arange(len(data) + 2)
    dead = len(data) + 1
    ends = following[:seen] + lengths
    following[:seen] = np.where(possible, np.where(ends <= len(data), ends, following[:seen]), dead)
    while True:
        further = following[following]
        if np.array_equal(further, following):
            break
        following = further
    lasts = np.unique(following[: form.longest])
    lasts = lasts[lasts != dead]
    return int(lasts[0]) if len(lasts) == 1 else None
