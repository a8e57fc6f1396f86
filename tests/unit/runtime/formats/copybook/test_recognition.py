from __future__ import annotations

import gzip
import io
import os
import random
import zipfile
from typing import Callable

import pytest

from local.testing.sources import CountingSource
from runtime.core.errors import EmptyFile, EncodingMismatch, NotRecords, RecordChainBroken, RecordLengthMismatch, TruncatedRecord
from runtime.formats.copybook.layout import contracted_record
from runtime.formats.copybook.recognition import recognize
from runtime.formats.copybook.record import Record, record_of
from runtime.formats.copybook.record_form import RecordForm
from runtime.formats.registry import load_contracts
from tests.support.mainframe import described
from tests.support.records import SHARED_DATA

F = RecordForm("F", 30, 30)
V = RecordForm("V", 30, 40)
TEXT = "00000000017Y0000001940{ZIP    "


def record(*lines: str) -> Record:
    return record_of(("       01  R.", *(f"           {line}" for line in lines)))


ACCOUNT = record("05  ID PIC 9(11).", "05  STATUS PIC X.", "05  BALANCE PIC S9(8)V99.", "05  ZIP PIC X(8).")


def sent(data: bytes, form: RecordForm = F, encoding: str = "cp037", of: Record = ACCOUNT) -> None:
    recognize(CountingSource.of(data), of, form, encoding)


def fixed(data: bytes, of: Record, encoding: str = "cp037") -> None:
    sent(data, RecordForm("F", of.maximum, of.maximum), encoding, of)


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("ACCOUNTS.PS1"), TEXT.encode("cp037"))
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["cp037", "cp273", "cp500", "cp1140", "ascii", "iso8859-1"])
def test_records_in_the_contracts_encoding_are_taken(encoding: str) -> None:  # F1
    sent(TEXT.encode(encoding) * 50, F, encoding)
    sent(described([TEXT.encode(encoding)] * 50), V, encoding)


def packed(value: int, length: int) -> bytes:
    return bytes.fromhex(f"{value:0{2 * length - 1}d}c")


RATES = record("05  ID PIC 9(9) COMP.", "05  RATE PIC S9(3)V99 COMP-3 OCCURS 12.")
PERCENTAGES = record("05  ID PIC 9(7).", "05  SHARE PIC 9(3) COMP OCCURS 48.")
NOTES = record("05  NOTE PIC X(16).")
SIGNED = record("05  ID PIC X(4).", "05  CHANGE PIC S9(4) COMP OCCURS 20.")


FOREIGN = record("05  ID PIC 9(7).", "05  TOKEN PIC X(60).")


@pytest.mark.parametrize(
    ("of", "made", "encoding"),
    [
        pytest.param(RATES, lambda at: at.to_bytes(4, "big") + packed(200 + at, 3) * 12, "cp037", id="rates"),
        pytest.param(PERCENTAGES, lambda at: f"{at:07}".encode("cp037") + bytes([0, 35 + at % 66]) * 48, "cp037", id="percentages"),
        pytest.param(NOTES, lambda _: "--------........".encode("cp037"), "cp037", id="dashes and dots"),
        pytest.param(SIGNED, lambda at: b"AB%02d" % (at % 100) + bytes([0xFF, 0x81 + at % 120]) * 20, "ascii", id="minus"),
        pytest.param(FOREIGN, lambda at: f"{at:07}".encode("cp037") + b"beheaded" * 7 + b"feed", "cp037", id="beside digits that are read"),
    ],
)
def test_numbers_and_marks_are_not_taken_for_text_of_the_other_kind(of: Record, made: Callable[[int], bytes], encoding: str) -> None:
    fixed(b"".join(made(at) for at in range(500)), of, encoding)


def test_elements_of_a_table_are_not_taken_for_text() -> None:
    of = record("05  N PIC 9(4).", "05  T PIC S9(5) COMP-3 OCCURS 0 TO 1990 DEPENDING ON N.")
    records = [f"{count:04}".encode("cp037") + packed(5, 3) * count for count in (0, 5, 1990)]
    sent(described(records * 20), RecordForm("V", of.minimum, of.maximum), of=of)
    moved = record("05  N PIC 9(4) COMP.", "05  T PIC X(3) OCCURS 0 TO 30 DEPENDING ON N.", "05  RATE PIC S9(5) COMP-3 OCCURS 40.")
    sent(described([bytes(2) + packed(552, 3) * 40] * 100), RecordForm("V", moved.minimum, moved.maximum), of=moved)


def test_what_is_no_text_is_of_no_encoding() -> None:
    rng = random.Random(3)
    numbers = b"".join(int(f"{rng.randrange(10**59):059d}12", 16).to_bytes(31, "big")[1:] for _ in range(1000))
    for encoding in ("cp037", "ascii"):
        sent(numbers, F, encoding)
    sent(bytes(3_000))
    sent(b"\x40" * 3_000)
    fixed(b"abcdefghijklmno", record("05  A PIC X(15)."))


@pytest.mark.parametrize("form", [F, V])
def test_an_empty_file_is_refused(form: RecordForm) -> None:
    with pytest.raises(EmptyFile, match="send at least one record"):
        sent(b"", form)


@pytest.mark.parametrize(
    ("data", "name"),
    [(gzip.compress(b"x"), "gzip"), (b"%PDF-1.7\n", "PDF"), (zipped(), "ZIP"), (b"PAR1" + bytes(301), "Parquet")],
    ids=["gzip", "PDF", "ZIP", "Parquet"],
)
@pytest.mark.parametrize("form", [F, V])
def test_other_formats_are_named(data: bytes, name: str, form: RecordForm) -> None:
    with pytest.raises(NotRecords, match=name):
        sent(data, form)


def test_a_record_may_begin_with_the_mark_of_another_format() -> None:
    sent(b"\x1f\x8b" + TEXT.encode("cp037")[2:])


@pytest.mark.parametrize("form", [F, V])
def test_text_of_the_other_kind_is_refused_with_how_it_was_seen(form: RecordForm) -> None:
    def records(encoding: str) -> bytes:
        return TEXT.encode(encoding) * 50 if form is F else described([TEXT.encode(encoding)] * 50)

    with pytest.raises(
        EncodingMismatch, match=r"contract says cp037, but there is ASCII text \(\d+% of the text in the first 1,[57]00 bytes\)"
    ):
        sent(records("ascii"), form)
    with pytest.raises(EncodingMismatch, match="contract says ascii, but there is EBCDIC text"):
        sent(records("cp037"), form, "ascii")


def test_ascii_text_is_seen_between_zeros() -> None:
    with pytest.raises(EncodingMismatch):
        sent((TEXT[:15].encode() + bytes(15)) * 50)


def test_text_of_the_other_kind_is_seen_among_numbers_and_without_any() -> None:
    with pytest.raises(EncodingMismatch, match=r"ASCII text \(100% of the text in the first 8,000 bytes\) at byte 4"):
        fixed(
            b"".join(packed(at, 4) + b"a note in ASCII." + bytes(20) for at in range(200)),
            record("05  AMOUNT PIC S9(7) COMP-3.", "05  NOTE PIC X(16).", "05  MORE PIC X(20)."),
        )
    with pytest.raises(EncodingMismatch, match="EBCDIC text"):
        fixed("a note in EBCDIC".encode("cp037") * 200, NOTES, "ascii")


def test_a_file_without_any_record_is_explained_by_all_its_bytes() -> None:
    with pytest.raises(EncodingMismatch, match="ASCII text"):
        sent((TEXT + "\n").encode() * 50, V)


@pytest.mark.parametrize(("line_end", "shown"), [(b"\n", "0A"), (b"\r\n", "0D 0A"), (b"\x25", "25"), (b"\x15", "15")])
@pytest.mark.parametrize("records", [50, 30])  # 30 line ends of one byte are a record's length
def test_line_ends_after_the_records_are_told(line_end: bytes, shown: str, records: int) -> None:
    with pytest.raises(RecordLengthMismatch) as raised:
        sent((TEXT.encode("cp037") + line_end) * records)
    assert raised.value.line_end == shown
    assert "so the file went as text" in str(raised.value)


def test_a_byte_where_a_line_end_could_be_is_none() -> None:
    one = TEXT.encode("cp037")
    sent(one + b"\x15" + one[1:])
    with pytest.raises(RecordLengthMismatch) as raised:
        sent(one + b"\x15" + one[1:] + one * 3 + b"xx")
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
    one = TEXT.encode("cp037")
    with pytest.raises(RecordChainBroken) as raised:
        sent(described([one] * 3) + one * 3, V)
    assert (raised.value.offset, raised.value.found) == (102, "F0 F0 F0 F0")
    with pytest.raises(RecordChainBroken, match="of a block"):
        sent(b"\x00\x6a\x00\x00" + described([one] * 3), V)


@pytest.mark.parametrize("records", [100, 20_000])
@pytest.mark.parametrize("cut", [1, 31, 33])
def test_a_last_record_that_does_not_end_is_told_before_anything_is_split(records: int, cut: int) -> None:
    data = described([TEXT.encode("cp037")] * records)
    source = CountingSource.of(data[:-cut])
    with pytest.raises(TruncatedRecord) as raised:
        recognize(source, ACCOUNT, V, "cp037")
    assert raised.value.offset == len(data) - 34
    assert source.bytes_read < 200_000


@pytest.mark.skipif(not SHARED_DATA.exists() and os.environ.get("CI") != "true", reason="the shared data is not beside the checkout")
def test_real_files_and_their_twins() -> None:
    folder, accounts = SHARED_DATA / "carddemo", contracted_record(load_contracts()["accounts"])
    fixed((folder / "ACCTDATA.PS").read_bytes(), accounts)
    fixed((folder / "CARDDATA.PS").read_bytes(), record("05  CARD PIC X(150)."))
    twin = (folder / "acctdata.txt").read_bytes()
    with pytest.raises(EncodingMismatch, match="ASCII text"):
        fixed(twin, accounts)
    with pytest.raises(RecordLengthMismatch, match=r"50 records of 300 bytes and 50 bytes more; a line end \(0A\)"):
        fixed(twin, accounts, "ascii")
