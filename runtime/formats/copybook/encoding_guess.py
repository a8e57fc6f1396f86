"""Is there text of the other family, ASCII where the contract says EBCDIC or the reverse? Told by what its own page makes of it.

Only the bytes of text and of DISPLAY numbers say anything: a packed or binary number may have any bytes, those of
letters too. They are seen where they stand in every record, that is before the first table that varies, and outside
of redefinitions that are chosen. Zeros count for nothing: they pad both.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from runtime.columns.string_column import Mask
from runtime.contracts.code_pages import characters, is_ebcdic
from runtime.formats.copybook.blocks import Bytes, gathered
from runtime.formats.copybook.chains import Chain
from runtime.formats.copybook.items import TEXT, ZONED, ElementaryItem
from runtime.formats.copybook.record import Record
from runtime.formats.copybook.zoned import is_signed_digit, sign_bytes

#: Fewer bytes of text than this are no evidence.
_FEWEST_BYTES = 16
#: So many in a hundred are what the other family writes as text,
_CERTAIN_PERCENT = 85
#: while the contract's own page reads fewer than so many of them; if it reads so many digits, the file is its own.
_OWN_PERCENT = 50

_EBCDIC_BLANK, _ASCII_BLANK = 0x40, 0x20
#: What text has in the one and not in the other. EBCDIC has its blank at ASCII's ``@``, and letters and digits above ASCII.
_CODES = np.arange(256)
_ASCII_TEXT = ((_CODES >= _ASCII_BLANK) & (_CODES < 0x7F) & (_CODES != _EBCDIC_BLANK)) | np.isin(_CODES, list(b"\t\r\n"))
_EBCDIC_TEXT = (_CODES >= 0x81) | (_CODES == _EBCDIC_BLANK)


class OtherText(NamedTuple):
    """``percent`` of the bytes of text are of ``family``, the first of them at ``offset``."""

    family: str
    percent: int
    offset: int


def other_text(head: bytes, chain: Chain, record: Record, page: str, *, variable: bool) -> OtherText | None:
    """What speaks against *page* in *head*, in which *chain* are the records; None where it may well be."""
    if len(chain.starts):
        length = min([record.minimum, *(table.offset for table in record.tables)]) if variable else record.maximum
        matrix, starts = gathered(head, chain.starts, length), chain.starts
        always = [item for item in record.items if not item.when and item.offset + item.length <= length]
        text, zoned = (_columns([item for item in always if item.kind == kind], length) for kind in (TEXT, ZONED))
    else:
        # No record at all: the file is refused in any case, and what it is says why.
        matrix, starts = np.frombuffer(head, np.uint8).reshape(1, -1), np.zeros(1, np.int64)
        text, zoned = np.ones(len(head), np.bool_), np.zeros(len(head), np.bool_)
    own_digits, own_text = _own(page)
    texts, numbers = _counts(matrix[:, text]), _counts(matrix[:, zoned])
    read = int(numbers[own_digits].sum())
    if numbers.any() and 100 * read >= _OWN_PERCENT * int(numbers.sum()):
        return None
    counts = texts + numbers
    family, other = ("ASCII", _ASCII_TEXT) if is_ebcdic(page) else ("EBCDIC", _EBCDIC_TEXT)
    total = int(counts.sum())
    percent = 100 * int(counts[other].sum()) // max(total, 1)
    if total < _FEWEST_BYTES or percent < _CERTAIN_PERCENT or 100 * (read + int(texts[own_text].sum())) >= _OWN_PERCENT * total:
        return None
    row, column = (int(at[0]) for at in np.nonzero(other[matrix] & (text | zoned)))
    return OtherText(family, percent, int(starts[row]) + column)


def _columns(items: Sequence[ElementaryItem], length: int) -> Mask:
    columns = np.zeros(length, np.bool_)
    for item in items:
        columns[item.offset : item.offset + item.length] = True
    return columns


def _counts(matrix: Bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    counts = np.bincount(matrix.ravel(), minlength=256)
    counts[0] = 0
    return counts


def _own(page: str) -> tuple[Mask, Mask]:
    """The bytes of numbers, and of letters and marks, that *page* has of its own; ``@`` is the other's blank."""
    ebcdic, found = is_ebcdic(page), characters(page)
    text = np.array([" " <= character <= "~" for character in found]) & (ebcdic | (_CODES != _EBCDIC_BLANK))
    digits = np.array([is_signed_digit(code, ebcdic=ebcdic) for code in range(256)])
    digits[[*sign_bytes(ebcdic=ebcdic), found.index(" ")]] = True
    return digits, text
