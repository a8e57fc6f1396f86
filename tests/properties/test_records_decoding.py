"""Decoding is the inverse of whatever made the file, however the file arrives (E2, E22)."""

from __future__ import annotations

import gzip
from typing import Iterator, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.core.errors import CorruptGzip, NotCsv
from runtime.formats.decoding import Decoding, Limits, decode, in_pieces

LIMITS = Limits(10**9, 200)
#: Any character there is, those of two UTF-16 units and byte-order marks in the middle included; halves of pairs too.
texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)
whole_texts = st.text(st.characters(codec="utf-8"), max_size=200)
codecs = st.sampled_from(["utf-16-le", "utf-16-be"])
cuts = st.lists(st.integers(1, 40), min_size=1, max_size=50)


def parts(data: bytes, sizes: List[int]) -> Iterator[bytes]:
    """*data* in parts of the given *sizes*, over and over."""
    position = number = 0
    while position < len(data):
        size = sizes[number % len(sizes)]
        yield data[position : position + size]
        position, number = position + size, number + 1


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=6), st.integers(0, 20), st.integers(0, 9), cuts)
def test_members_are_the_texts_that_were_compressed(members: List[bytes], zeros: int, level: int, sizes: List[int]) -> None:
    data = b"".join(gzip.compress(member, level) for member in members) + bytes(zeros)
    assert b"".join(decode(parts(data, sizes), Decoding("gz", None), LIMITS)) == b"".join(members)


@given(st.binary(min_size=1, max_size=300), st.data(), cuts)
def test_gzip_cut_anywhere_is_noticed(member: bytes, data: st.DataObject, sizes: List[int]) -> None:
    packed = gzip.compress(member)
    cut = packed[: data.draw(st.integers(1, len(packed) - 1))]
    with pytest.raises(CorruptGzip) as caught:
        list(decode(parts(cut, sizes), Decoding("gz", None), LIMITS))
    assert caught.value.offset <= len(cut)


@given(whole_texts, codecs, st.booleans(), cuts)
def test_utf16_is_the_text_that_was_encoded(text: str, codec: str, mark: bool, sizes: List[int]) -> None:
    """Only one byte-order mark is taken off, so a text that begins with one needs another before it."""
    marked = ("\ufeff" if mark or text.startswith("\ufeff") else "") + text
    found = b"".join(decode(parts(marked.encode(codec), sizes), Decoding(None, codec), LIMITS))
    assert found.decode() == text


@given(texts, codecs, cuts)
def test_halves_of_pairs_spoil_no_neighbour(text: str, codec: str, sizes: List[int]) -> None:
    """What is not UTF-8 afterwards is what was a half before; every line without one is as it was."""
    lines = [line.replace("\n", "").replace("\ufeff", "") for line in text.split("x")]
    # Halves that meet become a character; so they are kept apart by the encoding of each line.
    data = "\n".encode(codec).join(line.encode(codec, "surrogatepass") for line in lines)
    found = b"".join(decode(parts(data, sizes), Decoding(None, codec), LIMITS)).split(b"\n")
    assert len(found) == len(lines)
    for line, encoded in zip(lines, found):
        assert encoded == line.encode(codec, "surrogatepass").decode(codec, "surrogatepass").encode("utf-8", "surrogatepass")


@given(st.binary(max_size=99).filter(lambda data: len(data) % 2), codecs, cuts)
def test_an_odd_number_of_bytes_is_never_utf16(data: bytes, codec: str, sizes: List[int]) -> None:
    with pytest.raises(NotCsv) as caught:
        list(decode(parts(data, sizes), Decoding(None, codec), LIMITS))
    assert caught.value.offset == len(data) - 1


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(1, 60))
def test_pieces_hold_every_byte_once(found: List[bytes], piece_bytes: int) -> None:
    pieces = list(in_pieces(found, piece_bytes))
    assert b"".join(pieces) == b"".join(found)
    assert all(len(piece) == piece_bytes for piece in pieces[:-1])
