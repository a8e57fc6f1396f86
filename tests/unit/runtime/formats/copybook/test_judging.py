"""F1, E22: records become typed rows, or say byte by byte why not."""

from __future__ import annotations

import json
import os
import tracemalloc
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from runtime.contracts import patterns
from runtime.formats.copybook.blocks import RecordBlock
from runtime.formats.copybook.layout import RecordLayout, contracted_form
from runtime.formats.copybook.reader import RecordReader
from runtime.formats.copybook.rows import CopybookRows
from runtime.formats.registry import load_contracts, parse_contract
from tests.support.mainframe import described, judge

CARDDEMO = Path(os.environ.get("LEDGERLINE_SHARED_DATA", "../shared/data")) / "carddemo"


def contract(*lines, fields=(), encoding="cp037", record_format="F", **record):
    document = {
        "dataset": "payments",
        "version": 1,
        "format": "fixed-length",
        "encoding": encoding,
        "record": {"format": record_format, "copybook": ["       01  R.", *(f"           {line}" for line in lines)], **record},
        "schema": {"fields": list(fields)},
    }
    return parse_contract(document, "payments.json")


def judged(raws, given):
    form = contracted_form(given)
    data = described(raws) if form.variable else b"".join(raws)
    (block,) = RecordReader([data], form)
    outcome = judge(block, given, RecordLayout.of(given, None))
    assert outcome.rows == len(raws)
    assert outcome.blank_lines == 0
    if outcome.accepted is not None:
        outcome.accepted.validate(full=True)
        assert outcome.accepted.num_rows == len(outcome.ordinals)
    return outcome


def accepted(raws, given):
    outcome = judged(raws, given)
    assert not outcome.rejected
    return outcome.accepted.to_pylist()


def reasons(raw, given):
    """Code and message of each reason to reject one record."""
    (rejected,) = judged([raw], given).rejected
    return [(why.counted, json.loads(why.message)) for why in rejected.reasons]


def ebcdic(text):
    return text.encode("cp037")


def test_every_usage_in_one_record():
    given = contract(
        "05  A PIC 9(3).",
        "05  B PIC S9(3)V99.",
        "05  C PIC S9(3) SIGN LEADING SEPARATE.",
        "05  D PIC S9(5)V99 COMP-3.",
        "05  E PIC S9(4) COMP.",
        "05  F PIC 9(18) COMP-5.",
        "05  G COMP-1.",
        "05  H PIC X(4).",
        "05  FILLER PIC X(3).",
        "05  I PIC 9(2)P(3).",
    )
    raw = (
        ebcdic("007")
        + ebcdic("0012N")
        + ebcdic("-042")
        + bytes.fromhex("0012345D")
        + bytes.fromhex("FFFE")
        + b"\xff" * 8
        + bytes.fromhex("C276A000")
        + ebcdic("AB  ")
        + b"\x00\xff\x15"
        + ebcdic("12")
    )
    assert accepted([raw], given) == [
        {
            "a": 7,
            "b": Decimal("-1.25"),
            "c": -42,
            "d": Decimal("-123.45"),
            "e": -2,
            "f": Decimal(2**64 - 1),
            "g": -118.625,
            "h": "AB",
            "i": 12000,
        }
    ]


@pytest.mark.parametrize(
    ("description", "raw", "code", "says"),
    [
        ("PIC 9(3)", "F0C1F1", "invalid-digit", "bytes 2 to 4 of the record, X'F0C1F1': byte 2, X'C1', is no digit; expected PIC 9(3)"),
        ("PIC 9(3)", "F0F1C1", "invalid-sign", "byte 3, X'C1', has a sign; expected PIC 9(3)"),
        ("PIC S9(3)", "F0F1E1", "invalid-digit", "byte 3, X'E1', is no digit"),
        ("PIC S9(3)", "F0FAC1", "invalid-digit", "byte 2, X'FA', is no digit"),
        ("PIC S9(2) SIGN LEADING SEPARATE", "F0F1F1", "invalid-sign", "byte 1, X'F0', is neither plus nor minus"),
        ("PIC S9(2) SIGN LEADING", "F0C1", "invalid-digit", "byte 2, X'C1', is no digit; expected PIC S9(2) SIGN LEADING"),
        ("PIC S9(3) COMP-3", "0A1C", "invalid-packed", "half byte 2, A, is no digit; expected PIC S9(3) COMP-3"),
        ("PIC S9(3) COMP-3", "0011", "invalid-sign", "half byte 4, 1, is no sign (C, D or F)"),
        ("PIC 9(3) COMP-3", "001C", "invalid-sign", "half byte 4, C, is no sign (F)"),
        ("PIC S9(2) COMP-3", "101C", "invalid-packed", "half byte 1, 1, is more than 2 digits have"),
        ("PIC S9(4) COMP", "2710", "out-of-range", "10000 has more than 4 digits; expected PIC S9(4) COMP"),
        ("PIC S9(4) COMP", "8000", "out-of-range", "-32768 has more than 4 digits"),
        ("PIC S9(3) COMP-3", "0000", "low-values", "nothing but low-values where a number is due"),
        ("PIC 9(3)", "000000", "low-values", "nothing but low-values where a number is due"),
        ("PIC 9(3)", "404040", "spaces", "nothing but spaces where a number is due"),
        ("PIC S9(3) COMP-3", "4040", "spaces", "nothing but spaces"),
        ("PIC X(3)", "C115C1", "control-character", "byte 2, X'15', is a control character in cp037; expected PIC X(3)"),
        ("PIC X(3)", "C100C1", "control-character", "byte 2, X'00', is a control character"),
    ],
)
def test_what_the_copybook_does_not_allow(description, raw, code, says):
    ((counted, message),) = reasons(b"\xc1" + bytes.fromhex(raw), contract("05  K PIC X.", f"05  V {description}."))
    assert counted == f"v:{code}"
    assert says in message
    assert message.startswith("bytes 2 to ")


def test_what_the_contract_does_not_allow_is_said_as_for_text():
    given = contract(
        "05  A PIC S9(3)V99.",
        "05  B PIC 9(3).",
        "05  C PIC X(10).",
        "05  D PIC X(2).",
        "        88  KNOWN VALUES 'A' 'B'.",
        "05  E COMP-2.",
        "05  F PIC X(3).",
        fields=[
            {"name": "a", "type": "number", "constraints": {"minimum": "-1.5"}},
            {"name": "b", "constraints": {"maximum": 10}},
            {"name": "c", "type": "date"},
            {"name": "f", "constraints": {"required": True}},
            {"name": "e", "type": "number", "constraints": {"minimum": "0.1"}},
        ],
    )
    raw = ebcdic("0015}") + ebcdic("011") + ebcdic("2023-02-29") + ebcdic("C ") + bytes.fromhex("4019999999999999") + ebcdic("   ")
    ok = ebcdic("0015}") + ebcdic("010") + ebcdic("2024-02-29") + ebcdic("B ") + bytes.fromhex("401999999999999A") + ebcdic("x  ")
    assert accepted([ok], given) == [{"a": Decimal("-1.50"), "b": 10, "c": date(2024, 2, 29), "d": "B", "e": 0.1, "f": "x"}]
    found = reasons(raw.replace(ebcdic("0015}"), ebcdic("0015J"), 1), given)
    assert [counted for counted, _ in found] == ["a:minimum", "b:maximum", "c:type-error", "d:enum", "e:minimum", "f:required"]
    assert found[0][1] == "bytes 1 to 5 of the record, X'F0F0F1F5D1': '-1.51' is less than -1.5"
    assert found[2][1].endswith("'2023-02-29' is not a date YYYY-MM-DD that the calendar has")


def test_floating_point_may_be_enumerated_and_marks_may_be_the_contracts_own():
    given = contract(
        "05  A COMP-1.",
        "05  B PIC S9V9.",
        fields=[
            {"name": "a", "type": "number", "constraints": {"enum": ["1.5", "2"]}},
            {"name": "b", "type": "number", "decimalChar": ",", "constraints": {"minimum": 0}},
        ],
    )
    one_and_a_half, one = bytes.fromhex("41180000"), bytes.fromhex("41100000")
    assert accepted([one_and_a_half + ebcdic("1E")], given) == [{"a": 1.5, "b": Decimal("1.5")}]
    found = reasons(one + ebcdic("1N"), given)
    assert [(counted, message.partition(": ")[2]) for counted, message in found] == [
        ("a:enum", "1.0 is not one of 1.5, 2"),
        ("b:minimum", "'-1,5' is less than 0"),
    ]


def test_low_values_and_spaces_are_null_where_the_contract_says_so():
    lines = ("05  A PIC 9(3).", "05  B PIC S9(3) COMP-3.", "05  C PIC S9(4) COMP.")
    low, blank = bytes(3) + bytes(2) + bytes(2), b"\x40" * 7
    both = contract(*lines, lowValues="null", spaces="null")
    # Zeros are a number where it is binary, and X'4040' is out of its picture.
    assert accepted([low, blank], both) == [{"a": None, "b": None, "c": 0}, {"a": None, "b": None, "c": None}]
    assert [why for why, _ in reasons(blank, contract(*lines, lowValues="null"))] == ["a:spaces", "b:spaces", "c:spaces"]
    assert [why for why, _ in reasons(low, contract(*lines, spaces="null"))] == ["a:low-values", "b:low-values"]
    needed = contract(*lines, lowValues="null", fields=[{"name": "a", "constraints": {"required": True}}])
    assert [why for why, _ in reasons(low, needed)] == ["a:required"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("C1C24040", "AB"),
        ("40C14040", " A"),
        ("40404040", None),
        ("00000000", None),
        ("C1000000", "A"),
        ("C1400040", "A"),
        ("4AB1C163", "¢£AÄ"),
    ],
)
def test_padding_at_the_end_of_text_is_cut(raw, text):
    assert accepted([bytes.fromhex(raw)], contract("05  A PIC X(4).")) == [{"a": text}]


def test_text_of_other_pages():
    latin = contract("05  A PIC X(4).", encoding="latin-1")
    assert accepted(["Äß 1".encode("latin-1"), b"abcd"], latin) == [{"a": "Äß 1"}, {"a": "abcd"}]
    assert accepted(["€1".encode("cp1140") + b"\x40\x40"], contract("05  A PIC X(4).", encoding="cp1140")) == [{"a": "€1"}]
    ((counted, message),) = reasons(b"ab\xe4 ", contract("05  A PIC X(4).", encoding="ascii"))
    assert (counted, "X'E4', is no character of ascii" in message) == ("a:encoding-error", True)
    assert accepted([b"12{", b"12J"], contract("05  A PIC S9(3).", encoding="ascii")) == [{"a": 120}, {"a": -121}]


def test_digits_are_read_as_the_schema_says():
    given = contract(
        "05  DAY PIC 9(8).",
        "05  ZIP PIC 9(5) COMP-3.",
        "05  YES-NO PIC 9.",
        "05  AT-TIME PIC X(20).",
        "05  CODE-OF PIC X(4).",
        fields=[
            {"name": "day", "type": "date", "format": "%Y%m%d"},
            {"name": "zip", "type": "string"},
            {"name": "yes_no", "type": "boolean"},
            {"name": "at_time", "type": "datetime"},
            {"name": "code_of", "type": "integer"},
        ],
        spaces="null",
    )
    good = ebcdic("20240229") + bytes.fromhex("01234F") + ebcdic("1") + ebcdic("2024-01-02T03:04:05Z") + ebcdic("0042")
    empty = b"\x40" * len(good)
    wrong = good.replace(ebcdic("0229"), ebcdic("0230"), 1)
    assert accepted([good, empty], given) == [
        {
            "day": date(2024, 2, 29),
            "zip": "01234",
            "yes_no": True,
            "at_time": datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
            "code_of": 42,
        },
        dict.fromkeys(("day", "zip", "yes_no", "at_time", "code_of")),
    ]
    ((counted, message),) = reasons(wrong, given)
    assert (counted, "'20240230' is not a date %Y%m%d" in message) == ("day:type-error", True)


def test_every_fault_of_a_record_is_told_and_its_neighbours_are_kept():
    given = contract("05  A PIC 9(2).", "05  B PIC 9(2).")
    outcome = judged([ebcdic("1234"), ebcdic("X2Y4"), ebcdic("5678")], given)
    assert outcome.accepted.to_pylist() == [{"a": 12, "b": 34}, {"a": 56, "b": 78}]
    assert outcome.ordinals.tolist() == [0, 2]
    (rejected,) = outcome.rejected
    assert (rejected.row, rejected.offset, rejected.record) == (1, 4, ebcdic("X2Y4"))
    assert [why.counted for why in rejected.reasons] == ["a:invalid-digit", "b:invalid-digit"]


def test_a_rejected_record_keeps_its_descriptor():
    given = contract("05  A PIC 9(2).", format="V")
    outcome = judged([ebcdic("12"), ebcdic("X2")], given)
    (rejected,) = outcome.rejected
    assert (rejected.offset, rejected.record) == (6, b"\x00\x06\x00\x00" + ebcdic("X2"))


VARYING = ("05  N PIC 9.", "05  T PIC 9 OCCURS 0 TO 3 DEPENDING ON N.", "05  A PIC X.")


@pytest.mark.parametrize(
    ("raw", "counted", "says"),
    [
        ("Z", "*:record-length", "1 bytes, not 2 to 5"),
        ("3123AB", "*:record-length", "6 bytes, not 2 to 5"),
        ("212", "*:record-length", "3 bytes, not 4, as its contents say"),
        ("4123", "n:count", "X'F4' elements of T, which has 0 to 3"),
        ("Z1", "n:invalid-digit", "byte 1, X'E9', is no digit"),
        ("11Ä", "a:enum", "byte 3 of the record, X'63'"),
        ("1Xy", "t_1:invalid-digit", "byte 2 of the record"),
        ("312Xy", "t_3:invalid-digit", "byte 4 of the record"),
    ],
)
def test_what_a_varying_record_says_of_itself_must_be_so(raw, counted, says):
    given = contract(*VARYING, fields=[{"name": "a", "constraints": {"enum": ["y", "z"]}}], format="V")
    if "record-length" in counted or counted.startswith("n:"):
        block = RecordBlock(ebcdic(raw), 0, np.zeros(1, np.int64), np.array([len(raw)], np.int64))
        (rejected,) = judge(block, given, RecordLayout.of(given, None)).rejected
        found = [(why.counted, json.loads(why.message)) for why in rejected.reasons]
    else:
        found = reasons(ebcdic(raw), given)
    assert found[0][0] == counted
    assert says in found[0][1]


def test_a_required_column_is_required_of_every_record():
    given = contract(*VARYING, fields=[{"name": "t_2", "constraints": {"required": True}}], format="V")
    assert accepted([ebcdic("212x")], given) == [{"n": 2, "t_1": 1, "t_2": 2, "t_3": None, "a": "x"}]
    assert reasons(ebcdic("11x"), given) == [("t_2:required", "a value is required here, but the record does not have the item")]


def test_alternatives_are_chosen_by_numbers_too():
    lines = ("05  K PIC S9(3) COMP-3.", "05  A PIC X(2).", "05  B REDEFINES A PIC 9(2).", "05  C REDEFINES A PIC X.")
    select = {"B": {"field": "K", "values": ["-1", "7"]}, "C": {"field": "K", "values": ["8"]}}
    rows = accepted([bytes.fromhex(each) for each in ("001DF1F2", "007CF1F2", "008CC14B", "009FC1C2")], contract(*lines, select=select))
    assert rows == [
        {"k": -1, "a": None, "b": 12, "c": None},
        {"k": 7, "a": None, "b": 12, "c": None},
        {"k": 8, "a": None, "b": None, "c": "A"},
        {"k": 9, "a": "AB", "b": None, "c": None},
    ]


def test_of_two_rules_the_first_in_the_copybook_counts_and_the_others_bytes_mean_nothing():
    lines = ("05  K PIC X.", "05  A PIC X(4).", "05  B REDEFINES A PIC 9(9) COMP.", "05  C REDEFINES A COMP-1.")
    select = {"C": {"field": "K", "values": ["1", "2"]}, "B": {"field": "K", "values": ["1"]}}
    given = contract(*lines, select=select)
    rows = accepted([ebcdic("1") + bytes.fromhex("00000102"), ebcdic("2") + bytes.fromhex("41100000")], given)
    assert rows == [{"k": "1", "a": None, "b": 258, "c": None}, {"k": "2", "a": None, "b": None, "c": 1.0}]
    needed = contract(*lines, select=select, fields=[{"name": "c", "type": "number", "constraints": {"required": True}}])
    assert [why for why, _ in reasons(ebcdic("1") + bytes.fromhex("00000102"), needed)] == ["c:required"]


def test_what_re2_has_refused_is_not_asked_of_python(monkeypatch):
    """G3: letters can be shared out among the repetitions in more ways than anybody has time for."""
    given = contract("05  A PIC X(61).", fields=[{"name": "a", "type": "string", "constraints": {"pattern": "([A-Za-z]{1,20} ?)+"}}])
    monkeypatch.setattr(patterns, "compiled", lambda _: pytest.fail("Python is asked"))
    assert accepted([ebcdic("Ann Lee".ljust(61))], given) == [{"a": "Ann Lee"}]
    ((why, message),) = reasons(ebcdic("a" * 60 + "!"), given)
    assert why == "a:pattern"
    assert message.endswith("does not match ([A-Za-z]{1,20} ?)+")


def test_no_records_are_no_rows():
    given = contract("05  A PIC 9(2).", "05  B PIC X(9).", "05  C COMP-2.")
    block = RecordBlock.fixed(b"", 0, 19)
    assert judge(block, given, RecordLayout.of(given, None)).rows == 0


def test_real_accounts_and_their_ascii_twin_say_the_same():
    if not CARDDEMO.exists():
        assert not os.environ.get("CI"), f"{CARDDEMO} is missing"
        pytest.skip(f"{CARDDEMO} is not here")
    given = load_contracts()["accounts"]
    raw = (CARDDEMO / "ACCTDATA.PS").read_bytes()
    rows = judge(RecordBlock.fixed(raw, 0, 300), given, RecordLayout.of(given, None))
    twin_contract = parse_contract({**given.document, "encoding": "ascii"}, "accounts.json")
    twin_raw = b"".join(line.ljust(300) for line in (CARDDEMO / "acctdata.txt").read_bytes().splitlines())
    twin = judge(RecordBlock.fixed(twin_raw, 0, 300), twin_contract, RecordLayout.of(twin_contract, None))
    assert (rows.rows, rows.accepted.num_rows, twin.accepted.num_rows) == (50, 50, 50)
    pairs = list(zip(rows.accepted.to_pylist(), twin.accepted.to_pylist()))
    assert [(at, name) for at, (row, other) in enumerate(pairs) for name in row if row[name] != other[name]] == [(48, "acct_addr_zip")]
    assert pairs[0][0]["acct_curr_bal"] == Decimal("194.00")
    assert pairs[0][0]["acct_open_date"] == date(2014, 11, 20)


def long_table(elements, *fields):
    return contract(
        "05  ID PIC 9(6).",
        "05  N PIC 9(4).",
        f"05  T PIC X(30) OCCURS 0 TO {elements} DEPENDING ON N.",
        "05  Z PIC 9(2).",
        fields=fields,
        record_format="V",
    )


def test_what_varies_takes_the_memory_of_its_bytes_not_of_its_longest_record():
    given = long_table(1000)
    longest = ebcdic("0000001000" + "x" * 30_000 + "07")
    raws = [longest] + [ebcdic(f"{number:06d}{number % 3:04d}" + "ab".ljust(30) * (number % 3) + "05") for number in range(1, 2000)]
    tracemalloc.start()
    outcome = judged(raws, given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    rows = outcome.accepted.slice(0, 3).to_pylist()
    assert [(row["t_1"], row["t_2"], row["t_1000"], row["z"]) for row in rows] == [
        ("x" * 30, "x" * 30, "x" * 30, 7),
        ("ab", None, None, 5),
        ("ab", "ab", None, 5),
    ]
    # Laid out at their longest, the records take 60 MB, and an index of every byte eight times that.
    assert peak < 20e6


def test_a_block_has_no_more_values_than_bytes():
    given = long_table(1000)
    data = described([ebcdic("000001000007")] * 5000)
    blocks = list(CopybookRows(given, RecordLayout.of(given, None)).blocks([data], last=True, block_bytes=1 << 20, block_records=65_536))
    assert [len(block) for block in blocks] == [1045] * 4 + [820]
    small = CopybookRows(given, RecordLayout.of(given, None)).blocks([data], last=True, block_bytes=100, block_records=9)
    assert len(next(iter(small))) == 1


def test_an_element_that_a_contract_requires_is_missed_where_it_is_absent():
    given = long_table(3, {"name": "t_2", "constraints": {"required": True}})
    raws = [ebcdic(f"{number:06d}{count:04d}" + "ab".ljust(30) * count + "05") for number, count in enumerate([1, 3, 2, 0])]
    outcome = judged(raws, given)
    assert [row["id"] for row in outcome.accepted.to_pylist()] == [1, 2]
    assert [(each.row, [why.counted for why in each.reasons]) for each in outcome.rejected] == [
        (0, ["t_2:required"]),
        (3, ["t_2:required"]),
    ]
