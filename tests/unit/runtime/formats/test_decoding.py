"""Whatever is sent as gzip or UTF-16 becomes exactly its text, or a refusal that says what and where, in bounded memory."""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from typing import Any, Iterator, List

import pytest

from runtime.core.errors import CorruptGzip, DecodedTooLarge, FileRejected, NotCsv
from runtime.formats.decoding import Decoding, Limits, decode, in_pieces

GZ = Decoding("gz", None)
LE = Decoding(None, "utf-16-le")
LIMITS = Limits(1_000_000_000, 200)
TEXT = b"".join(b"%d,2024-01-31,12.50,rent\n" % number for number in range(20_000))
PACKED = gzip.compress(TEXT)
MEBIBYTE = 1024 * 1024


def decoded(data: bytes, decoding: Decoding = GZ, part_bytes: int = 65_536, limits: Limits = LIMITS) -> bytes:
    parts = (data[start : start + part_bytes] for start in range(0, len(data), part_bytes))
    return b"".join(decode(parts, decoding, limits))


@pytest.mark.parametrize("part_bytes", [1, 7, 65_536, 10_000_000])
def test_gzip_is_its_text_however_it_arrives(part_bytes: int) -> None:
    assert decoded(PACKED, part_bytes=part_bytes) == TEXT


def test_members_follow_one_another_as_cat_leaves_them() -> None:
    members = [gzip.compress(TEXT[:1000]), gzip.compress(b""), gzip.compress(TEXT[1000:])]
    for part_bytes in (1, 7, 65_536):
        assert decoded(b"".join(members), part_bytes=part_bytes) == TEXT


def test_zeros_after_the_end_are_what_tapes_leave() -> None:
    assert decoded(PACKED + bytes(5000)) == TEXT
    assert decoded(PACKED + bytes(512) + gzip.compress(b"x,y\n")) == TEXT + b"x,y\n"


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


BROKEN = {
    "cut in the data": (
        PACKED[: len(PACKED) // 2],
        f"ends before its compressed data does, after byte {len(PACKED) // 2:,} of the compressed file;",
    ),
    "cut in the checksum": (PACKED[:-1], "ends before its compressed data does"),
    "cut in a second header": (PACKED + PACKED[:5], "ends before its compressed data does"),
    "something else after it": (
        PACKED + b"id,day\n",
        f"something else follows the compressed data, after byte {len(PACKED):,} of the compressed file;",
    ),
    "something else after zeros": (
        PACKED + bytes(9) + b"x",
        f"something else follows the compressed data, after byte {len(PACKED) + 9:,} of the compressed file;",
    ),
    "another checksum": (flipped(PACKED, len(PACKED) - 6), "its checksum does not agree"),
    "another length": (flipped(PACKED, len(PACKED) - 2), "its length does not agree"),
    "another method": (flipped(PACKED, 2), "unknown compression method"),
    "a broken block": (PACKED[:10] + b"\x07" + PACKED[11:], "invalid block type"),
    "a member that is none": (PACKED + b"\x1f\x00" + PACKED, "incorrect header check"),
}


@pytest.mark.parametrize(("data", "says"), BROKEN.values(), ids=BROKEN)
def test_broken_gzip_is_refused_with_its_place(data: bytes, says: str) -> None:
    with pytest.raises(CorruptGzip, match=says):
        decoded(data)


def test_any_byte_that_changes_is_noticed() -> None:
    """The checksum of each member sees to it; what no checksum covers is the header, which holds no text."""
    rng = random.Random(7)
    small = gzip.compress(TEXT[:3000])
    for at in rng.sample(range(10, len(small)), 200):
        with pytest.raises(CorruptGzip):
            decoded(flipped(small, at))


def bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(b"0,0\n" * 250_000) for _ in range(megabytes)), packer.flush()])


def test_a_bomb_is_stopped_at_its_ratio_and_both_sizes_are_told() -> None:
    data = bomb(200)
    with pytest.raises(DecodedTooLarge, match=r"[\d,]+ bytes of the file decode to [\d,]+ of text, more than 200 times as many") as caught:
        decoded(data)
    assert caught.value.decoded_bytes < 80_000_000
    assert caught.value.read_bytes < 400_000


def test_text_that_repeats_itself_is_no_bomb_while_it_is_small() -> None:
    assert len(decoded(bomb(60))) == 60_000_000


def test_a_file_has_no_more_text_than_is_allowed() -> None:
    with pytest.raises(DecodedTooLarge, match="more than the 100,000 that one file may have") as caught:
        decoded(PACKED, limits=Limits(100_000, 200))
    assert caught.value.decoded_bytes > 100_000
    with pytest.raises(DecodedTooLarge, match="more than the 100,000"):
        decoded(TEXT.decode().encode("utf-16-le"), LE, limits=Limits(100_000, 200))
    assert decoded(PACKED, limits=Limits(len(TEXT), 200)) == TEXT


HOLLOW = {
    "members without text": gzip.compress(b"") * 60_000,
    "a name without end": b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 2 * MEBIBYTE,
    "blocks without text": b"\x1f\x8b\x08\x00" + bytes(6) + b"\x00\x00\x00\xff\xff" * 500_000,
}


@pytest.mark.parametrize("data", HOLLOW.values(), ids=HOLLOW)
def test_compressed_bytes_that_hold_nothing_are_not_read_for_ever(data: bytes) -> None:
    with pytest.raises(CorruptGzip, match="1,048,576 compressed bytes hold no text"):
        decoded(data)


def test_memory_is_bounded_whatever_a_part_holds() -> None:
    """One part of a megabyte, which is hundreds of them once it is text: it comes in pieces, and only as it is asked for."""
    data = bomb(300)
    sizes = []
    with pytest.raises(DecodedTooLarge):
        sizes.extend(len(piece) for piece in decode([data], GZ, Limits(200_000_000, 2000)))
    assert max(sizes) <= 4 * MEBIBYTE
    assert sum(sizes) <= 200_000_000


@pytest.mark.parametrize("part_bytes", [1, 2, 3, 65_536])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_utf16_is_its_text_however_it_arrives(codec: str, mark: str, part_bytes: int) -> None:
    text = 'id,note\n1,"Größe, 大きさ, 𝄞🎵"\r\n2,\ufeff\n' * 20
    assert decoded((mark + text).encode(codec), Decoding(None, codec), part_bytes).decode() == text


def test_only_the_first_byte_order_mark_is_one() -> None:
    assert decoded("\ufeff\ufeffid\n".encode("utf-16-le"), LE, 2).decode() == "\ufeffid\n"


def test_gzip_is_undone_before_utf16() -> None:
    assert decoded(gzip.compress("\ufeffa,ü\n".encode("utf-16-be")), Decoding("gz", "utf-16-be")).decode() == "a,ü\n"


@pytest.mark.parametrize("data", [b"a\0,\0b", b"a\0\n", b"\x3d\xd8\0"])
def test_half_a_character_at_the_end_is_a_file_cut_short(data: bytes) -> None:
    with pytest.raises(NotCsv, match=f"half a character of UTF-16, the last byte, at byte {len(data) - 1};"):
        decoded(data, LE)


@pytest.mark.parametrize("part_bytes", [1, 2, 3, 1000])
@pytest.mark.parametrize("units", [[0xD83D], [0xDC00], [0xDC00, 0xD83D], [0xD83D, 0xD83D, 0xDC00]])
def test_a_surrogate_alone_leaves_bytes_that_no_row_can_hold(units: List[int], part_bytes: int) -> None:
    data = b"a\0\n\0" + struct.pack(f"<{len(units)}H", *units) + b"\n\0b\0"
    text = decoded(data, LE, part_bytes)
    first, odd, last = text.split(b"\n")
    assert (first, last) == (b"a", b"b")
    with pytest.raises(UnicodeDecodeError):
        odd.decode()


def test_the_beginning_of_a_file_need_not_end() -> None:
    for data, decoding in ((PACKED[:5000], GZ), (b"a\0\n\0b", LE)):
        assert b"".join(decode([data], decoding, LIMITS, complete=False)).startswith((TEXT[:100], b"a\n"))


@pytest.mark.parametrize("piece_bytes", [1, 3, 10, 1000])
def test_pieces_are_even_but_the_last(piece_bytes: int) -> None:
    parts = [b"", b"a", b"bc", b"", b"defghijklmnopqrstuvw", b"x"]
    pieces = list(in_pieces(parts, piece_bytes))
    assert b"".join(pieces) == b"abcdefghijklmnopqrstuvwx"
    assert all(len(piece) == piece_bytes for piece in pieces[:-1])
    assert 0 < len(pieces[-1]) <= piece_bytes


def test_pieces_pass_an_error_on() -> None:
    def parts() -> Iterator[bytes]:
        yield b"abc"
        raise CorruptGzip("it ends", 3)

    taken: List[Any] = []
    with pytest.raises(FileRejected):
        taken.extend(in_pieces(parts(), 2))
    assert taken == [b"ab"]
