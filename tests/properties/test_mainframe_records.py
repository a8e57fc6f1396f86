"""Whatever records hold and wherever files are cut or broken: chunks are whole records, and a break is told at its byte (F1, E2, E20)."""

from __future__ import annotations

from typing import List, Tuple
from unittest import mock

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from local.testing.sources import CountingSource
from runtime.chunk.proofs import Verdict, fold
from runtime.core.errors import RecordChainBroken, TruncatedRecord
from runtime.formats.copybook.chains import failure, whole_records
from runtime.formats.copybook.planning import ExactCuts, plan
from runtime.formats.copybook.reader import RecordReader
from runtime.formats.copybook.record_form import RecordForm
from tests.support.mainframe import boundaries_of, described, prove

FORM = RecordForm("V", 1, 60)

plain = st.binary(min_size=1, max_size=60)
zeros = st.integers(1, 60).map(bytes)
#: Records in a record, with and without bytes before them, and descriptors that fit wherever the chain is joined.
chains = st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=6).map(lambda inner: described(inner)[:60])
shifted = st.tuples(st.binary(max_size=7), chains).map(lambda pair: (pair[0] + pair[1])[:60])
echoes = st.integers(5, 30).map(lambda length: (bytes([0, length, 0, 0]) + b"\1" * (length - 4)) * (60 // length))
contents_of_any_kind = st.lists(
    st.tuples(st.one_of(plain, zeros, chains, shifted, echoes), st.integers(1, 25)).map(lambda pair: [pair[0]] * pair[1]),
    min_size=1,
    max_size=25,
).map(lambda runs: [content for run in runs for content in run])
windows = st.sampled_from([64, 256, 1024])


def workflow(data: bytes, form: RecordForm, chunk_bytes: int, window_bytes: int) -> Tuple[List[Tuple[int, int]], int]:
    """Plan, process, fold, and where a proof is broken plan exactly from there; with the plans it took."""
    source = CountingSource.of(data)
    with mock.patch.multiple("runtime.formats.copybook.boundaries", WINDOW_BYTES=window_bytes, WIDEST_WINDOW_BYTES=window_bytes * 4):
        ranges = plan(source, form, chunk_bytes)
    verdict = fold(prove(data, ranges, form), 0, len(data))
    if verdict.never_ends is not None:
        raise failure(data[verdict.never_ends :], verdict.never_ends, form)
    replan_from = verdict.replan_from
    if replan_from is None:
        return ranges, 1
    ranges = plan(source, form, chunk_bytes, exact_from=replan_from, keep=[(start, end) for start, end in ranges if end <= replan_from])
    assert fold(prove(data, ranges, form), 0, len(data)) == Verdict()
    return ranges, 2


def assert_exact_or_refused(data: bytes, chunk_bytes: int, window_bytes: int) -> None:
    """The chunks are those of the chain from the first byte; where it does not come to the end, its last byte is told."""
    exact = whole_records(data, FORM)
    if exact.end < len(data):
        with pytest.raises((RecordChainBroken, TruncatedRecord)) as raised:
            workflow(data, FORM, chunk_bytes, window_bytes)
        event(raised.type.__name__)
        assert raised.value.offset == exact.end
    else:
        ranges, plans = workflow(data, FORM, chunk_bytes, window_bytes)
        event(f"{plans} plans")
        assert {0, *(end for _, end in ranges)} <= {0, *exact.ends.tolist()}
        assert not data or ranges[-1][1] == len(data)


@settings(max_examples=200, deadline=None)
@given(contents_of_any_kind, st.integers(64, 2000), windows)
def test_chunks_of_an_intact_file_are_whole_records_at_the_first_plan(contents: List[bytes], chunk_bytes: int, window_bytes: int) -> None:
    data, boundaries = described(contents), set(boundaries_of(contents, 4))
    ranges, plans = workflow(data, FORM, chunk_bytes, window_bytes)
    assert plans == 1
    assert [start for start, _ in ranges] == [0, *(end for _, end in ranges[:-1])]
    assert ranges[-1][1] == len(data)
    assert all(0 < end - start <= chunk_bytes and end in boundaries for start, end in ranges)


@settings(max_examples=200, deadline=None)
@given(contents_of_any_kind, st.integers(64, 2000), windows, st.integers(0, 10**6), st.binary(min_size=4, max_size=4))
def test_a_broken_descriptor_is_told_at_its_byte(
    contents: List[bytes], chunk_bytes: int, window_bytes: int, record: int, word: bytes
) -> None:
    position = boundaries_of(contents, 4)[record % len(contents)]
    assume(whole_records(word + bytes(100), FORM).broken)
    data = bytearray(described(contents))
    data[position : position + 4] = word
    with pytest.raises(RecordChainBroken) as raised:
        workflow(bytes(data), FORM, chunk_bytes, window_bytes)
    assert (raised.value.offset, raised.value.found) == (position, word.hex(" ").upper())


@settings(max_examples=200, deadline=None)
@given(contents_of_any_kind, st.integers(64, 2000), windows, st.integers(0, 10**6), st.integers(5, 64))
def test_a_descriptor_that_lies_ends_in_whole_records_or_a_refusal(
    contents: List[bytes], chunk_bytes: int, window_bytes: int, record: int, length: int
) -> None:
    """A wrong length joins what no descriptor separates: then the file has other records, and those are told exactly."""
    position = boundaries_of(contents, 4)[record % len(contents)]
    data = bytearray(described(contents))
    data[position + 1] = length
    assert_exact_or_refused(bytes(data), chunk_bytes, window_bytes)


@settings(max_examples=100, deadline=None)
@given(contents_of_any_kind, st.integers(64, 2000), windows, st.integers(1, 63))
def test_a_file_that_ends_inside_a_record_is_told_at_that_record(
    contents: List[bytes], chunk_bytes: int, window_bytes: int, cut: int
) -> None:
    boundaries = boundaries_of(contents, 4)
    data = described(contents)[:-cut]
    assume(data and len(data) not in boundaries)
    begin = max(boundary for boundary in boundaries if boundary < len(data))
    with pytest.raises(TruncatedRecord) as raised:
        workflow(data, FORM, chunk_bytes, window_bytes)
    assert (raised.value.offset, raised.value.found) == (begin, len(data) - begin)
    assert raised.value.expected > raised.value.found


@settings(max_examples=100, deadline=None)
@given(
    contents_of_any_kind, st.sampled_from(["F", "V"]), st.integers(70, 900), st.lists(st.integers(1, 300), min_size=1), st.integers(1, 500)
)
def test_however_bytes_arrive_blocks_and_cuts_are_the_same(
    contents: List[bytes], format_: str, block_bytes: int, steps: List[int], block_records: int
) -> None:
    form = FORM if format_ == "V" else RecordForm("F", 60, 60)
    contents = contents if format_ == "V" else [content.ljust(60, b"\x40") for content in contents]
    data = described(contents) if format_ == "V" else b"".join(contents)
    parts, position = [], 0
    while position < len(data):
        parts.append(data[position : position + steps[len(parts) % len(steps)]])
        position += len(parts[-1])

    reader, whole = RecordReader(parts, form, block_bytes, block_records), RecordReader([data], form, block_bytes, block_records)
    blocks = list(reader)
    assert [(block.offset, block.data) for block in blocks] == [(block.offset, block.data) for block in whole]
    assert b"".join(block.data for block in blocks) == data
    assert [block.data[start:end] for block in blocks for start, end in zip(block.starts, block.ends)] == contents
    assert all(len(block.data) <= max(block_bytes, form.longest) and len(block) <= block_records for block in blocks)
    assert (reader.bytes_read, reader.left_over, reader.broken_at) == (len(data), 0, None)

    cuts = ExactCuts(form, 500, 0)
    for part in parts:
        cuts.feed(part)
    ranges = cuts.finish()
    descriptor_bytes = 4 if format_ == "V" else 0
    assert {end for _, end in ranges} <= set(boundaries_of(contents, descriptor_bytes))
    assert all(end - start <= 500 for start, end in ranges)
    if form.variable:
        assert ranges == plan(CountingSource.of(data), form, 500, exact_from=0)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.integers(64, 300), windows)
def test_bytes_of_any_kind_end_in_whole_records_or_a_refusal(data: bytes, chunk_bytes: int, window_bytes: int) -> None:
    assert_exact_or_refused(data, chunk_bytes, window_bytes)
