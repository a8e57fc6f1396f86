"""The grammar of ``runtime.formats.csv.scanner`` quote by quote, for texts of which little has to be known.

A header, or the last few kilobytes before a cut, have few quotes: following them takes some fifty
microseconds, and who gets by with it never imports numpy, which is half of what starting to plan
costs. Property tests hold the two against each other.
"""

from __future__ import annotations

from typing import Iterator

_LF = b"\n"

#: Of a window this much is followed; all quotes, it takes a few milliseconds.
TAIL_BYTES = 8 * 1024


def first_record(text: bytes, delimiter: bytes, quote: bytes, *, final: bool) -> tuple[int | None, int | None]:
    """Where the record ends with which *text* begins, or None; then also the quote of the field that is open at the end, or None.

    ``final`` says that the input ends with the text: a record needs no line feed then, but its quotes closed.
    """
    end = 0
    for start, end in _outside_quotes(text, 0, delimiter, quote, inside=False):  # the last one's end is asked for
        feed = text.find(_LF, start, end)
        if feed >= 0:
            return feed + 1, None
    if end < len(text):
        return None, end
    return (len(text) if final and text else None), None


def proved_boundary(window: bytes, delimiter: bytes, quote: bytes) -> int | None:
    """The last record boundary in *window*, which starts anywhere, if its tail gives the same one to both readings.

    Most do: one ordinary quoted field brings the readings together (``runtime.formats.csv.boundaries``).
    """
    start = max(len(window) - TAIL_BYTES, 0) + 1
    while window[start - 1 : start] == quote:  # after a quote there are three readings, not two
        start += 1
    outside = last_end(window, start, delimiter, quote, inside=False)
    return outside if outside and outside == last_end(window, start, delimiter, quote, inside=True) else None


def last_end(window: bytes, start: int, delimiter: bytes, quote: bytes, *, inside: bool) -> int:
    """Where the last record ends after *start*, if a quoted field is open there or not; 0 where none ends."""
    last = 0
    for begin, end in _outside_quotes(window, start, delimiter, quote, inside=inside):
        last = window.rfind(_LF, begin, end) + 1 or last
    return last


def _outside_quotes(text: bytes, start: int, delimiter: bytes, quote: bytes, *, inside: bool) -> Iterator[tuple[int, int]]:
    """The stretches of ``text[start:]`` in which a line feed ends a record; each ends at a quote or with the text.

    The byte before *start* is no quote. A stretch that ends at a quote is followed by another one, unless the field that the
    quote opens does not end.
    """
    position = start
    while True:
        found = text.find(quote, position)
        if not inside:
            yield position, found if found >= 0 else len(text)
        if found < 0:
            return
        if inside:
            escaped = text.startswith(quote, found + 1)
            inside, position = escaped, found + 1 + escaped
        else:  # anywhere but at the start of a field a quote opens nothing
            inside, position = found == 0 or text[found - 1 : found] in (delimiter, _LF), found + 1
