from __future__ import annotations

import gzip
import io
import random
import zipfile
from typing import Any, Dict, List, Type

import pytest

from local.testing.sources import CountingSource
from runtime.contracts.model import Contract
from runtime.core import errors
from runtime.formats.decoding import Decoding
from runtime.formats.recognition import recognize
from tests.support.records import HEADER, make_contract

ROW = b"1,2024-01-31,12.50,rent\n"
LATIN = {"encoding": "iso-8859-1"}
WIDE = (HEADER + ROW).decode()


def recognize_bytes(data: bytes, contract: Contract, dataset: Any = "payments") -> Any:
    return recognize(CountingSource.of(data), "incoming/payments/bank/a.csv", dataset, {contract.dataset: contract})


def renamed(*names: str, **changes: Any) -> Contract:
    fields: List[Dict[str, Any]] = [{"name": name, "type": "string"} for name in names]
    return make_contract(schema={"fields": fields}, **changes)


def zip_of(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    return packed.getvalue()


def test_layout_tells_where_rows_begin() -> None:
    contract, layout = recognize_bytes(HEADER + ROW, make_contract())
    assert contract.dataset == "payments"
    assert (layout.header_end, layout.columns, layout.delimiter, layout.quote) == (len(HEADER), ("id", "day", "amount", "note"), ",", '"')


@pytest.mark.parametrize("header", [HEADER, HEADER[:-1], b'"id",day,"amount",note\r\n', b"\xef\xbb\xbf" + HEADER])
def test_header_alone_is_a_file_without_rows(header: bytes) -> None:
    assert recognize_bytes(header, make_contract())[1].header_end == len(header)


def test_header_longer_than_the_first_read_is_read_on() -> None:
    names = [f"column_{i:06d}" for i in range(1900)]
    names[0] += "x" * 70_000
    contract = renamed(*names)
    source = CountingSource.of(",".join(names).encode() + b"\n" + ROW * 100_000)
    layout = recognize(source, "k", "payments", {"payments": contract})[1]
    assert layout.columns == tuple(names)
    assert source.reads == [(0, 65536), (0, 1024 * 1024)]


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"", errors.EmptyFile, "no bytes"),
        (b"\r\n\n", errors.EmptyFile, "nothing but line ends"),
        (b"\xef\xbb\xbf", errors.EmptyFile, "nothing but a byte-order mark"),
        (zip_of("data.csv"), errors.NotCsv, "a ZIP archive"),
        (zip_of("xl/workbook.xml"), errors.NotCsv, "Excel"),
        (b"BZh91AY&SY", errors.NotCsv, "bzip2"),
        (gzip.compress(gzip.compress(HEADER, mtime=0), mtime=0), errors.NotCsv, "gzip-compressed data, compressed, at byte 0"),
        (gzip.compress(zip_of("data.csv"), mtime=0), errors.NotCsv, "a ZIP archive, compressed, at byte 0"),
        (gzip.compress(b"", mtime=0), errors.EmptyFile, "no bytes once it is decompressed"),
        (gzip.compress(HEADER, mtime=0)[:-1], errors.CorruptGzip, "ends before its compressed data does, after byte"),
        (b"\x1f\x8b\x08\x00 no gzip after all", errors.CorruptGzip, "after byte 0"),
        (gzip.compress(b"\r\n\n", mtime=0), errors.EmptyFile, "nothing but line ends"),
        (gzip.compress(b"id,day,amount\n", mtime=0), errors.HeaderMismatch, "missing 'note'"),
        (b"%PDF-1.7\n", errors.NotCsv, "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", errors.NotCsv, "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", errors.NotCsv, "JPEG"),
        (b"PAR1\x15\x04", errors.NotCsv, "Parquet"),
        (HEADER.replace(b"\n", b"\r") + ROW.replace(b"\n", b"\r"), errors.NotCsv, "carriage return alone"),
        (b"id,day,am\0ount,note\n", errors.NotCsv, "a NUL byte in the header at byte 9"),
        (b"id,day\ramount,note\n", errors.NotCsv, "a lone carriage return in the header"),
        (b'id,"day"x,amount,note\n', errors.NotCsv, "a misplaced quote in the header at byte 3"),
        (WIDE.encode("utf-16-le"), errors.EncodingMismatch, "UTF-16-LE text without a byte-order mark"),
        (WIDE.encode("utf-16-be"), errors.EncodingMismatch, "UTF-16-BE text without a byte-order mark"),
        (gzip.compress(WIDE.encode("utf-16-be"), mtime=0), errors.EncodingMismatch, "UTF-16-BE text without a byte-order mark"),
        (b"\xff\xfe", errors.EmptyFile, "nothing but a byte-order mark"),
        (WIDE.encode("utf-16")[:-1], errors.NotCsv, "half a character of UTF-16, the last byte, at byte 86"),
        (HEADER.decode().replace("n", "\ud83d").encode("utf-16", "surrogatepass"), errors.EncodingMismatch, "byte 0xED at byte 11"),
        ((HEADER + ROW).decode().encode("utf-32"), errors.EncodingMismatch, "UTF-32"),
        (b"id,day,amount,n\xf6te\n", errors.EncodingMismatch, "byte 0xF6 at byte 15"),
        (HEADER.replace(b",", b";"), errors.DelimiterMismatch, "';'"),
        (b'"id"\t"day"\t"amount"\n', errors.DelimiterMismatch, r"'\\t'"),
        (b"id,day,amount\n", errors.HeaderMismatch, "missing 'note'"),
        (b"id,day,amount,note,extra,\n", errors.HeaderMismatch, "unexpected 'extra', ''"),
        (b"id,day,amount,amount,note\n", errors.HeaderMismatch, "duplicated 'amount'"),
        (b"ID,day,amount,note\n", errors.HeaderMismatch, "missing 'id'; unexpected 'ID'"),
        (b"day,id,amount,note\n", errors.HeaderMismatch, "another order"),
        (b'id,day,"amount,note\n', errors.UnterminatedQuote, "byte 7"),
        (b'id,day,"' + b"x" * 1_200_000, errors.RecordTooLong, "1,048,576 bytes after byte 0"),
    ],
)
def test_what_is_wrong_with_the_head_is_named(data: bytes, error: Type[errors.FileRejected], says: str) -> None:
    with pytest.raises(error, match=says):
        recognize_bytes(data, make_contract())


def test_columns_may_come_in_any_order_where_the_contract_says_so() -> None:
    contract = make_contract()
    free = make_contract(schema={**contract.document["schema"], "fieldsMatch": "equal"})
    assert recognize_bytes(b"day,id,note,amount\n", free)[1].columns == ("day", "id", "note", "amount")
    with pytest.raises(errors.HeaderMismatch, match="duplicated 'id'"):
        recognize_bytes(b"day,id,id,amount\n", free)


def test_utf8_sent_under_a_latin_contract_is_refused() -> None:
    with pytest.raises(errors.EncodingMismatch, match="there is UTF-8 text at byte 38"):
        recognize_bytes(HEADER + "1,2024-01-31,1.00,Müller\n".encode(), make_contract(**LATIN))
    with pytest.raises(errors.EncodingMismatch, match="byte-order mark"):
        recognize_bytes(b"\xef\xbb\xbf" + HEADER, make_contract(**LATIN))
    assert recognize_bytes(HEADER + "1,2024-01-31,1.00,Müller\n".encode("latin-1"), make_contract(**LATIN))


def test_bad_bytes_in_a_row_are_that_rows_error() -> None:
    assert recognize_bytes(HEADER + b"1,2024-01-31,1.00,\xff\0\n" + ROW, make_contract())
    assert recognize_bytes(HEADER + "1,2024-01-31,1.00,ü\n".encode() + ROW, make_contract(encoding="ascii"))


def test_unknown_dataset_names_those_that_are_known() -> None:
    with pytest.raises(errors.UnknownDataset, match="dataset 'pay', which has no contract; known datasets: payments"):
        recognize_bytes(HEADER, make_contract(), dataset="pay")


def test_contract_is_found_by_its_header_where_the_key_names_none() -> None:
    other, reserved = renamed("a", "b", dataset="other"), make_contract("_validation")
    contracts = {"other": other, "payments": make_contract(), "_validation": reserved}
    assert recognize(CountingSource.of(HEADER + ROW), "k", None, contracts)[0].dataset == "payments"
    with pytest.raises(errors.UnknownDataset, match="its header fits none; known datasets: other, payments"):
        recognize(CountingSource.of(b"x,y\n"), "k", None, contracts)
    contracts["twin"] = make_contract("twin")
    with pytest.raises(errors.UnknownDataset, match=r"its header fits several \(payments, twin\)"):
        recognize(CountingSource.of(HEADER), "k", None, contracts)
    del contracts["twin"]
    for data in (WIDE.encode("utf-16"), gzip.compress(HEADER + ROW)):
        assert recognize(CountingSource.of(data), "k", None, contracts)[0].dataset == "payments"
    with pytest.raises(errors.NotCsv, match="UTF-16-LE text without a byte-order mark"):
        recognize(CountingSource.of(WIDE.encode("utf-16-le")), "k", None, contracts)
    with pytest.raises(errors.EmptyFile):
        recognize(CountingSource.of(gzip.compress(b"")), "k", None, contracts)


def test_reserved_dataset_is_reached_by_its_name_only() -> None:
    contracts = {"_validation": make_contract("_validation")}
    assert recognize(CountingSource.of(HEADER), "k", "_validation", contracts)[0].reserved
    with pytest.raises(errors.UnknownDataset):
        recognize(CountingSource.of(HEADER), "k", None, contracts)


MARKED = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff", "utf-8": b"\xef\xbb\xbf"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("stated", [None, "utf-16", "same"])
def test_utf16_is_told_by_its_mark_or_by_the_contract(codec: str, stated: Any, pack: Any) -> None:
    contract = make_contract(**({"encoding": codec if stated == "same" else stated} if stated else {}))
    header = '"id","day","amount","note"\r\n'
    for mark in {MARKED[codec], b"" if stated == "same" else MARKED[codec]}:
        layout = recognize_bytes(pack(mark + (header + "1,2024-01-31,1.00,Mü\n").encode(codec)), contract)[1]
        compression = "gz" if pack is gzip.compress else None
        assert layout.decoding == Decoding(compression, codec)
        # Offsets are those of the text that chunks are cut from.
        assert (layout.encoding, layout.header_end) == ("utf-8", len(header))


def test_gzip_keeps_the_bytes_that_were_compressed() -> None:
    text = "id,day,amount,note\n1,2024-01-31,1.00,Mü\n"
    latin = recognize_bytes(gzip.compress(text.encode("latin-1")), make_contract(**LATIN))[1]
    assert (latin.encoding, latin.decoding, latin.header_end) == ("iso8859-1", Decoding("gz", None), len(HEADER))
    marked = recognize_bytes(gzip.compress(text.encode("utf-8-sig")), make_contract())[1]
    assert (marked.encoding, marked.header_end) == ("utf-8", 3 + len(HEADER))


@pytest.mark.parametrize(
    ("stated", "data", "says"),
    [
        ("utf-8", WIDE.encode("utf-16"), "says utf-8, but there is a byte-order mark of UTF-16-LE"),
        ("iso-8859-1", MARKED["utf-16-be"] + WIDE.encode("utf-16-be"), "a byte-order mark of UTF-16-BE"),
        ("utf-16le", MARKED["utf-16-be"] + WIDE.encode("utf-16-be"), "says utf-16-le, but there is a byte-order mark of UTF-16-BE"),
        ("utf-16be", WIDE.encode("utf-8-sig"), "a byte-order mark of UTF-8"),
        ("utf-16", WIDE.encode("utf-16-le"), "says utf-16, but there is text without a byte-order mark"),
        ("utf-16le", WIDE.encode("utf-16-be"), "says utf-16-le, but there is UTF-16-BE text"),
        ("utf-16le", WIDE.encode(), "there is text of single bytes"),
        ("utf-16be", gzip.compress(WIDE.encode(), mtime=0), "there is text of single bytes"),
        ("ascii", WIDE.encode("utf-8-sig"), "a byte-order mark of UTF-8"),
        ("utf-16", WIDE.encode("utf-32"), "a byte-order mark of UTF-32-LE"),
    ],
)
def test_an_encoding_that_contradicts_the_contract_is_refused(stated: str, data: bytes, says: str) -> None:
    with pytest.raises(errors.EncodingMismatch, match=says):
        recognize_bytes(data, make_contract(encoding=stated))


def test_a_contract_that_asks_for_gzip_gets_gzip() -> None:
    contract = make_contract(compression="gz")
    assert recognize_bytes(gzip.compress(HEADER + ROW), contract)[1].decoding == Decoding("gz", None)
    with pytest.raises(errors.CompressionMismatch, match="compression 'gz', but the file is not compressed"):
        recognize_bytes(HEADER + ROW, contract)


def test_a_long_compressed_header_is_read_on_and_no_further() -> None:
    rng = random.Random(1)
    names = [f"column_{i:06d}_{rng.getrandbits(200):050x}" for i in range(1900)]
    contract = renamed(*names)
    source = CountingSource.of(gzip.compress(",".join(names).encode() + b"\n" + rng.randbytes(3_000_000)))
    assert recognize(source, "k", "payments", {"payments": contract})[1].columns == tuple(names)
    assert source.reads == [(0, 65536), (0, 1024 * 1024)]


def test_a_bomb_is_not_opened_to_see_its_header() -> None:
    with pytest.raises(errors.RecordTooLong, match="1,048,576 bytes after byte 0"):
        recognize_bytes(gzip.compress(b"x" * 50_000_000, 1), make_contract())
