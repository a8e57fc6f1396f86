"""Whatever a file holds, plan, proofs and replanning end on the boundaries of an exact reading (E2, E20)."""

from __future__ import annotations

import itertools
import random
from typing import Callable, Dict, List, Optional, Tuple
from unittest import mock

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from local.testing.proofs import prove
from local.testing.sources import CountingSource
from runtime.chunk.proofs import Verdict, fold
from runtime.contracts.model import Contract
from runtime.core.errors import FileRejected, RecordTooLong, UnterminatedQuote
from runtime.formats.csv.boundaries import last_boundary
from runtime.formats.csv.fields import RecordCheck
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.csv.planning import ExactCuts
from runtime.formats.registry import compiled
from tests.support.records import HEADER, make_contract, make_layout, plan, true_boundaries

CONTRACT = make_contract()
LAYOUT = make_layout(CONTRACT)
FIRST = len(HEADER)


def plan_and_prove(data: bytes, chunk_bytes: int, contract: Contract, layout: CsvLayout) -> Tuple[List[Tuple[int, int]], int]:
    """What the workflow does: plan, process, fold, and where a proof is broken plan exactly from there. With the plans it took."""
    source = CountingSource.of(data)
    ranges = plan(source, contract, layout, chunk_bytes)
    replan_from = folded(data, ranges, layout).replan_from
    if replan_from is None:
        return ranges, 1
    keep = [(start, end) for start, end in ranges if end <= replan_from]
    ranges = plan(source, contract, layout, chunk_bytes, exact_from=replan_from, keep=keep)
    assert folded(data, ranges, layout) == Verdict()
    return ranges, 2


def folded(data: bytes, ranges: List[Tuple[int, int]], layout: CsvLayout) -> Verdict:
    """What FinalizeFile makes of the chunks' proofs."""
    verdict = fold([prove(data, start, end, layout) for start, end in ranges], layout.header_end, len(data))
    if verdict.never_ends is not None:
        raise compiled(CONTRACT, layout).never_ends(CountingSource.of(data), verdict.never_ends)
    return verdict


def assert_exact(data: bytes, chunk_bytes: int, contract: Contract = CONTRACT, layout: CsvLayout = LAYOUT) -> int:
    """Check the final ranges; return how many plans it took."""
    boundaries = set(true_boundaries(data, layout.header_end, layout))
    ranges, plans = plan_and_prove(data, chunk_bytes, contract, layout)
    assert [start for start, _ in ranges] == [layout.header_end, *(end for _, end in ranges[:-1])]
    assert ranges[-1][1] == len(data)
    assert all(0 < end - start <= chunk_bytes for start, end in ranges)
    assert all(end in boundaries for _, end in ranges)
    return plans


#: Contracts of other partners: delimiter, quote character, line end, order of columns.
DIALECTS = [(";", '"', b"\r\n"), ("\t", "'", b"\n"), ("|", "~", b"\r\n"), (",", "'", b"\n")]


def in_dialect(data: bytes, delimiter: str, quote: str, line_end: bytes) -> bytes:
    """The same records in another dialect; a character that trades places keeps no meaning it had."""
    swapped = bytes.maketrans(b',"' + delimiter.encode() + quote.encode(), delimiter.encode() + quote.encode() + b',"')
    return data.translate(swapped).replace(b"\n", line_end)


@pytest.mark.parametrize(("delimiter", "quote", "line_end"), DIALECTS)
@pytest.mark.parametrize("seed", range(2))
def test_every_dialect_is_planned_as_well_as_the_first(delimiter: str, quote: str, line_end: bytes, seed: int) -> None:
    """One window for each boundary where rows are ordinary, and exact where they are hostile."""
    contract = make_contract(dialect={"delimiter": delimiter, "quoteChar": quote})
    header = in_dialect(HEADER, delimiter, quote, line_end)
    layout = make_layout(contract, len(header))
    rng = random.Random(seed)
    ordinary = b"".join(b'%d,2024-01-31,%d.50,"a, note\nof ""lines"""\n' % (rng.randrange(9999), i) for i in range(60_000))
    hostile = b"".join(FILES[kind](rng) for kind in FILES for _ in range(400))
    source = CountingSource.of(header + in_dialect(ordinary, delimiter, quote, line_end))
    ranges = plan(source, contract, layout, 400_000)
    assert source.bytes_read <= 64 * 1024 * (len(ranges) - 1)
    assert assert_exact(source.read(0, source.size), 400_000, contract, layout) == 1
    assert_exact(header + in_dialect(hostile, delimiter, quote, line_end), 400_000, contract, layout)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(40_000, 90_000), st.lists(st.integers(1, 30_000), min_size=1, max_size=20))
def test_cuts_made_while_text_goes_by_are_those_of_an_exact_plan(seed: int, chunk_bytes: int, steps: List[int]) -> None:
    """However the pieces are cut: what decoding hands over knows nothing of records."""
    rng = random.Random(seed)
    kind = rng.choice(sorted(FILES))
    rows, size = [], 0
    while size < 120_000:
        rows.append(FILES[kind](rng))
        size += len(rows[-1])
    # One long step in each round, or a hundred thousand pieces of a byte would take most of the time; short texts are cut so below.
    assert_cut_as_planned(HEADER + b"".join(rows), chunk_bytes, [*steps, 20_000])


def assert_cut_as_planned(text: bytes, chunk_bytes: int, steps: List[int]) -> None:
    """*text* goes by in pieces of *steps* bytes, over and over."""

    def cut_while_it_goes_by() -> List[Tuple[int, int]]:
        cuts, position, step = ExactCuts(LAYOUT, chunk_bytes, FIRST), FIRST, itertools.cycle(steps)
        while position < len(text):
            piece = text[position : position + next(step)]
            cuts.feed(piece)
            position += len(piece)
        return cuts.finish()

    def plan_exactly() -> List[Tuple[int, int]]:
        return plan(CountingSource.of(text), CONTRACT, LAYOUT, chunk_bytes, exact_from=FIRST)

    assert cuts_or_refusal(cut_while_it_goes_by) == cuts_or_refusal(plan_exactly)


def cuts_or_refusal(cut: Callable[[], List[Tuple[int, int]]]) -> object:
    """The ranges; or the offset of the record that fits none, or the kind of another refusal."""
    try:
        return cut()
    except RecordTooLong as error:
        return error.offset
    except FileRejected as error:
        return type(error)


good = st.sampled_from([b"1,2024-01-31,12.50,rent", b'2,2024-02-29,0.01,"a, b"', b'3,2024-01-01,7,"two\nlines"', b'4,2024-01-01,7,""', b""])
bad = st.sampled_from([b"x", b'5,2024-01-31,"1"2,n', b'6,"', b'a"b,c', b'"",""', b"1,2024-02-30,a,b", b'7,2024-01-31,1,"say ""hi"""'])
embedded = st.lists(good, min_size=1, max_size=20).map(lambda rows: b'8,2024-01-31,1,"' + b"\n".join(rows).replace(b'"', b'""') + b'"')
soup = st.lists(st.sampled_from([b'"', b",", b"a", b"\r"]), max_size=12).map(b"".join)
line_ends = st.sampled_from([b"\n", b"\r\n"])


mixtures = st.lists(st.tuples(st.one_of(good, bad, embedded, soup), line_ends, st.integers(1, 40)), min_size=1, max_size=30)


@settings(max_examples=100, deadline=None)
@given(mixtures, st.integers(100, 3000), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_cuts_of_short_texts_that_go_by_in_pieces_of_a_few_bytes_are_those_of_an_exact_plan(
    parts: List[Tuple[bytes, bytes, int]], chunk_bytes: int, steps: List[int]
) -> None:
    assert_cut_as_planned(HEADER + b"".join((row + end) * times for row, end, times in parts), chunk_bytes, steps)


@settings(max_examples=200, deadline=None)
@given(mixtures, st.integers(400, 3000), st.sampled_from([32, 128]))
def test_any_mixture_of_rows_ends_exactly_or_is_refused_for_good(
    parts: List[Tuple[bytes, bytes, int]], chunk_bytes: int, window_bytes: int
) -> None:
    """Small windows, so that most boundaries have to be guessed, and guesses go wrong."""
    data = HEADER + b"".join((row + end) * times for row, end, times in parts)
    boundaries = true_boundaries(data, FIRST)
    unterminated = boundaries[-1] < len(data)
    longest = max(end - start for start, end in zip(boundaries, [*boundaries[1:], len(data)]))
    with mock.patch.multiple("runtime.formats.csv.boundaries", WINDOW_BYTES=window_bytes, WIDEST_WINDOW_BYTES=window_bytes * 4):
        try:
            event(f"{assert_exact(data, chunk_bytes)} plans")
        except UnterminatedQuote:
            event("unterminated")
            assert unterminated
        except RecordTooLong:
            event("too long")
            assert longest > chunk_bytes
        else:
            assert not unterminated
            assert longest <= chunk_bytes


@settings(max_examples=200, deadline=None)
@given(mixtures, st.integers(30, 400), st.floats(0, 1), st.sampled_from([32, 128]))
def test_a_record_that_is_too_long_is_refused_for_it_however_its_file_is_cut(
    parts: List[Tuple[bytes, bytes, int]], most: int, cut: float, window_bytes: int
) -> None:
    """In one chunk, in several, and as text that goes by: the first such record, by where it begins."""
    data = HEADER + b"".join((row + end) * times for row, end, times in parts)
    boundaries = true_boundaries(data, FIRST)
    lengths = {start: end - start for start, end in zip(boundaries, [*boundaries[1:], len(data)])}
    too_long = next((start for start, length in lengths.items() if length > most), None)
    windows = mock.patch.multiple("runtime.formats.csv.boundaries", WINDOW_BYTES=window_bytes, WIDEST_WINDOW_BYTES=window_bytes * 4)
    planning = mock.patch.multiple("runtime.formats.csv.planning", MAX_RECORD_BYTES=most, SCAN_BYTES=min(most, 50))
    blocks = mock.patch.multiple("runtime.formats.csv.blocks", MAX_RECORD_BYTES=most, _MOST_BYTES=most + 1)

    def going_by() -> None:
        cuts = ExactCuts(LAYOUT, len(data), FIRST)
        cuts.feed(data[FIRST:])
        cuts.finish()

    ways = [lambda size=size: assert_exact(data, size) for size in (len(data), most + int(cut * (len(data) - most)))]  # type: ignore[misc]
    with windows, planning, blocks, mock.patch("runtime.formats.csv.files.MAX_RECORD_BYTES", most):
        for way in (*ways, going_by) if len(data) >= most else ():
            error = refusal(way)
            if too_long is None:
                assert error is None or (isinstance(error, UnterminatedQuote) and boundaries[-1] < len(data))
            else:
                assert isinstance(error, RecordTooLong)
                assert (error.offset, error.limit_bytes) == (too_long, most)


def refusal(of: Callable[[], object]) -> Optional[FileRejected]:
    try:
        of()
    except FileRejected as error:
        return error
    return None


@settings(deadline=None)
@given(st.lists(st.one_of(good, bad, soup), max_size=12).map(b"\n".join), st.integers(2, 24))
@example(b'a,"\n""b\nc', 4)
def test_readings_that_agree_are_a_proof(data: bytes, window_bytes: int) -> None:
    """Without any help from the contract a boundary is the true one, or none is given."""
    free_text = make_contract(schema={"fields": [{"name": "line", "type": "string"}]})
    check = RecordCheck(free_text, make_layout(free_text, 0))
    boundaries = true_boundaries(data + b"\n", 0)
    with mock.patch.multiple("runtime.formats.csv.boundaries", WINDOW_BYTES=window_bytes, WIDEST_WINDOW_BYTES=window_bytes):
        for limit in range(len(data) + 1):
            boundary = last_boundary(CountingSource.of(data), 0, limit, check)
            assert boundary in (None, max(b for b in boundaries if b <= limit))


def embedded_csv(rng: random.Random) -> bytes:
    """Rows of this very contract inside quoted notes, some longer than any window: made to mislead."""
    inner = b"".join(b"%d,2024-01-31,%d.00,just a note\n" % (i, i) for i in range(rng.choice([5, 500, 4000])))
    return b'%d,2024-01-31,1.00,"%s"\n' % (rng.randrange(1000), inner)


def quote_soup(rng: random.Random) -> bytes:
    return b'%d,2024-01-31,1.00,"%s"\n' % (rng.randrange(1000), b"".join(rng.choices([b'""', b",", b"\n", b"a", b'"",""'], k=300)))


def prose(rng: random.Random) -> bytes:
    return b'%d,2024-01-31,1.00,"%s"\n' % (
        rng.randrange(1000),
        b"".join(rng.choices([b"word ", b"more, ", b"line\n"], k=rng.randrange(20_000))),
    )


def partly_bad(rng: random.Random) -> bytes:
    row = b'%d,2024-01-31,1.00,"some, note"\n' % rng.randrange(1000)
    return row if rng.random() > 0.3 else rng.choice([b'7,2024-01-31,1.00,"open" end\n', b'8,2024-01-31,a"b\n', b"9,,,\n", b'"",x\n'])


FILES: Dict[str, Callable[[random.Random], bytes]] = {f.__name__: f for f in (embedded_csv, quote_soup, prose, partly_bad)}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("seed", range(3))
def test_hostile_files_end_exactly(kind: str, seed: int) -> None:
    rng = random.Random(f"{kind} {seed}")
    rows, size = [], 0
    while size < 3_000_000:
        rows.append(FILES[kind](rng))
        size += len(rows[-1])
    assert_exact(HEADER + b"".join(rows), 400_000)


def test_wrong_guess_is_caught_by_the_proof_and_mended() -> None:
    """One note holds megabytes of rows that fit, and no quote: nothing in a window tells that they are no records."""
    inner = b"".join(b"%d,2024-01-31,%d.00,just a note\n" % (i, i) for i in range(60_000))
    row = b'1,2024-01-31,1.00,"%s"\n' % inner
    filler = b"2,2024-01-31,1.00,plain\n" * 60_000
    assert assert_exact(HEADER + filler + row + filler, 2_600_000) == 2


def test_exact_scan_from_a_wrong_guess_refuses_no_file() -> None:
    """From inside that note, its end looks like a beginning, and what follows like a record without end."""
    inner = b"".join(b"%d,2024-01-31,%d.00,just a note\n" % (i, i) for i in range(60_000))
    data = HEADER + b"2,2024-01-31,1.00,plain\n" * 60_000 + b'1,2024-01-31,1.00,"' + inner + b',"\n' + b"bad\n" * 2_000_000
    assert_exact(data, 2_600_000)


def test_planning_bad_rows_needs_no_more_than_a_window_each() -> None:
    rng = random.Random(5)
    data = HEADER + b"".join(partly_bad(rng) for _ in range(100_000))
    source = CountingSource.of(data)
    ranges = plan(source, CONTRACT, LAYOUT, 400_000)
    assert len(source.reads) == len(ranges) - 1
    assert assert_exact(data, 400_000) == 1
