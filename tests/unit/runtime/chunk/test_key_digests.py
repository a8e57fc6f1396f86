"""G3: duplicate primary keys over a whole file, in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.chunk import key_digests
from runtime.chunk import key_hashes as digests
from runtime.chunk.key_digests import ENTRY, SAMPLE, duplicates
from runtime.chunk.process import process_chunk
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.registry import parse_contract


class Digests:
    """A source in memory that notes what is read."""

    def __init__(self, data):
        self.data, self.reads = data, []

    @property
    def size(self):
        return len(self.data)

    def read(self, start, end):
        self.reads.append((start, end))
        return self.data[start:end]


def source_of(keys):
    """Entries as a chunk leaves them, for *keys* = (high, low) in order of rows."""
    entries = np.empty(len(keys), ENTRY)
    for row, (high, low) in enumerate(keys):
        entries[row] = (high, low, row)
    return Digests(entries[np.lexsort((entries["row"], entries["low"], entries["high"]))].tobytes())


def expected(chunks):
    """(count, repeating places, places by key): the definition, with a dict."""
    places = defaultdict(list)
    for source, keys in enumerate(chunks):
        for row, key in enumerate(keys):
            places[key].append((source, row))
    again = sorted(place for seen in places.values() for place in seen[1:])
    return len(again), again, places


high_halves = st.one_of(st.integers(0, 3), st.integers(2**64 - 3, 2**64 - 1), st.integers(0, 2**64 - 1))
keys = st.tuples(high_halves, st.integers(0, 2))


@settings(max_examples=200, deadline=None)
@given(chunks=st.lists(st.lists(keys, max_size=30), max_size=5), memory=st.integers(1, 20_000))
def test_repeats_are_counted_whatever_the_memory(chunks, memory):
    found = duplicates([source_of(chunk) for chunk in chunks], memory)
    count, again, places = expected(chunks)
    assert found.count == count
    assert [repeat for _, repeat in found.sample] == again[:SAMPLE]
    for first, repeat in found.sample:
        same_key = next(seen for seen in places.values() if repeat in seen)
        in_chunk = [place for place in same_key if place[0] == repeat[0]]
        assert first == (in_chunk[0] if in_chunk[0] < repeat else same_key[0])


def test_a_key_that_fills_the_file_takes_no_more_memory_than_any_other(monkeypatch):
    """A hostile file may hold one key only; its digests cannot be told apart by ranges."""
    monkeypatch.setattr(key_digests, "_PIECE_BYTES", ENTRY.itemsize * 1000)
    entries = np.zeros(200_000, ENTRY)
    entries["row"] = np.arange(len(entries))
    source = Digests(entries.tobytes())
    tracemalloc.start()
    found = duplicates([source, source], 10**9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.count == 399_999
    assert found.sample[0] == ((0, 0), (0, 1))
    assert peak < 1_000_000


def test_a_merge_reads_each_range_about_once():
    generator = np.random.default_rng(7)
    sources = [source_of([tuple(map(int, pair)) for pair in generator.integers(0, 2**64, (2000, 2), np.uint64)]) for _ in range(4)]
    assert duplicates(sources, 40_000).count == 0
    ranges = -(-4 * 2000 * ENTRY.itemsize * 4 // 40_000)
    for source in sources:
        assert max(end - start for start, end in source.reads) < source.size / 4
        assert len(source.reads) <= ranges + 1


def test_bytes_that_are_no_entries_are_refused():
    with pytest.raises(ValueError, match="chunk 0 are 21 bytes"):
        duplicates([Digests(b"x" * 21)], 10**6)


KEYED = parse_contract(
    {
        "dataset": "keyed",
        "version": 1,
        "format": "csv",
        "schema": {
            "fields": [
                {"name": "a"},
                {"name": "b"},
                {"name": "n", "type": "number", "precision": 9, "scale": 2},
                {"name": "t", "type": "boolean"},
            ],
            "primaryKey": ["a", "b", "n", "t"],
        },
    },
    "keyed.json",
)


def digests_of(data, seed=b"seed"):
    layout = CsvLayout("utf-8", ",", '"', 0, KEYED.names)
    output = process_chunk([data], contract=KEYED, layout=layout, start=0, last=True, key_seed=seed)
    assert output.rows_rejected == 0
    return output.key_digests


def test_a_key_is_its_values_not_their_spelling():
    assert duplicates([Digests(digests_of(b"x,y,1.5,true\nx,y,1.50,1\n"))], 10**6).count == 1


@pytest.mark.parametrize("other", [b"xy,,1,true", b"x,yz,1,true", b"xyz,w,1,true", b"x,y,1,false", b"x,y,-1,true", b"y,x,1,true"])
def test_keys_that_look_alike_are_different(other):
    contents = (b"x,y,1,true\n" + other + b"\n").replace(b",,", b',"\t",')
    assert duplicates([Digests(digests_of(contents))], 10**6).count == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), max_size=40))
def test_digests_are_put_in_order_also_where_many_agree_in_their_upper_half(parts):
    """Of real ones next to none do, so that only this sees what becomes of these."""
    digests = np.array([(one << 48) + (two << 32) + three for one, two, three in parts], np.uint64)
    assert key_digests._ascending(digests).tolist() == np.argsort(digests, kind="stable").tolist()


def test_a_digest_depends_on_the_seed_and_on_nothing_else():
    alone, among = digests_of(b"x,y,1,true\n"), digests_of(b"longer,w,2,false\nx,y,1,true\n")
    assert alone[:16] in {among[:16], among[20:36]}
    assert digests_of(b"x,y,1,true\n", b"other")[:16] != alone[:16]


def test_keys_differ_by_any_of_their_bytes_and_by_their_length():
    texts = ["k", "k\0", "", "\0"] + ["k" * length for length in (1023, 1024, 1025, 5000)] + ["k" * 4999 + "l", "l" + "k" * 4999]
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int32)
    array = pa.Array.from_buffers(pa.string(), len(texts), [None, pa.py_buffer(offsets), pa.py_buffer("".join(texts).encode())])
    sums = digests.initial(len(texts))
    digests.add_column(sums, array, b"seed", 0)
    assert len(set(zip(*(half.tolist() for half in digests.final(sums))))) == len(texts)


def test_a_key_of_several_columns_is_all_of_them():
    """StringColumn of different lengths are digested apart, and come on top of what the columns before them gave."""
    schema = {"fields": [{"name": "id", "type": "integer"}, {"name": "ref", "type": "string"}], "primaryKey": ["id", "ref"]}
    contract = parse_contract({"dataset": "made", "version": 1, "format": "csv", "schema": schema}, "made.json")
    layout = CsvLayout("utf-8", ",", '"', 0, contract.names)

    def repeats(data):
        output = process_chunk([data], contract=contract, layout=layout, start=0, last=True, key_seed=b"seed")
        return duplicates([Digests(output.key_digests)], 10**6).sample

    assert repeats(b"1,a\n2,a\n3,bb\n4,bb\n") == []
    assert repeats(b"1,a\n2,a\n3,bb\n2,a\n3,bb\n") == [((0, 1), (0, 3)), ((0, 2), (0, 4))]
