"""A column of texts as numpy sees it, and Arrow arrays made from numpy without pandas.

``pa.array``, ``pa.scalar`` and ``Array.to_numpy`` import pandas; buffers do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Sequence, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Item = TypeVar("Item", bound=np.generic)


@dataclass(frozen=True)
class StringColumn:
    """*n* UTF-8 values without nulls: ``data`` is one after another, value *i* is ``data[starts[i]:starts[i] + lengths[i]]``."""

    array: pa.Array[Any]
    data: Bytes
    starts: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int32]

    @classmethod
    def of(cls, array: pa.Array[Any]) -> StringColumn:
        """Read an Arrow string array that has no offset and no nulls, as the CSV reader makes them."""
        _, offset_buffer, data_buffer = array.buffers()
        offsets = memory(offset_buffer, np.int32)[: len(array) + 1]
        data = memory(data_buffer, np.uint8)[: int(offsets[-1])]
        return cls(array, data, offsets[:-1], np.diff(offsets))

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def ascii(self) -> bool:
        return not len(self.data) or int(self.data.max()) < 128

    def of_length(self, length: int) -> tuple[npt.NDArray[np.intp], Bytes]:
        """The values of *length* bytes: their positions, and their bytes as one matrix."""
        where = np.flatnonzero(self.lengths == length)
        if len(where) == len(self) or not length * len(where):
            return where, self.data[: length * len(where)].reshape(len(where), length)
        # Every run of *length* bytes as one item: taking whole items is far cheaper than taking their bytes one by one.
        windows = np.ndarray(len(self.data) - length + 1, f"V{length}", self.data, strides=(1,))
        return where, windows[self.starts[where]].view(np.uint8).reshape(len(where), length)

    def equal(self, text: str) -> Mask:
        """Which values are *text*."""
        wanted = np.frombuffer(text.encode(), np.uint8)
        same: Mask = self.lengths == len(wanted)
        if len(wanted) and same.any():
            where, matrix = self.of_length(len(wanted))
            same[where] = (matrix == wanted).all(axis=1)
        return same

    def among(self, texts: Sequence[str]) -> Mask:
        """Which values are one of a few *texts*."""
        found = np.zeros(len(self), np.bool_)
        for text in texts:
            found |= self.equal(text)
        return found

    def where(self, wanted: Mask) -> StringColumn:
        return StringColumn.of(self.array.filter(boolean_array(wanted)))

    def rows_of(self, positions: Numbers) -> npt.NDArray[np.intp]:
        """Which value each byte position of ``data`` belongs to."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def nulled(self, null: Mask) -> pa.Array[Any]:
        """The Arrow array with nulls at *null*, its bytes shared."""
        if not null.any():
            return self.array
        _, offsets, data = self.array.buffers()
        return pa.Array.from_buffers(pa.string(), len(self), [bitmap(~null), offsets, data])

    def values(self, indexes: npt.NDArray[np.intp]) -> list[str]:
        """The texts at *indexes*, as Python has them."""
        data = self.data.data
        starts = self.starts[indexes]
        return [str(data[start:end], "utf-8") for start, end in zip(starts.tolist(), (starts + self.lengths[indexes]).tolist())]


def is_utf8(raw: bytes | pa.Buffer, start: int = 0, end: int | None = None) -> bool:
    """Whether ``raw[start:end]`` is UTF-8, by Arrow's test, which makes no text of it and no copy."""
    offsets = np.array([start, len(raw) if end is None else end], np.int32)
    text = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(offsets.data), pa.py_buffer(raw)])
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def bitmap(mask: Mask) -> pa.Buffer:
    return pa.py_buffer(np.packbits(mask, bitorder="little").tobytes())


def boolean_array(values: Mask, null: Mask | None = None) -> pa.Array[Any]:
    return pa.Array.from_buffers(pa.bool_(), len(values), [bitmap(~null) if null is not None and null.any() else None, bitmap(values)])


def fixed_array(kind: pa.DataType, values: npt.NDArray[np.generic], null: Mask) -> pa.Array[Any]:
    """An array of a fixed-width type from its numbers as they lie in memory."""
    return pa.Array.from_buffers(kind, len(values), [bitmap(~null) if null.any() else None, pa.py_buffer(values.data)])


def string_array(texts: Sequence[str]) -> pa.Array[Any]:
    encoded = [text.encode() for text in texts]
    offsets = np.zeros(len(encoded) + 1, np.int32)
    offsets[1:] = np.cumsum([len(value) for value in encoded])
    return pa.Array.from_buffers(pa.string(), len(encoded), [None, pa.py_buffer(offsets.data), pa.py_buffer(b"".join(encoded))])


def memory(buffer: pa.Buffer | None, dtype: type[Item]) -> npt.NDArray[Item]:
    """A buffer as numpy sees it, without a copy; nothing where Arrow allocated nothing."""
    return np.empty(0, dtype) if buffer is None else np.frombuffer(memoryview(buffer), dtype)


def numbers_of(array: pa.Array[Any], dtype: type[Item]) -> npt.NDArray[Item]:
    """The memory of a fixed-width array without offset; what stands at nulls means nothing."""
    return memory(array.buffers()[1], dtype)[: len(array) * (array.type.bit_width // 8) // np.dtype(dtype).itemsize]
