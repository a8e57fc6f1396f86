from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from runtime.formats.csv.scanner import BoundaryScanner, scan


@pytest.mark.parametrize("block", [b'a,"b\n"\n', bytearray(b'a,"b\n"\n'), memoryview(b'a,"b\n"\n'), np.frombuffer(b'a,"b\n"\n', np.uint8)])
def test_any_kind_of_block_is_scanned(block: object) -> None:
    assert scan(block, ord(","), ord('"'), final=False).ends.tolist() == [7]  # type: ignore[arg-type]


def test_other_dialects_are_other_bytes() -> None:
    found = scan(b"a;'b\n'\n\"c\n\n", ord(";"), ord("'"), final=True)
    assert (found.ends.tolist(), found.malformed.tolist()) == ([7, 10, 11], [])


def test_empty_block_has_no_record() -> None:
    found = scan(b"", ord(","), ord('"'), final=True)
    assert (found.ends.tolist(), found.open_quote, found.tail) == ([], None, 0)


def test_open_quote_is_the_one_that_opened_the_field() -> None:
    found = scan(b'a\nb,"x""y""\nz', ord(","), ord('"'), final=True)
    assert (found.ends.tolist(), found.open_quote, found.tail) == ([2], 4, 2)


def test_one_bad_quote_spoils_one_record_only() -> None:
    found = scan(b'1,"a\nb"\n' * 3 + b'1,a"b\n' + b'1,"a\nb"\n' * 3, ord(","), ord('"'), final=True)
    assert (len(found.ends), found.malformed.tolist()) == (7, [3])


def test_boundary_scanner_starts_anywhere_and_takes_empty_pieces() -> None:
    scanner = BoundaryScanner(ord(","), ord('"'), 1000)
    for piece in (b'a,"', b"", b'"', b'"\n\n"', b"\nb,", b"c"):
        scanner.feed(piece)
    assert (scanner.position, scanner.boundary_at_or_before(1010)) == (1012, 1009)


def test_scanning_loads_no_masked_arrays() -> None:
    script = (
        "import sys, numpy\n"
        "always = 'numpy.ma' in sys.modules\n"
        "from runtime.formats.csv.scanner import scan\n"
        "assert scan(b'a,b\"\"\\nc', 44, 34, final=True).malformed.tolist() == [0]\n"
        "print(always or 'numpy.ma' not in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "True", "planning has no use for them, and each start would pay for their import"


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 4096, 4103])
@pytest.mark.parametrize("one_in", [1, 2, 60, 1000])
def test_a_line_end_is_found_wherever_it_is_and_however_often(length: int, one_in: int) -> None:
    ends = np.random.default_rng(length + one_in).integers(0, one_in, length) == 0
    block = np.where(ends, ord("\n"), ord("a")).astype(np.uint8)
    assert scan(block, ord(","), ord('"'), final=False).ends.tolist() == (np.flatnonzero(ends) + 1).tolist()
