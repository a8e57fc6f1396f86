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
to run the grammar over the *positions* of the quotes, and that is vectorized, whatever stands there:
:func:`_follow_quotes` says how, and why it is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Union

import numpy as np
import numpy.typing as npt

LF = 0x0A
CR = 0x0D

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Block = Union[bytes, bytearray, memoryview, Bytes]

#: Bytes that are looked at together, and of how many of these words one at most has what is looked for: else looking twice costs more.
_WORD, _FEW = 8, 8
#: How far a line feed is looked for at first.
_NEAR_BYTES = 16 * 1024


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
        self._piece = _as_bytes(b"")
        self._piece_start = start
        self._quotes = _NO_QUOTES
        self._boundary_before_piece = start
        self.position = start

    def feed(self, piece: bytes | memoryview) -> None:
        """Take the next bytes. Answers are about them until the next call."""
        if not piece:
            return
        self._boundary_before_piece = self.boundary_at_or_before(self.position)
        # The quote that closed a field as the last byte of a piece was half of an escaped quote
        # if this piece begins with the other half.
        reopened = self._closed and piece[0] == self._quote
        self._piece, self._piece_start = _as_bytes(piece)[int(reopened) :], self.position + reopened
        self._quotes = quotes = _follow_quotes(
            self._piece, self._delimiter, self._quote, inside=self._inside or reopened, previous=self._previous, final=False
        )
        self.position += len(piece)
        self._closed = quotes.closed and int(quotes.positions[-1]) == len(self._piece) - 1
        self._inside = bool(quotes.inside[-1])
        self._previous = piece[-1]

    def boundary_at_or_before(self, limit: int) -> int:
        """The last record boundary that is no later than *limit*, an offset of the current piece."""
        end = max(limit - self._piece_start, 0)
        for length in _ever_further(end):
            ends = _ends(self._piece, self._quotes, end - length, end)
            if len(ends):
                return self._piece_start + int(ends[-1])
        return self._boundary_before_piece

    def first_boundary(self) -> int | None:
        """Where the first record ends that ends in the current piece; None where none does."""
        for end in _ever_further(len(self._piece)):
            ends = _ends(self._piece, self._quotes, 0, end)
            if len(ends):
                return self._piece_start + int(ends[0])
        return None


def _ever_further(whole: int) -> Iterator[int]:
    """Growing lengths up to the *whole*: a line feed is mostly near, and all of them together cost little more than the last."""
    length = _NEAR_BYTES
    while length < whole:
        yield length
        length *= 8
    yield whole


@dataclass(frozen=True)
class _Quotes:
    """``inside[i]`` says whether the bytes after *i* of the ``positions`` are inside a quoted field.

    These are all quotes, or of quotes that touch the last one. ``illegal`` are those that make a record malformed; ``closed`` says
    that the last one closed a field, ``open_quote`` is the opening quote of the field that is open at the end, where it is in the
    block.
    """

    positions: Offsets
    inside: Flags
    illegal: Offsets
    closed: bool
    open_quote: int | None


_NO_OFFSETS = np.empty(0, dtype=np.int64)
_NO_QUOTES = _Quotes(_NO_OFFSETS, np.zeros(1, dtype=np.bool_), _NO_OFFSETS, closed=False, open_quote=None)


def _follow_quotes(data: Bytes, delimiter: int, quote: int, *, inside: bool, previous: int, final: bool) -> _Quotes:
    """Run the grammar over the quotes of *data*.

    *inside* and *previous* (the byte before) are the state at its beginning.

    **In turns.** Nearly always quotes open and close in turns, if closing and reopening between the two of an escape counts
    too, which changes the state of no byte. That is the grammar for as long as each that would open starts a field (delimiter or
    LF before it) or touches the one before it, which closed: outside such a quote opens, inside the next one closes, whether what
    follows it is legal or not, or is half of an escape. If all do, that is the answer.

    **In runs.** Else quotes that touch are taken as one run. What it does is told by its length, by where it begins and by the
    state before it:

    * Inside a quoted field each two quotes are an escaped one. A last one that is left over closes the field.
    * Outside, at the start of a field, the first quote opens it, and the others stand inside: again each two are an escaped one,
      and one that is left over closes.
    * Outside, anywhere else, all of them are illegal and open nothing.

    So a run of even length leaves the state as it was, in all three cases. One of odd length changes the state if it begins where
    a field may start, whichever it was; if it begins elsewhere we are outside after it: it closed a field, or was illegal. Hence
    we are inside after a run if, since the last odd one that began elsewhere, an odd number of odd ones began where a field
    may start; where there was none yet, since the beginning, and one more if that is inside. All runs are answered at
    once, and it makes no difference how many of them are illegal.
    """
    positions = find(data, quote)
    if not len(positions):
        return _Quotes(positions, np.array([inside]), _NO_OFFSETS, closed=False, open_quote=None)
    in_turns = _in_turns(data, positions, delimiter, inside=inside, previous=previous, final=final)
    return in_turns or _in_runs(data, positions, delimiter, inside=inside, previous=previous, final=final)


def _in_turns(data: Bytes, positions: Offsets, delimiter: int, *, inside: bool, previous: int, final: bool) -> _Quotes | None:
    """None where a quote that would open a field stands where none may start."""
    opening, closing = positions[int(inside) :: 2], positions[int(not inside) :: 2]
    touches = np.zeros(len(positions) + 1, np.bool_)
    touches[1:-1] = positions[1:] == positions[:-1] + 1
    reopening = touches[:-1][int(inside) :: 2]
    if not (_starts_field(data, opening, delimiter, previous) | reopening).all():
        return None
    misplaced = ~(_ends_field(data, closing, delimiter, final) | touches[1:][int(not inside) :: 2])
    state = np.empty(len(positions) + 1, np.bool_)
    state[::2], state[1::2] = inside, not inside
    open_quote = None
    if state[-1]:
        starting = np.flatnonzero(~reopening)[-1:]
        open_quote = int(opening[starting[0]]) if len(starting) else None
    return _Quotes(positions, state, closing[misplaced], not state[-1], open_quote)


def _in_runs(data: Bytes, positions: Offsets, delimiter: int, *, inside: bool, previous: int, final: bool) -> _Quotes:
    touching = np.flatnonzero(positions[1:] == positions[:-1] + 1)
    first, last = np.delete(positions, touching + 1), np.delete(positions, touching)
    odd = ((last - first) & 1) == 0
    starts = _starts_field(data, first, delimiter, previous)
    changes = np.cumsum(odd & starts)
    settled = np.maximum.accumulate(np.where(odd & ~starts, changes, -int(inside)))
    state = np.empty(len(last) + 1, np.bool_)
    state[0], state[1:] = inside, (changes - settled) & 1
    before, after = state[:-1], state[1:]
    opens_none = ~(before | starts)
    closes = ~(after | opens_none)
    illegal = opens_none | (closes & ~_ends_field(data, last, delimiter, final))
    opening = first[after & ~before][-1:]
    open_quote = int(opening[0]) if after[-1] and len(opening) else None
    return _Quotes(last, state, last[illegal], bool(closes[-1]), open_quote)


def _ends(data: Bytes, quotes: _Quotes, start: int = 0, end: int | None = None) -> Offsets:
    """Where records end by the line feeds in ``data[start:end]``."""
    feeds = find(data[start:end], LF) + start
    return feeds[~quotes.inside[np.searchsorted(quotes.positions, feeds)]] + 1


def find(data: Bytes, byte: int) -> Offsets:
    """Where *byte* is in *data*: ``np.flatnonzero(data == byte)``, but eight bytes without it are passed over at once."""
    hits = np.empty(-(-len(data) // _WORD) * _WORD, np.bool_)
    hits[len(data) :] = False
    np.equal(data, byte, out=hits[: len(data)])
    hit = hits.view(np.uint64) != 0
    if np.count_nonzero(hit) > len(hit) // _FEW:
        return np.flatnonzero(hits)
    words = np.flatnonzero(hit)
    within = np.flatnonzero(hits.reshape(-1, _WORD)[words])
    return words[within // _WORD] * _WORD + within % _WORD


def _malformed(ends: Offsets, illegal: Offsets) -> Offsets:
    """The records that have a quote where none may be, once each; ``np.unique`` would import ``numpy.ma``."""
    records = np.searchsorted(ends, illegal, side="right")
    return records[(np.diff(records, prepend=-1) > 0) & (records < len(ends))]


def _starts_field(data: Bytes, positions: Offsets, delimiter: int, previous: int) -> Flags:
    before = data[positions - 1]
    if len(positions) and positions[0] == 0:
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


def _as_bytes(block: Block) -> Bytes:
    return block if isinstance(block, np.ndarray) else np.frombuffer(block, dtype=np.uint8)
