"""What it costs to find records does not depend on what a file holds: the work is counted, not timed (E2)."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, Callable, Dict

import pytest

from runtime.formats.csv.scanner import BoundaryScanner, scan

#: 200 kB each. A line of Python, or a call, for every quote or every line feed of one of these would be tens of thousands.
TEXTS = {
    "a misplaced quote every other byte": b'a"' * 100_000 + b"\n",
    "lines of misplaced quotes": (b'a"' * 20 + b"\n") * 4_900,
    "cells of JSON that nobody quoted": (b'{"a":"b","c":{"d":1}},' * 5 + b"\n") * 1_800,
    "misplaced quotes among quoted fields": b'"a",b"c,"d"e\n' * 15_400,
    "a line feed and an escaped quote over and over": b'1,"' + b'\n""' * 66_000 + b'"\n',
    "a line feed in each of many quoted fields": b'"\n",' * 50_000 + b"\n",
    "nothing but quotes": b'"' * 200_000 + b"\n",
}
MOST_LINES = 2_000


def lines_of_python(do: Callable[[], Any]) -> int:
    """How many lines of Python run, those of the functions that are called too."""
    counted: Dict[str, int] = {"line": 0}

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        counted[event] = counted.get(event, 0) + 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)
    return counted["line"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_is_scanned_quote_by_quote(text: bytes) -> None:
    assert lines_of_python(lambda: scan(text, ord(","), ord('"'), final=True)) < MOST_LINES


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_boundary_is_not_sought_line_feed_by_line_feed(text: bytes) -> None:
    def cut() -> None:
        scanner = BoundaryScanner(ord(","), ord('"'), 0)
        scanner.feed(text)
        scanner.boundary_at_or_before(len(text) * 9 // 10)

    assert lines_of_python(cut) < MOST_LINES
