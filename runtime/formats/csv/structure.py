"""Records that are no rows at all, found before anything is parsed: the parser only sees what it cannot misread."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from runtime.columns.string_column import Mask, Numbers, is_utf8
from runtime.core.reason_codes import CONTROL_CHARACTER, ENCODING_ERROR, QUOTE_ERROR
from runtime.formats.csv.blocks import Block
from runtime.formats.csv.scanner import CR, LF, find

_RECORDS_TOGETHER = 256
_QUOTE_MESSAGE = "a quote is misplaced: quote the whole field and double the quotes inside it"


@dataclass(frozen=True)
class Structure:
    """The records of a block by their index.

    ``starts`` and ``ends`` are offsets in the block, terminators included; ``blank`` are lines
    without a byte; ``faults`` maps a record that is no row to (code, message); ``text`` is UTF-8 of
    the records ``kept``, the rest.
    """

    starts: Numbers
    ends: Numbers
    blank: Mask
    faults: dict[int, tuple[str, str]]
    kept: npt.NDArray[np.intp]
    text: bytes


def structure(block: Block, encoding: str) -> Structure:
    """Sort the records of *block* by what their bytes allow; a record has one fault, the first of the codes above."""
    ends = block.scan.ends
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    data = np.frombuffer(block.data, np.uint8)
    blank = _blank(data, starts, ends)
    faults: dict[int, tuple[str, str]] = {int(index): (QUOTE_ERROR, _QUOTE_MESSAGE) for index in block.scan.malformed}
    text = _decoded(block.data, encoding)
    if text is None:
        faults.update(_undecodable(block.data, starts, ends, encoding))
    for index, message in _control_characters(block.data, data, ends).items():
        if not blank[index]:
            faults[index] = (CONTROL_CHARACTER, message)
    cut = blank.copy()
    cut[list(faults)] = True
    kept = np.flatnonzero(~cut)
    if faults or text is None:
        raw = _joined(block.data, starts, ends, ~cut)
        text = raw if encoding == "utf-8" else raw.decode(encoding).encode()
    return Structure(starts, ends, blank, faults, kept, text)


def _blank(data: npt.NDArray[np.uint8], starts: Numbers, ends: Numbers) -> Mask:
    lengths = ends - starts
    blank: Mask = lengths <= 2
    short = np.flatnonzero(blank)
    first = data[starts[short]]
    last = data[ends[short] - 1]
    blank[short] = np.where(lengths[short] == 1, (first == LF) | (first == CR), (first == CR) & (last == LF))
    return blank


def _control_characters(raw: bytes, data: npt.NDArray[np.uint8], ends: Numbers) -> dict[int, str]:
    """Records with a NUL or a carriage return that no line feed follows."""
    found: dict[int, str] = {}
    if b"\r" in raw:
        returns = find(data, CR)
        last = len(data) - 1
        lone = returns[(data[np.minimum(returns + 1, last)] != LF) | (returns == last)]
        found.update(dict.fromkeys(np.searchsorted(ends, lone, side="right").tolist(), "a carriage return without a line feed"))
    if b"\0" in raw:
        found.update(dict.fromkeys(np.searchsorted(ends, find(data, 0), side="right").tolist(), "a NUL byte"))
    return found


def _decoded(raw: bytes, encoding: str) -> bytes | None:
    """*raw* as UTF-8, or None where it is not text in *encoding*."""
    if raw.isascii():
        return raw
    if encoding == "utf-8":
        return raw if is_utf8(raw) else None
    try:
        return raw.decode(encoding).encode()
    except UnicodeDecodeError:
        return None


def _undecodable(raw: bytes, starts: Numbers, ends: Numbers, encoding: str) -> dict[int, tuple[str, str]]:
    """The faults of records that are not text, found by decoding on after each of them.

    No character spans a line feed in these encodings, so records can be read apart. They are read
    a few together, since an error of Python's takes a copy of all that was to be decoded.
    """
    found: dict[int, tuple[str, str]] = {}
    buffer = pa.py_buffer(raw)
    for first in range(0, len(ends), _RECORDS_TOGETHER):
        together = ends[first : first + _RECORDS_TOGETHER]
        if encoding == "utf-8" and is_utf8(buffer, int(starts[first]), int(together[-1])):
            continue
        edges: list[int] = [int(starts[first]), *together.tolist()]
        at = _undecodable_at(raw, edges[0], edges[-1], encoding)
        while at is not None:
            after = bisect_right(edges, at)
            message = f"byte 0x{raw[at]:02X} at position {at - edges[after - 1]} of the record is not {encoding}"
            found[first + after - 1] = (ENCODING_ERROR, message)
            at = _undecodable_at(raw, edges[after], edges[-1], encoding)
    return found


def _undecodable_at(raw: bytes, start: int, end: int, encoding: str) -> int | None:
    """The first byte of ``raw[start:end]`` that is no text in *encoding*."""
    try:
        raw[start:end].decode(encoding)
    except UnicodeDecodeError as error:
        return start + error.start
    return None


def _joined(raw: bytes, starts: Numbers, ends: Numbers, keep: Mask) -> bytes:
    """The records to *keep*, runs of neighbours copied at once."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], keep, [False])).astype(np.int8)))
    pieces = [raw[starts[first] : ends[after - 1]] for first, after in zip(edges[::2].tolist(), edges[1::2].tolist())]
    return b"".join(pieces)
