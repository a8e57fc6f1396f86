"""A boundary is accepted only where one reading survives and the other does not (E2)."""

from __future__ import annotations

from local.testing.sources import CountingSource
from runtime.formats.csv.boundaries import last_boundary
from runtime.formats.csv.fields import RecordCheck
from tests.support.records import HEADER, make_contract, make_layout

CONTRACT = make_contract()
CHECK = RecordCheck(CONTRACT, make_layout(CONTRACT))
GOOD = b"1,2024-01-31,12.50,rent\n"
BAD = b"1,2024-01-31,no number,rent\n"
WINDOW = 64 * 1024


def before_the_end_of(data: bytes, check: RecordCheck = CHECK) -> tuple[int | None, int]:
    """(the last boundary before the end of *data*, bytes read for it)."""
    source = CountingSource.of(data)
    return last_boundary(source, len(HEADER), len(data), check), source.bytes_read


def test_rows_that_fit_need_one_window() -> None:
    data = HEADER + GOOD * 10_000
    assert before_the_end_of(data) == (len(data), WINDOW)
    assert before_the_end_of(data + b"1,2024") == (len(data), WINDOW)


def test_quarter_of_good_rows_is_enough() -> None:
    data = HEADER + (GOOD + BAD * 2) * 5_000
    assert before_the_end_of(data) == (len(data), WINDOW)


def test_rows_that_do_not_fit_need_one_ordinary_quoted_field() -> None:
    data = HEADER + BAD * 5_000 + b'1,"a, b",\n' + BAD * 500
    assert before_the_end_of(data) == (len(data), WINDOW)
    assert before_the_end_of(HEADER + BAD * 100_000)[0] is None


def test_both_readings_plausible_is_no_answer() -> None:
    data = HEADER + GOOD * 60_000 + b'3,2024-01-31,1.00,"\n' + GOOD * 1000
    assert before_the_end_of(data)[0] is None


def test_lines_of_one_free_text_column_tell_nothing() -> None:
    contract = make_contract(schema={"fields": [{"name": "line", "type": "string"}]})
    check = RecordCheck(contract, make_layout(contract))
    assert before_the_end_of(HEADER + b"some line\n" * 200_000, check)[0] is None


def test_window_is_widened_until_it_decides() -> None:
    data = HEADER + GOOD * 60_000 + b'1,2024-01-31,1.00,"' + b"prose\n" * 20_000
    assert before_the_end_of(data) == (len(HEADER + GOOD * 60_000), (64 + 256) * 1024)


def test_window_that_reaches_back_to_a_known_boundary_is_exact() -> None:
    data = HEADER + BAD * 10 + b'1,"' + b"prose\n" * 5
    assert before_the_end_of(data)[0] == len(HEADER + BAD * 10)
    assert before_the_end_of(HEADER + b'1,"' + b"prose\n" * 5)[0] == len(HEADER)
