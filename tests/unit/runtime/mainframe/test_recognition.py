from __future__ import annotations

import gzip
import io
import os
import random
import zipfile

import pytest

from runtime.errors import EmptyFile, EncodingMismatch, NotRecords, RecordChainBroken, RecordLengthMismatch, TruncatedRecord
from runtime.mainframe.forms import RecordForm
from runtime.mainframe.recognition import recognize
from tests.support.mainframe import described
from tests.support.records import SHARED_DATA
from tests.support.sources import CountingSource

F = RecordForm("F", 30, 30)
V = RecordForm("V", 10, 40)
TEXT = "00000000017Y0000001940{ZIP    "


def sent(data: bytes, form: RecordForm = F, encoding: str = "cp037") -> None:
    recognize(CountingSource.of(data), form, encoding)


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("ACCOUNTS.PS1", TEXT.encode("cp037"))
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["cp037", "cp273", "cp500", "cp1140", "ascii", "iso8859-1"])
def test_records_in_the_contracts_encoding_are_taken(encoding: str) -> None:  # F1
    sent(TEXT.encode(encoding) * 50, F, encoding)
    sent(described([TEXT.encode(encoding)] * 50), V, encoding)


def test_packed_records_are_of_no_encoding() -> None:
    rng = random.Random(3)
    packed = b"".join(int(f"{rng.randrange(10**59):059d}12", 16).to_bytes(31, "big")[1:] for _ in range(1000))
    for encoding in ("cp037", "ascii"):
        sent(packed, F, encoding)
    sent(bytes(3_000))
    sent(b"\x40" * 3_000)


@pytest.mark.parametrize("form", [F, V])
def test_an_empty_file_is_refused(form: RecordForm) -> None:
    with pytest.raises(EmptyFile, match="send at least one record"):
        sent(b"", form)


@pytest.mark.parametrize(
    ("data", "found"), [(gzip.compress(b"x"), "gzip"), (b"%PDF-1.7\n", "PDF"), (zipped(), "ZIP"), (b"PAR1" + bytes(301), "Parquet")]
)
@pytest.mark.parametrize("form", [F, V])
def test_other_formats_are_named(data: bytes, found: str, form: RecordForm) -> None:
    with pytest.raises(NotRecords, match=found):
        sent(data, form)


def test_a_record_may_begin_with_the_mark_of_another_format() -> None:
    sent(b"\x1f\x8b" + TEXT.encode("cp037")[2:])


@pytest.mark.parametrize("form", [F, V])
def test_text_of_the_other_kind_is_refused_with_how_it_was_seen(form: RecordForm) -> None:
    def records(encoding: str) -> bytes:
        return TEXT.encode(encoding) * 50 if form is F else described([TEXT.encode(encoding)] * 50)

    with pytest.raises(EncodingMismatch, match=r"contract says cp037, but there is ASCII text \(\d+% of the first 1,[57]00 bytes\)"):
        sent(records("ascii"), form)
    with pytest.raises(EncodingMismatch, match="contract says ascii, but there is EBCDIC text"):
        sent(records("cp037"), form, "ascii")


def test_ascii_text_is_seen_between_zeros() -> None:
    with pytest.raises(EncodingMismatch):
        sent((TEXT[:15].encode() + bytes(15)) * 50)


@pytest.mark.parametrize(("line_end", "shown"), [(b"\n", "0A"), (b"\r\n", "0D 0A"), (b"\x25", "25"), (b"\x15", "15")])
@pytest.mark.parametrize("records", [50, 30])  # 30 line ends of one byte are a record's length
def test_line_ends_after_the_records_are_told(line_end: bytes, shown: str, records: int) -> None:
    with pytest.raises(RecordLengthMismatch) as raised:
        sent((TEXT.encode("cp037") + line_end) * records)
    assert raised.value.line_end == shown
    assert "so the file went as text" in str(raised.value)


def test_a_byte_where_a_line_end_could_be_is_none() -> None:
    record = TEXT.encode("cp037")
    sent(record + b"\x15" + record[1:])
    with pytest.raises(RecordLengthMismatch) as raised:
        sent(record + b"\x15" + record[1:] + record * 3 + b"xx")
    assert raised.value.line_end is None


@pytest.mark.parametrize("cut", [1, 29, 31])
def test_a_size_that_is_no_multiple_is_told_with_the_arithmetic(cut: int) -> None:
    data = (TEXT.encode("cp037") * 50)[:-cut]
    records, rest = divmod(len(data), 30)
    with pytest.raises(
        RecordLengthMismatch, match=rf"{len(data):,} bytes are {records} records of 30 bytes and {rest} bytes? more; send whole"
    ):
        sent(data)


def test_a_chain_broken_in_the_head_is_told() -> None:
    record = TEXT.encode("cp037")
    with pytest.raises(RecordChainBroken) as raised:
        sent(described([record] * 3) + record * 3, V)
    assert (raised.value.offset, raised.value.found) == (102, "F0 F0 F0 F0")
    with pytest.raises(RecordChainBroken, match="of a block"):
        sent(b"\x00\x6a\x00\x00" + described([record] * 3), V)


@pytest.mark.parametrize("records", [100, 20_000])
@pytest.mark.parametrize("cut", [1, 31, 33])
def test_a_last_record_that_does_not_end_is_told_before_anything_is_split(records: int, cut: int) -> None:
    data = described([TEXT.encode("cp037")] * records)
    source = CountingSource.of(data[:-cut])
    with pytest.raises(TruncatedRecord) as raised:
        recognize(source, V, "cp037")
    assert raised.value.offset == len(data) - 34
    assert source.bytes_read < 200_000


@pytest.mark.skipif(not SHARED_DATA.exists() and os.environ.get("CI") != "true", reason="the shared data is not beside the checkout")
def test_real_files_and_their_twins() -> None:
    folder, accounts = SHARED_DATA / "carddemo", RecordForm("F", 300, 300)
    sent((folder / "ACCTDATA.PS").read_bytes(), accounts)
    sent((folder / "CARDDATA.PS").read_bytes(), RecordForm("F", 150, 150))
    twin = (folder / "acctdata.txt").read_bytes()
    with pytest.raises(EncodingMismatch, match="ASCII text"):
        sent(twin, accounts)
    with pytest.raises(RecordLengthMismatch, match=r"50 records of 300 bytes and 50 bytes more; a line end \(0A\)"):
        sent(twin, accounts, "ascii")
