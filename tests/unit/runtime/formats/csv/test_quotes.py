"""A header and the tail of a window are read quote by quote, as a whole block is (E2)."""

from __future__ import annotations

import subprocess
import sys

from runtime.formats.csv.quotes import TAIL_BYTES, first_record, proved_boundary

ROW = b'1,"a, note",2\n'
#: Recognizes and plans a file of 500 kB in chunks of 100 kB, and says whether that took numpy.
PLANS = """
import sys
from runtime.formats.registry import load_contracts
from runtime.formats.registry import compiled, file_format
from local.testing.sources import CountingSource
from tests.support.transactions import csv, row

contract = load_contracts()["transactions"]
source = CountingSource.of(csv(row(number) for number in range(3500)))
layout = file_format(contract).recognize(source, contract)
assert len(compiled(contract, layout).plan(source, 100_000)) == 6
sys.exit("numpy" in sys.modules)
"""


def test_ordinary_files_are_planned_without_numpy() -> None:
    """Importing it would be half of what a plan costs that is made in a new process."""
    assert subprocess.run([sys.executable, "-c", PLANS], check=False).returncode == 0


def test_a_window_whose_tail_has_one_ordinary_quoted_field_is_decided() -> None:
    assert proved_boundary(b"a\n" + ROW * 100 + b"3,", b",", b'"') == len(b"a\n" + ROW * 100)


def test_what_lies_before_the_tail_decides_nothing() -> None:
    window = ROW + b"x,y,z\n" * TAIL_BYTES
    assert proved_boundary(window, b",", b'"') is None


def test_a_tail_without_quotes_has_two_readings() -> None:
    assert proved_boundary(b"x,y,z\n" * 100, b",", b'"') is None
    assert proved_boundary(b"", b",", b'"') is None


def test_the_first_record_ends_at_a_line_feed_outside_quotes() -> None:
    assert first_record(b'"a\n""b",c\nd', b",", b'"', final=False) == (10, None)


def test_the_last_record_needs_no_line_feed_but_closed_quotes() -> None:
    assert first_record(b'a,"b"', b",", b'"', final=True) == (5, None)
    assert first_record(b'a,"b"', b",", b'"', final=False) == (None, None)
    assert first_record(b'a,"b""\n', b",", b'"', final=True) == (None, 2)
    assert first_record(b"", b",", b'"', final=True) == (None, None)
