"""Primary keys over a whole file in bounded memory: each chunk leaves sorted digests, and these are merged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runtime.contracts.model import Contract
from runtime.rows import digests

#: Big-endian, so that the bytes sort as the numbers do. ``row`` is the row's ordinal in its chunk.
ENTRY = np.dtype([("high", ">u8"), ("low", ">u8"), ("row", "<u4")])


class KeyDigester:
    """Collects the digests of a chunk's accepted rows."""

    def __init__(self, contract: Contract, seed: bytes) -> None:
        self._columns, self._seed = contract.primary_key, seed
        self._entries: list[npt.NDArray[np.void]] = []

    def add(self, accepted: pa.Table, rows: npt.NDArray[np.int64]) -> None:
        """Take accepted rows and their ordinals in the chunk."""
        sums = digests.initial(accepted.num_rows)
        for place, name in enumerate(self._columns):
            digests.add_column(sums, accepted.column(name).chunk(0), self._seed, place)
        entries = np.empty(accepted.num_rows, ENTRY)
        entries["high"], entries["low"] = digests.final(sums)
        entries["row"] = rows
        self._entries.append(entries)

    def to_bytes(self) -> bytes:
        """All entries, sorted by digest, then row."""
        if not self._entries:
            return b""
        entries = np.concatenate(self._entries)
        high, low = entries["high"].astype(np.uint64), entries["low"].astype(np.uint64)
        order = np.argsort(high)
        if (np.diff(high[order]) == 0).any():
            order = np.lexsort((entries["row"], low, high))
        return entries[order].tobytes()
