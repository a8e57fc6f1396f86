"""The last record boundary that the end of a window proves by itself, found without numpy.

Most windows have an ordinary quoted field in their last few kilobytes, and one is enough to bring
the two readings together (``runtime.records.boundaries``). So these are followed quote by quote
first: it takes some fifty microseconds where both readings of a whole window take five hundred, and a
plan that gets by with it never imports numpy, which is half of what starting to plan costs.

The grammar is that of ``runtime.records.scanner``; a property test holds the two against each other.
"""

from __future__ import annotations

#: Bytes that are followed quote by quote; all quotes, they take a few milliseconds.
TAIL_BYTES = 8 * 1024

_LF = b"\n"


def proved_boundary(window: bytes, delimiter: bytes, quote: bytes) -> int | None:
    """The last record boundary in *window*, which starts anywhere, if its tail gives the same one to both readings."""
    start = max(len(window) - TAIL_BYTES, 0) + 1
    while window[start - 1 : start] == quote:  # after a quote there are three readings, not two
        start += 1
    outside = _last_end(window, start, delimiter, quote, inside=False)
    return outside if outside and outside == _last_end(window, start, delimiter, quote, inside=True) else None


def _last_end(window: bytes, start: int, delimiter: bytes, quote: bytes, *, inside: bool) -> int:
    """Where the last record ends after *start* if a quoted field is open there or not; 0 where none ends."""
    end, position = 0, start
    while True:
        found = window.find(quote, position)
        if inside:
            if found < 0:
                return end
            escaped = window.startswith(quote, found + 1)
            inside, position = escaped, found + 1 + escaped
            continue
        end = window.rfind(_LF, position, found if found >= 0 else len(window)) + 1 or end
        if found < 0:
            return end
        # Anywhere but at the start of a field a quote opens nothing.
        inside, position = window[found - 1 : found] in (delimiter, _LF), found + 1
