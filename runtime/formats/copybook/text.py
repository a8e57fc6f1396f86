"""Characters of a code page to columns of UTF-8, and back. Blanks and low-values at the end of an item are padding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runtime.columns.string_column import Bytes, Mask, StringColumn
from runtime.contracts.code_pages import UNDEFINED, characters, is_control
from runtime.formats.copybook.bit_words import cut

_BLANK, _LAST_PRINTABLE = 0x20, 0x7E
#: Stands for every byte that is no printable ASCII character and no NUL.
_OTHER = 0xFF


@dataclass(frozen=True)
class CodePage:
    """The tables of a page.

    ``ascii`` turns bytes into ASCII, all others but NUL into 0xFF. ``utf8`` has each byte's
    character, shape (256, 3), of which ``widths`` says how many bytes count. ``refused`` are
    control characters and undefined bytes.
    """

    ascii: bytes
    utf8: Bytes
    widths: Bytes
    refused: Mask


@lru_cache(maxsize=16)
def code_page(name: str) -> CodePage:
    found = characters(name)
    encoded = [character.encode() for character in found]
    printable = [character == "\0" or " " <= character <= "~" for character in found]
    return CodePage(
        ascii=bytes(ord(character) if plain else _OTHER for character, plain in zip(found, printable)),
        utf8=np.array([list(each.ljust(3, b"\0")) for each in encoded], np.uint8),
        widths=np.array([len(each) for each in encoded], np.uint8),
        refused=np.array([is_control(character) or character == UNDEFINED for character in found]),
    )


def decode(matrix: Bytes, start: int, length: int, page: CodePage) -> tuple[StringColumn, Mask]:
    """The texts of *length* bytes from *start*, without padding; and which hold a control character or an undefined byte."""
    raw = cut(matrix, start, length)
    plain = np.frombuffer(raw.tobytes().translate(page.ascii), np.uint8).reshape(raw.shape)
    lengths = _trimmed(plain)
    bad = np.zeros(len(raw), np.bool_)
    odd = plain - np.uint8(_BLANK) > _LAST_PRINTABLE - _BLANK
    if not odd.any():
        kept = _kept(plain, lengths)
        return _texts(kept, lengths), bad
    inside = np.arange(length) < lengths[:, np.newaxis]
    bad |= (page.refused[raw] & inside).any(axis=1)
    codes = raw[inside]
    widths = page.widths[codes]
    # Every character's first byte, its second behind it, its third behind that, as far as it has them.
    data = page.utf8[codes][np.arange(page.utf8.shape[1]) < widths[:, np.newaxis]]
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(widths, dtype=np.int64)))
    record_ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)))
    return _texts(data, np.diff(ends[record_ends]).astype(np.int32)), bad


def _trimmed(plain: Bytes) -> npt.NDArray[np.int32]:
    """The length of each text without the blanks and NULs at its end."""
    lengths = np.full(len(plain), plain.shape[1], np.int32)
    padded = np.ones(len(plain), np.bool_)
    for column in range(plain.shape[1] - 1, -1, -1):
        last = plain[:, column]
        padded &= (last == _BLANK) | (last == 0)
        if not padded.any():
            break
        lengths -= padded
    return lengths


def _kept(plain: Bytes, lengths: npt.NDArray[np.int32]) -> Bytes:
    longest = int(lengths.max(initial=0))
    if longest == plain.shape[1] and int(lengths.min(initial=longest)) == longest:
        return plain.reshape(-1)
    head = plain[:, :longest]
    kept: Bytes = head[np.arange(longest) < lengths[:, np.newaxis]]
    return kept


def _texts(data: Bytes, lengths: npt.NDArray[np.int32]) -> StringColumn:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    array: pa.Array[Any] = pa.Array.from_buffers(pa.string(), len(lengths), [None, pa.py_buffer(offsets.data), pa.py_buffer(data.data)])
    return StringColumn(array, data, offsets[:-1], lengths)


def digit_texts(values: npt.NDArray[np.int64], digits: int) -> StringColumn:
    """Whole numbers as texts of *digits* digits, zeros in front."""
    data = np.empty((len(values), digits), np.uint8)
    rest = values
    for column in range(digits - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        data[:, column] = digit + ord("0")
    return _texts(data.reshape(-1), np.full(len(values), digits, np.int32))
