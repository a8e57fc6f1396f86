from __future__ import annotations

import pytest

from local.testing.sources import CountingSource
from runtime.formats.copybook.record_form import RecordForm
from runtime.formats.copybook.sampling import sample_blocks
from tests.support.mainframe import boundaries_of, described

F = RecordForm("F", 10, 10)
V = RecordForm("V", 5, 40)


@pytest.mark.parametrize("form", [F, V])
def test_samples_are_records_from_start_middle_and_end(form: RecordForm) -> None:  # F1
    contents = [b"%010d" % i if form is F else b"%010d" % i + b"x" * (i % 30) for i in range(100_000)]
    descriptor_bytes = 0 if form is F else 4
    data = b"".join(contents) if form is F else described(contents)
    starts = {start: index for index, start in enumerate(boundaries_of(contents, descriptor_bytes))}
    source = CountingSource.of(data)
    places = []
    for block in sample_blocks(source, form):
        sampled = [starts[block.offset + start - descriptor_bytes] for start in block.starts.tolist()]
        assert [block.data[start:end] for start, end in zip(block.starts, block.ends)] == [contents[index] for index in sampled]
        places.append(sampled)
    assert [len(sampled) for sampled in places] == [16, 16, 16]
    assert places[0][0] == 0
    assert 45_000 < places[1][0] < 55_000
    assert places[2][-1] == 99_999
    assert source.bytes_read < 600_000


def test_a_small_file_is_sampled_once() -> None:
    assert [block.matrix[:, 0].tolist() for block in sample_blocks(CountingSource.of(b"abcdefghij" * 7), F)] == [[97] * 7]


def test_a_place_that_cannot_be_told_gives_no_samples() -> None:
    whole = described([b"x" * 10] * 30_000)
    data = whole[: len(whole) // 2 - 70_000] + b"\xff" * 140_000 + whole[:140_000]
    assert len(list(sample_blocks(CountingSource.of(data), V))) < 3
