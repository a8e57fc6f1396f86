"""The vectorized scanner says what an obvious state machine says, on any bytes and any cuts (E2, E20)."""

from __future__ import annotations

from itertools import cycle
from typing import List, Optional, Tuple
from unittest import mock

from hypothesis import example, given
from hypothesis import strategies as st

from runtime.formats.csv.quotes import first_record, last_end
from runtime.formats.csv.scanner import BoundaryScanner, record_ends, scan

DELIMITER, QUOTE = ord(","), ord('"')

soup = st.lists(st.sampled_from([b'"', b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"a", b"bc"]), max_size=40).map(b"".join)
fields = st.sampled_from([b"1", b"", b'"x"', b'"a ""b"" c"', b'"two\nlines"', b'""', b'b"d', b'"x"y', b'"\r\n,"'])
rows = st.lists(st.lists(fields, min_size=1, max_size=4).map(b",".join), max_size=12).map(b"\n".join)
text = st.one_of(soup, rows)


def reference(data: bytes, final: bool) -> Tuple[List[int], List[int], Optional[int], int]:
    """(ends, malformed, open quote, tail), one byte at a time."""
    ends: List[int] = []
    malformed = set()
    state, opened = "field start", None
    for i, byte in enumerate(data):
        char = chr(byte)
        if state == "quoted":
            state = "quote in quoted" if char == '"' else state
            continue
        if state == "quote in quoted" and char == '"':
            state = "quoted"
            continue
        crlf = char == "\r" and (data[i + 1 : i + 2] == b"\n" or (not final and i + 1 == len(data)))
        if state == "quote in quoted" and char not in ",\n" and not crlf:
            malformed.add(len(ends))
        if char == '"' and state == "field start":
            state, opened = "quoted", i
        elif char == '"':
            malformed.add(len(ends))
            state = "unquoted"
        elif char == "\n":
            ends.append(i + 1)
            state = "field start"
        else:
            state = "field start" if char == "," else "unquoted"
    tail = ends[-1] if ends else 0
    if final and tail < len(data) and state != "quoted":
        ends.append(len(data))
        tail = len(data)
    return ends, sorted(m for m in malformed if m < len(ends)), opened if state == "quoted" else None, tail


@given(text, st.booleans())
@example(b'ab"""\n"c"', True)
@example(b'"a"x"b"\n"c\n', True)
@example(b'"a"\r', True)
@example(b'"a"\r', False)
@example(b'\r"a"\n', True)
@example(b'"""a\n', True)
def test_scan_equals_the_state_machine(data: bytes, final: bool) -> None:
    found = scan(data, DELIMITER, QUOTE, final=final)
    assert (found.ends.tolist(), found.malformed.tolist(), found.open_quote, found.tail) == reference(data, final)


@given(text, st.lists(st.integers(1, 9), min_size=1, max_size=9))
@example(b'a"""\n', [3, 1, 1])
@example(b'a""\n', [2, 1])
@example(b'"a""\n', [3, 1])
def test_pieces_cut_anywhere_give_the_boundaries_of_the_whole(data: bytes, lengths: List[int]) -> None:
    boundaries = [0, *reference(data, final=False)[0]]
    scanner = BoundaryScanner(DELIMITER, QUOTE, 0)
    for length in cycle(lengths):
        start = scanner.position
        scanner.feed(data[start : start + length])
        for limit in range(start, scanner.position + 1):
            assert scanner.boundary_at_or_before(limit) == max(b for b in boundaries if b <= limit)
        assert scanner.first_boundary() == next((b for b in boundaries if start < b <= scanner.position), None)
        if scanner.position == len(data):
            break


@given(st.lists(rows, max_size=4).map(b'x"\n'.join), st.integers(1, 60))
def test_a_line_feed_is_found_however_far_it_is_from_where_it_is_sought(data: bytes, near: int) -> None:
    """In steps that begin with a few bytes, and so may end inside a quoted field or between two quotes."""
    with mock.patch("runtime.formats.csv.scanner._NEAR_BYTES", near):
        scanner = BoundaryScanner(DELIMITER, QUOTE, 0)
        scanner.feed(data)
        boundaries = [0, *reference(data, final=False)[0]]
        assert [scanner.boundary_at_or_before(limit) for limit in range(len(data) + 1)] == [
            max(b for b in boundaries if b <= limit) for limit in range(len(data) + 1)
        ]
        assert scanner.first_boundary() == next(iter(boundaries[1:]), None)


@given(text, st.booleans())
@example(b'a,"b""', True)
def test_quote_by_quote_the_first_record_is_the_same(data: bytes, final: bool) -> None:
    ends, _, open_quote, _ = reference(data, final)
    assert first_record(data, b",", b'"', final=final) == ((ends[0], None) if ends else (None, open_quote))


@given(text, st.booleans(), st.integers(1, 60))
@example(b'x"\n"a', True, 1)
def test_quote_by_quote_the_last_record_ends_where_a_whole_reading_has_it(data: bytes, inside: bool, start: int) -> None:
    """Whichever of the two readings it is, from any byte that no quote precedes."""
    if start <= len(data) and data[start - 1 : start] != b'"':
        ends = record_ends(memoryview(data)[start:], DELIMITER, QUOTE, inside=inside, previous=data[start - 1])
        assert last_end(data, start, b",", b'"', inside=inside) == (start + int(ends[-1]) if len(ends) else 0)
