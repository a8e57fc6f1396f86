"""128-bit keyed digests of the primary key, computed column by column.

Four independent *multilinear* hashes (Lemire and Kaser, "Strongly universal string hashing is
fast"): each sums the key's 32-bit words times secret 64-bit multipliers, modulo 2**64, and keeps
the upper 32 bits. Over the choice of the multipliers, two different keys collide with probability
2**-128; so without the seed nobody can make them collide, and 10**9 honest keys
will not. Values are taken as typed, so 1.5 and 1.50 are one key.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runtime.columns.string_column import StringColumn, memory

Words = npt.NDArray[np.uint64]

_HASHES = 4
#: Bytes. Longer text is replaced by its BLAKE2b hash, which limits the number of multipliers.
_LONG = 1024


def add_column(sums: Words, array: pa.Array[Any], seed: bytes, column: int) -> None:
    """Add a key column without nulls to *sums*, of shape (rows, 4). ``column`` is its index in the key."""
    if pa.types.is_string(array.type):
        _add_texts(sums, StringColumn.of(pa.concat_arrays([array]) if array.offset else array), seed, column)
        return
    width = array.type.bit_width // 8
    if not width:
        array, width = array.cast(pa.int8()), 1
    raw = memory(array.buffers()[1], np.uint8)[array.offset * width : (array.offset + len(array)) * width]
    sums += _of_words(raw.reshape(len(array), width), seed, column)


def initial(rows: int) -> Words:
    return np.zeros((rows, _HASHES), np.uint64)


def final(sums: Words) -> tuple[Words, Words]:
    """The digests as high and low halves."""
    upper = sums >> np.uint64(32)
    return (upper[:, 0] << np.uint64(32)) | upper[:, 1], (upper[:, 2] << np.uint64(32)) | upper[:, 3]


def _add_texts(sums: Words, texts: StringColumn, seed: bytes, column: int) -> None:
    for length in _distinct(texts.lengths):
        where, matrix = texts.of_length(length)
        if length > _LONG:
            long = b"".join(hashlib.blake2b(row.tobytes(), digest_size=64, key=seed[:64]).digest() for row in matrix)
            matrix = np.frombuffer(long, np.uint8).reshape(len(where), 64)
        partial = _of_words(matrix, seed, column) + np.uint64(length) * _multipliers(seed, column)[0]
        if len(where) == len(sums):
            sums += partial
        else:
            sums[where] += partial


def _distinct(lengths: npt.NDArray[np.int32]) -> list[int]:
    """The distinct lengths; keys of one length need no sorting."""
    if len(lengths) and lengths.min() == lengths.max():
        return [int(lengths[0])]
    distinct: list[int] = np.unique(lengths).tolist()
    return distinct


def _of_words(matrix: npt.NDArray[np.uint8], seed: bytes, column: int) -> Words:
    """The sums of rows of equal length in bytes; zeros fill the last word."""
    rows, width = matrix.shape
    if width % 4:
        padded = np.zeros((rows, -(-width // 4) * 4), np.uint8)
        padded[:, :width] = matrix
        matrix = padded
    words = matrix.view("<u4").astype(np.uint64)
    multipliers = _multipliers(seed, column)
    sums: Words = words @ multipliers[2 : 2 + words.shape[1]] + multipliers[1]
    return sums


@lru_cache(maxsize=64)
def _multipliers(seed: bytes, column: int) -> Words:
    """Row 0 multiplies the length, row 1 is added, the other rows multiply the words."""
    count = (2 + _LONG // 4) * _HASHES
    stream = hashlib.shake_256(column.to_bytes(4, "big") + seed).digest(8 * count)
    return np.frombuffer(stream, "<u8").astype(np.uint64).reshape(-1, _HASHES)
