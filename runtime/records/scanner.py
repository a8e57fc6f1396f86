"""Where records end, decided on the bytes alone.

The grammar is RFC 4180 with a defined meaning for what breaks it:

* A record ends at a line feed outside quotes; a carriage return right before it belongs to the
  terminator. A lone carriage return ends nothing.
* A quote opens a quoted field only as the first byte of a field. Inside, two quotes are one
  escaped quote; a single one closes the field and must be followed by the delimiter, LF, CR LF or
  the end. If anything else follows, the record is malformed and the field goes on unquoted.
* A quote anywhere else makes its record malformed and opens nothing.

Delimiter and quote are single ASCII bytes, and encodings are supersets of ASCII in which no
other character contains those bytes, so nothing is decoded here.

The bytes between quotes never change whether we are inside a quoted field. It is therefore enough
to run the grammar over the *positions* of the quotes, and that is vectorized:
:func:`_follow_quotes` says how, and why it is right.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Union

import numpy as np
import numpy.typing as npt

LF = 0x0A
CR = 0x0D

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Block = Union[bytes, bytearray, memoryview, Bytes]


@dataclass(frozen=True)
class Scan:
    """The records of one block; all offsets are relative to the block.

    ``ends[i]`` is just after record *i*'s terminator; blank lines count as records here.
    ``malformed`` holds indices of ``ends``, ascending. ``open_quote`` is the quote that opened the
    field which is still open at the end of the block. ``tail`` is where the unfinished last
    record starts, or the block's length when there is none.
    """

    ends: Offsets
    malformed: Offsets
    open_quote: int | None
    tail: int


def scan(block: Block, delimiter: int, quote: int, *, final: bool) -> Scan:
    """Scan a *block* that starts at a record start.

    ``final`` says that the input ends with the block: a last record without a terminator is then
    a record, unless its quote is still open.
    """
    data = _as_bytes(block)
    quotes = _follow_quotes(data, delimiter, quote, inside=False, previous=LF, final=final)
    ends = _ends(data, quotes)
    tail = int(ends[-1]) if len(ends) else 0
    if final and tail < len(data) and not quotes.inside[-1]:
        tail = len(data)
        ends = np.append(ends, tail)
    return Scan(ends, _malformed(ends, quotes.illegal), quotes.open_quote, tail)


def record_ends(block: Block, delimiter: int, quote: int, *, inside: bool, previous: int) -> Offsets:
    """Where records end in a block that starts anywhere, if it starts *inside* a quoted field or not.

    ``previous`` is the byte before the block; when it is a quote, neither assumption need hold.
    """
    data = _as_bytes(block)
    return _ends(data, _follow_quotes(data, delimiter, quote, inside=inside, previous=previous, final=False))


class BoundaryScanner:
    """Follows the quotes of consecutive pieces, cut anywhere, and keeps only its state.

    It asks for the record ends near a few offsets only, so it runs at the speed of counting quotes.
    """

    def __init__(self, delimiter: int, quote: int, start: int) -> None:
        """*start* is the offset of a record start, where the first piece begins."""
        self._delimiter, self._quote = delimiter, quote
        self._inside = False
        self._closed = False
        self._previous = LF
        self._piece: bytes = b""
        self._piece_start = start
        self._quotes = _NO_QUOTES
        self._boundary_before_piece = start
        self.position = start

    def feed(self, piece: bytes) -> None:
        """Take the next bytes. Answers are about them until the next call."""
        if not piece:
            return
        self._boundary_before_piece = self.boundary_at_or_before(self.position)
        # The quote that closed a field as the last byte of a piece was half of an escaped quote
        # if this piece begins with the other half.
        reopened = self._closed and piece[0] == self._quote
        self._piece, self._piece_start = piece[1:] if reopened else piece, self.position + reopened
        data = _as_bytes(self._piece)
        self._quotes = quotes = _follow_quotes(
            data, self._delimiter, self._quote, inside=self._inside or reopened, previous=self._previous, final=False
        )
        self.position += len(piece)
        self._closed = bool(len(quotes.positions) and quotes.positions[-1] == len(data) - 1 and quotes.inside[-2] and not quotes.inside[-1])
        self._inside = bool(quotes.inside[-1])
        self._previous = piece[-1]

    def boundary_at_or_before(self, limit: int) -> int:
        """The last record boundary that is no later than *limit*, an offset of the current piece."""
        end = limit - self._piece_start
        while True:
            feed = self._piece.rfind(b"\n", 0, max(end, 0))
            if feed < 0:
                return self._boundary_before_piece
            consumed = int(np.searchsorted(self._quotes.positions, feed))
            if not self._quotes.inside[consumed]:
                return self._piece_start + feed + 1
            # Inside a quoted field: nothing ends between here and the quote that opened it.
            end = int(self._quotes.positions[consumed - 1]) if consumed else 0


@dataclass(frozen=True)
class _Quotes:
    """``inside[i]`` says whether the bytes after *i* of the quotes are inside a quoted field.

    ``positions`` are all quotes, ``illegal`` the positions of those that make a record malformed,
    ``open_quote`` the opening quote of the field that is open at the end, where it is in the block.
    """

    positions: Offsets
    inside: Flags
    illegal: Offsets
    open_quote: int | None


_NO_OFFSETS = np.empty(0, dtype=np.int64)
_NO_QUOTES = _Quotes(_NO_OFFSETS, np.zeros(1, dtype=np.bool_), _NO_OFFSETS, None)


def _follow_quotes(data: Bytes, delimiter: int, quote: int, *, inside: bool, previous: int, final: bool) -> _Quotes:
    """Run the grammar over the quotes of *data*.

    *inside* and *previous* (the byte before) are the state at its beginning.

    Number the quotes 0, 1, 2... and let *base* be the number of one met outside quotes. **Parity
    reading**: quotes base, base+2... open and those between close. It equals the grammar for as long as

    * each opening quote starts a field (delimiter or LF before it) or touches the closing quote
      before it: the two are then an escaped quote, and closing and reopening between two adjacent
      bytes changes the state of no byte;
    * each closing quote is followed by delimiter, LF, CR LF, the end, or such a reopening quote.

    By induction: outside, a quote at the start of a field opens it; inside, the next quote either
    closes (second rule) or is half of an escape (first rule), which is all that the grammar knows.
    The first quote that breaks its rule is the first that the grammar calls illegal, and in both
    cases the grammar is *outside* after it: an illegal opening opens nothing, an illegal closing
    closes. Quotes that touch an illegal opening stand in the same unquoted field and are as
    illegal. So the parity reading starts anew at the next quote, and the whole block costs two
    vectorized readings plus one step for each illegal quote.
    """
    positions = np.flatnonzero(data == quote)
    count = len(positions)
    if not count:
        return _Quotes(positions, np.array([inside]), _NO_OFFSETS, None)
    touches = np.zeros(count, dtype=np.bool_)
    touches[1:] = positions[1:] == positions[:-1] + 1
    misplaced_open = ~(_starts_field(data, positions, delimiter, previous) | touches)
    misplaced_close = ~_ends_field(data, positions, delimiter, final)
    misplaced_close[:-1] &= ~touches[1:]

    def broken(parity: int) -> list[int]:
        either = misplaced_close.copy()
        either[parity::2] = misplaced_open[parity::2]
        found: list[int] = np.flatnonzero(either).tolist()
        return found

    base = -1 if inside else 0
    first_quotes, bases, illegal, touching = [0], [base], [], []
    breaks = {base & 1: broken(base & 1)}
    if breaks[base & 1]:
        breaks[~base & 1] = broken(~base & 1)
        apart: list[int] = np.flatnonzero(~touches).tolist()
        while True:
            candidates = breaks[base & 1]
            at = bisect_left(candidates, base)
            if at == len(candidates):
                break
            break_at = candidates[at]
            next_apart = bisect_left(apart, break_at + 1)
            base = apart[next_apart] if next_apart < len(apart) else count
            illegal.append(break_at)
            first_quotes.append(base)
            bases.append(base)
            if base > break_at + 1:
                touching.append((break_at + 1, base))
    consumed = np.arange(count + 1)
    inside_after = ((consumed - np.repeat(bases, np.diff([*first_quotes, count + 1]))) & 1).astype(np.bool_)
    for start, end in touching:
        inside_after[start:end] = False
    return _Quotes(positions, inside_after, positions[illegal], _open_quote(positions, touches, inside_after, base))


def _ends(data: Bytes, quotes: _Quotes) -> Offsets:
    feeds = np.flatnonzero(data == LF)
    return feeds[~quotes.inside[np.searchsorted(quotes.positions, feeds)]] + 1


def _malformed(ends: Offsets, illegal: Offsets) -> Offsets:
    """The records that have a quote where none may be, once each; ``np.unique`` would import ``numpy.ma``."""
    records = np.searchsorted(ends, illegal, side="right")
    return records[(np.diff(records, prepend=-1) > 0) & (records < len(ends))]


def _starts_field(data: Bytes, positions: Offsets, delimiter: int, previous: int) -> Flags:
    before = data[positions - 1]
    if positions[0] == 0:
        before[0] = previous
    starts: Flags = (before == delimiter) | (before == LF)
    return starts


def _ends_field(data: Bytes, positions: Offsets, delimiter: int, final: bool) -> Flags:
    """Whether each quote may close a field, by what follows it.

    What lies beyond the block is given the benefit of the doubt unless the block is *final*: the
    record is unfinished then, and will be scanned again.
    """
    last = len(data) - 1
    after = data[np.minimum(positions + 1, last)]
    second = data[np.minimum(positions + 2, last)]
    ends: Flags = (after == delimiter) | (after == LF) | ((after == CR) & (second == LF))
    ends |= positions == last
    if not final:
        ends |= (after == CR) & (positions + 1 == last)
    return ends


def _open_quote(positions: Offsets, touches: Flags, inside: Flags, base: int) -> int | None:
    """The quote that opened the field still open at the end: the last opening one that is no half of an escape."""
    if not inside[-1]:
        return None
    opening = np.arange(len(positions) - 1, max(base, 0) - 1, -2)
    starts = opening[~touches[opening]]
    return int(positions[starts[0]]) if len(starts) else None


def _as_bytes(block: Block) -> Bytes:
    return block if isinstance(block, np.ndarray) else np.frombuffer(block, dtype=np.uint8)
