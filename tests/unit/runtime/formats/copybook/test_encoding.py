"""F1: records for the mainframe, and what no record can hold."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from runtime.formats.copybook.blocks import RecordBlock
from runtime.formats.copybook.encoding import encode
from runtime.formats.copybook.layout import RecordLayout, contracted_record
from runtime.formats.copybook.record import Selection, record_of
from runtime.formats.registry import parse_contract
from tests.support.mainframe import judge

CARDDEMO = Path(os.environ.get("LEDGERLINE_SHARED_DATA", "../shared/data")) / "carddemo"


def record(*lines, select=()):
    return record_of(("       01  R.", *(f"           {line}" for line in lines)), tuple(select))


def encoded(description, values, page="cp037"):
    return encode(pa.table({"a": values}), record(f"05  A {description}."), page).hex().upper()


@pytest.mark.parametrize(
    ("description", "value", "raw"),
    [
        ("PIC 9(3)", 7, "F0F0F7"),
        ("PIC S9(3)", 7, "F0F0C7"),
        ("PIC S9(3)", -120, "F1F2D0"),
        ("PIC S9(3)", 0, "F0F0C0"),
        ("PIC S9(2)V9 SIGN LEADING", Decimal("-12.3"), "D1F2F3"),
        ("PIC S9(2) SIGN TRAILING SEPARATE", -12, "F1F260"),
        ("PIC S9(2) SIGN LEADING SEPARATE", 12, "4EF1F2"),
        ("PIC S9(10)V99 COMP-3", Decimal("2525.00"), "0000000252500C"),
        ("PIC S9(10)V99 COMP-3", Decimal("-2500.00"), "0000000250000D"),
        ("PIC 9(3) COMP-3", 12, "012F"),
        ("PIC S9(4) COMP", -2, "FFFE"),
        ("PIC 9(9) COMP-5", 2**32 - 1, "FFFFFFFF"),
        ("PIC 9(2)P(3)", 12000, "F1F2"),
        ("PIC S9(25)", Decimal(-(10**24)), "F1" + "F0" * 23 + "D0"),
        ("COMP-1", -118.625, "C276A000"),
        ("COMP-1", 100.0, "42640000"),
        ("COMP-2", 1.0, "4110000000000000"),
        ("COMP-2", 0.0, "0000000000000000"),
        ("PIC X(4)", "Ä1", "63F14040"),
        ("PIC X(4)", "", "40404040"),
        ("PIC X(3)", None, "404040"),
        ("PIC 9(3)", None, "000000"),
        ("PIC S9(3) COMP-3", None, "0000"),
    ],
)
def test_the_bytes_that_a_mainframe_expects(description, value, raw):
    column = pa.array([value], pa.int64() if value is None and "9" in description else None)
    assert encoded(description, column.cast(pa.string()) if column.type == pa.null() else column) == raw


def test_ascii_has_its_own_signs_and_blanks():
    assert encoded("PIC S9(2)", [-10, 12], "ascii") == b"1}1B".hex().upper()
    assert encoded("PIC X(3)", ["a", "é"], "iso8859-1") == "a  é  ".encode("latin-1").hex().upper()


def test_null_text_that_still_has_bytes_is_blank():
    texts = pa.array(["ab", "cd", "ef"])
    nulled = pa.Array.from_buffers(pa.string(), 3, [pa.py_buffer(b"\x05"), *texts.buffers()[1:]])
    assert encoded("PIC X(2)", nulled) == "8182" + "4040" + "8586"


@pytest.mark.parametrize(
    ("description", "value", "says"),
    [
        ("PIC 9(2)", 100, "more than 2 digits"),
        ("PIC 9(2)", -1, "without a sign is not negative"),
        ("PIC S9(2)V9", Decimal("1.25"), "would cause data loss"),
        ("PIC 9(2)P", 105, "no multiple of 10"),
        ("PIC S9(4) COMP", 10000, "out of the range of 2 bytes"),
        ("PIC S9(4) COMP-5", 2**15, "out of the range"),
        ("PIC S9(4) COMP-5", -(2**15) - 1, "out of the range"),
        ("COMP-1", float("nan"), "not finite"),
        ("COMP-2", 1e80, "beyond 16"),
        ("PIC X(2)", "abc", "longer than 2 characters"),
        ("PIC X(2)", "äbc", "longer than 2 characters"),
        ("PIC X(2)", "中", "that cp037 does not have"),
        ("PIC X(2)", "\n", "no record has"),
        ("PIC X(2)", "ä\n", "does not have"),
        ("PIC X(2)", "\ufffd", "does not have"),
    ],
)
def test_a_value_that_its_item_cannot_hold_is_refused_by_name(description, value, says):
    with pytest.raises(ValueError, match=says) as raised:
        encoded(description, [value])
    assert str(raised.value).startswith("column 'a', ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("description", ["PIC 9(4) COMP", "COMP-2"])
def test_bits_that_are_always_a_number_are_never_null(description):
    with pytest.raises(ValueError, match="is never null; row 1 is"):
        encoded(description, pa.array([1, None], pa.int64()))


def test_the_extremes_of_binary_numbers():
    assert encoded("PIC S9(4) COMP-5", [-(2**15), 2**15 - 1]) == "80007FFF"
    assert encoded("PIC S9(18) COMP-5", [-(2**63)]) == "8000000000000000"


def test_what_does_not_fit_the_copybook_is_refused():
    with pytest.raises(ValueError, match="'a' of the copybook is not among the columns b"):
        encode(pa.table({"b": [1]}), record("05  A PIC 9."), "cp037")
    varying = record("05  A PIC X.", "05  B PIC X.", "05  C REDEFINES B PIC 9.", select=[Selection("C", "A", ("1",))])
    with pytest.raises(ValueError, match="several shapes"):
        encode(pa.table({"a": ["1"]}), varying, "cp037")


def test_fillers_are_blank_and_rows_are_in_order():
    found = record("05  A PIC 9.", "05  FILLER PIC X(2).", "05  B PIC X.")
    table = pa.concat_tables([pa.table({"b": ["x"], "a": [1]}), pa.table({"b": ["y"], "a": [2]})])
    assert encode(table, found, "cp037") == "1  x2  y".encode("cp037")
    assert encode(table.slice(1), found, "cp037") == "2  y".encode("cp037")
    assert encode(table.slice(2), found, "cp037") == b""


def test_real_accounts_come_back_byte_for_byte():
    if not CARDDEMO.exists():
        assert not os.environ.get("CI"), f"{CARDDEMO} is missing"
        pytest.skip(f"{CARDDEMO} is not here")
    copybook = (Path(__file__).parents[5] / "runtime" / "contracts" / "accounts.cpy").read_text().splitlines()
    document = {
        "dataset": "plain",
        "version": 1,
        "format": "fixed-length",
        "encoding": "cp037",
        "record": {"format": "F", "copybook": copybook},
        "schema": {"fields": []},
    }
    given = parse_contract(document, "plain.json")
    raw = (CARDDEMO / "ACCTDATA.PS").read_bytes()
    rows = judge(RecordBlock.fixed(raw, 0, 300), given, RecordLayout.of(given, None)).accepted
    assert encode(rows, contracted_record(given), "cp037") == raw
