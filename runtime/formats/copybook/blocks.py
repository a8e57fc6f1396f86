"""Whole records in a piece of a chunk: what the reader hands out, and what decoding and judging take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class RecordBlock:
    """``data`` begins at the chunk's byte ``offset``; record *i* is the ``lengths[i]`` bytes of it from ``starts[i]``.

    A record is its content: where records have descriptors, each stands before its record's start.
    """

    data: bytes
    offset: int
    starts: Integers
    lengths: Integers

    @classmethod
    def fixed(cls, data: bytes, offset: int, length: int) -> RecordBlock:
        """Records of *length* bytes without descriptors, of which *data* is a whole number."""
        starts = np.arange(0, len(data), length, dtype=np.int64)
        return cls(data, offset, starts, np.full(len(starts), length, np.int64))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def ends(self) -> Integers:
        """Where in ``data`` each record ends."""
        return self.starts + self.lengths

    @property
    def matrix(self) -> Bytes:
        """``(records, length)`` of records that are all of one length; a view, not a copy, where they are evenly spaced.

        Raises ValueError for records of several lengths.
        """
        if not len(self):
            return np.empty((0, 0), np.uint8)
        length = int(self.lengths[0])
        if (self.lengths != length).any():
            raise ValueError("the records are of several lengths")
        data = np.frombuffer(self.data, np.uint8)
        steps = np.diff(self.starts)
        if len(steps) and (steps == steps[0]).all():
            return np.lib.stride_tricks.as_strided(data[self.starts[0] :], (len(self), length), (int(steps[0]), 1), writeable=False)
        return gathered(self.data, self.starts, length)


def gathered(data: bytes, starts: Integers, length: int) -> Bytes:
    """The *length* bytes from each of *starts*, all within *data*, as a matrix: copied item by item, which takes no index of every byte."""
    if not len(starts):
        return np.empty((0, length), np.uint8)
    windows = np.ndarray(len(data) - length + 1, f"V{length}", data, strides=(1,))
    matrix: Bytes = windows[starts].view(np.uint8).reshape(len(starts), length)
    return matrix
