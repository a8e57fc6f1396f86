from __future__ import annotations

import pytest

from local.testing.sources import CountingSource
from runtime.contracts.model import Contract
from runtime.core import errors
from runtime.formats.registry import compiled
from runtime.formats.source import ByteSource
from tests.support.records import HEADER, make_contract, make_layout

CONTRACT = make_contract()
LAYOUT = make_layout(CONTRACT)
GOOD = b"1,2024-01-31,12.50,rent\n"
WRONG_DAY = b"1,31.01.2024,12.50,rent\n"


def check_samples(source: ByteSource, contract: Contract = CONTRACT) -> int:
    return compiled(contract, LAYOUT).check_samples(source)


def sampled(rows: bytes) -> int:
    return check_samples(CountingSource.of(HEADER + rows))


def test_no_row_is_no_mismatch() -> None:
    assert sampled(b"") == 0
    assert sampled(b"\n\r\n") == 0


def test_samples_come_from_start_middle_and_end() -> None:
    source = CountingSource.of(HEADER + GOOD * 100_000)
    assert check_samples(source) == 48
    assert source.bytes_read <= 3 * 64 * 1024
    assert [start * 3 // source.size for start, _ in source.reads] == [0, 1, 2]


REFUSED = {
    "short": WRONG_DAY * 16,
    "long": WRONG_DAY * 100_000,
    "an open quote": WRONG_DAY * 20 + b'"not closed',
    "too few": b"1,2,3\n" * 16,
}


@pytest.mark.parametrize("rows", REFUSED.values(), ids=REFUSED)
def test_file_whose_samples_all_break_one_rule_is_refused(rows: bytes) -> None:
    with pytest.raises(errors.SampleMismatch):
        sampled(rows)


def test_a_few_rows_are_left_to_be_rejected_one_by_one() -> None:
    assert sampled(WRONG_DAY * 15) == 15


def test_faults_of_many_kinds_are_left_to_be_rejected_one_by_one() -> None:
    assert sampled((WRONG_DAY + b"1,2024-01-31,lots,rent\n") * 20) == 40


def test_what_is_wrong_is_said_with_its_column() -> None:
    with pytest.raises(errors.SampleMismatch, match=r"All 20 records sampled .* column 'day', type-error; expected date"):
        sampled(WRONG_DAY * 20)


@pytest.mark.parametrize("place", [0, 50_000, 99_999])
def test_one_place_with_good_rows_is_enough(place: int) -> None:
    rows = [WRONG_DAY] * 100_000
    rows[max(place - 3000, 0) : place + 3000] = [GOOD] * len(rows[max(place - 3000, 0) : place + 3000])
    assert sampled(b"".join(rows)) == 48


def test_few_good_rows_in_a_short_file_are_found_wherever_they_are() -> None:
    assert sampled(WRONG_DAY * 40 + GOOD) == 41


def test_contract_that_never_rejects_a_file_lets_it_pass() -> None:
    contract = make_contract(rejectedRowsThreshold=None)
    assert check_samples(CountingSource.of(HEADER + WRONG_DAY * 3 + b"\0\n\xff\n"), contract) == 5


def test_nuls_and_foreign_bytes_are_named_when_nothing_can_be_used() -> None:
    with pytest.raises(errors.NotCsv, match="a NUL byte at byte 38"):
        sampled(b"1,2024-01-31,12.50,\0\n")
    with pytest.raises(errors.EncodingMismatch, match="byte 0xFC at byte 39"):
        sampled(b"1,2024-01-31,12.50,M\xfcller\n" * 2)


def test_nuls_and_foreign_bytes_in_some_rows_are_those_rows_errors() -> None:
    assert sampled(b"1,2024-01-31,12.50,\0\n" + b"\xff\n" + GOOD) == 3


def test_good_rows_after_a_quoted_field_that_the_window_cuts_are_found() -> None:
    prose = b'1,31.01.2024,1.00,"' + b"a line, of prose\n" * 6000 + b',"\n'
    rows = WRONG_DAY * 8500 + prose + GOOD * 1000 + WRONG_DAY * 12_000
    middle = len(HEADER) + (len(rows) - 64 * 1024) // 2
    assert middle < (HEADER + rows).index(b',"\n') < middle + 32 * 1024
    assert sampled(rows) == 48
