"""F1: every picture is read and written as a slow, obvious reading of the same bytes says, and nothing else passes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from runtime.formats.copybook import floats
from runtime.formats.copybook.blocks import RecordBlock
from runtime.formats.copybook.decoding import DecodingRules, ItemDecoder
from runtime.formats.copybook.encoding import encode
from runtime.formats.copybook.faults import explain
from runtime.formats.copybook.layout import RecordLayout
from runtime.formats.copybook.record import columns, record_of
from runtime.formats.copybook.shapes import spread
from runtime.formats.registry import parse_contract
from tests.properties.mainframe_reference import Number, read, read_float, write
from tests.support.mainframe import judge

#: Machines are slow at times; what is true is true then as well.
usual = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PADDING = st.sets(st.sampled_from(["low-values", "spaces"]))


@st.composite
def numbers(draw):
    usage = draw(st.sampled_from(["DISPLAY", "COMP-3", "COMP", "COMP-5"]))
    most = 18 if usage in ("COMP", "COMP-5") else 38
    digits = draw(st.one_of(st.integers(1, most), st.sampled_from([1, 8, 9, 15, 16, 17, 18, most])))
    # COMP-5 holds up to 20 digits, whatever the picture.
    scale = draw(st.one_of(st.just(0), st.integers(0, digits), st.integers((20 if usage == "COMP-5" else digits) - 38, 38)))
    return Number(usage, digits, scale, draw(st.booleans()), draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))


def units_of(number):
    if number.usage == "COMP-5":
        low, high = (-(2 ** (8 * number.length - 1)), 2 ** (8 * number.length - 1)) if number.signed else (0, 2 ** (8 * number.length))
        return st.one_of(st.integers(low, high - 1), st.sampled_from([low, high - 1]))
    high = 10**number.digits - 1
    low = -high if number.signed else 0
    return st.one_of(st.integers(low, high), st.sampled_from([low, 0, high]))


def page_of(number):
    return "cp037" if number.ebcdic else "ascii"


def record_for(number, before=0, after=0):
    filler = [f"       05 FILLER PIC X({size})." if size else "" for size in (before, after)]
    return record_of(("       01 R.", filler[0], f"       05 VALUE-OF {number.clauses}.", filler[1]))


def decode(number, raws, padding=(), before=0, after=0):
    """The column of *raws*, between other bytes."""
    record = record_for(number, before, after)
    (field,) = columns(record)
    data = b"".join(b"\xc1" * before + raw + b"\x5b" * after for raw in raws)
    matrix = RecordBlock.fixed(data, 0, record.maximum).matrix
    decoder = ItemDecoder(record.items[0], field, DecodingRules(page_of(number), padding, ("",)))
    return decoder.column(matrix, np.zeros(len(raws), np.bool_)), field


@usual
@given(st.data(), numbers(), st.integers(0, 9), st.integers(0, 9))
def test_a_number_comes_out_as_it_was_written(data, number, before, after):
    units = data.draw(st.lists(units_of(number), min_size=1, max_size=8))
    raws = [write(number, each) for each in units]
    found, field = decode(number, raws, before=before, after=after)
    assert not found.bad.any()
    found.array.validate(full=True)
    assert found.array.to_pylist() == [read(number, raw) for raw in raws]
    event(f"{number.usage} {field.type}")


@usual
@given(st.data(), numbers())
def test_writing_gives_the_bytes_that_a_mainframe_writes(data, number):
    units = data.draw(st.lists(units_of(number), min_size=1, max_size=8))
    raws = [write(number, each) for each in units]
    found, _ = decode(number, raws)
    table = pa.table({"value_of": found.array})
    assert encode(table, record_for(number), page_of(number)) == b"".join(raws)
    assert encode(table.slice(1), record_for(number), page_of(number)) == b"".join(raws[1:])


@st.composite
def spoiled(draw, number):
    """Bytes near a number: some changed, or nothing but one byte."""
    if draw(st.integers(0, 4)) == 0:
        return bytes([draw(st.sampled_from([0x00, 0x40, 0x20, 0xFF, 0xF0, 0x30]))]) * number.length
    raw = bytearray(write(number, draw(units_of(number))))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(raw) - 1))
        raw[at] = draw(st.one_of(st.integers(0, 255), st.sampled_from([0xC0, 0xD9, 0xFA, 0x4E, 0x60, 0x7B, 0x0A, 0x1C, 0xBF])))
    return bytes(raw)


@usual
@given(st.data(), numbers(), PADDING)
def test_only_numbers_pass_and_every_refusal_has_its_reason(data, number, nulls):
    padding = tuple({"low-values": 0x00, "spaces": 0x40 if number.ebcdic else 0x20}[name] for name in nulls)
    raws = data.draw(st.lists(spoiled(number), min_size=1, max_size=8))
    found, field = decode(number, raws, padding)
    record = record_for(number)
    reading = DecodingRules(page_of(number), padding, ("",))
    values = found.array.to_pylist()
    for row, raw in enumerate(raws):
        wanted = read(number, raw)
        null = wanted is None and len(set(raw)) == 1 and raw[0] in padding
        assert bool(found.bad[row]) == (wanted is None and not null)
        assert (explain(record.items[0], field, raw, 0, reading) is not None) == bool(found.bad[row])
        if not found.bad[row]:
            assert values[row] == wanted
        event("null" if null else "bad" if wanted is None else "good")


@pytest.mark.parametrize("ebcdic", [True, False])
@pytest.mark.parametrize(
    "number",
    [
        *(Number("DISPLAY", digits, 0, signed) for digits in (1, 7, 9, 19) for signed in (False, True)),
        Number("DISPLAY", 9, 2, True, leading=True),
        Number("DISPLAY", 9, 2, True, leading=True, separate=True),
        Number("DISPLAY", 8, 2, True, separate=True),
        *(Number("COMP-3", digits, 0, signed) for digits in (1, 2, 14, 15, 16, 31, 38) for signed in (False, True)),
        Number("COMP", 4, 0, True),
    ],
)
def test_every_byte_at_every_position_is_looked_at(number, ebcdic):
    number = replace(number, ebcdic=ebcdic)
    good = write(number, int("1234567890" * 4) % 10**number.digits)
    raws = [good[:at] + bytes([byte]) + good[at + 1 :] for at in range(len(good)) for byte in range(256)]
    found, _ = decode(number, raws)
    assert [None if bad else value for value, bad in zip(found.array.to_pylist(), found.bad)] == [read(number, raw) for raw in raws]


@usual
@given(st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=6), st.sampled_from([4, 8]))
@example([bytes.fromhex("4264000000000000")], 4)
def test_floating_point_is_the_nearest_number(raws, length):
    record = record_of((f"       01 R COMP-{length // 4}.",))
    matrix = RecordBlock.fixed(b"".join(raw[:length] for raw in raws), 0, length).matrix
    found = floats.decode(matrix, record.items[0])
    for value, raw in zip(found.tolist(), raws):
        exact = read_float(raw[:length])
        # Python rounds a fraction to the nearest float itself.
        assert value == exact.numerator / exact.denominator


@usual
@given(st.lists(st.floats(min_value=-1e70, max_value=1e70), min_size=1, max_size=6))
def test_long_floating_point_comes_back_exactly(values):
    values = [0.0 if abs(value) < 1e-70 else value for value in values]
    raw = floats.encode(np.array(values), 8)
    item = record_of(("       01 R COMP-2.",)).items[0]
    assert floats.decode(raw, item).tolist() == values


@usual
@given(st.lists(st.floats(min_value=-1e70, max_value=1e70), min_size=1, max_size=6))
def test_short_floating_point_is_within_half_of_its_last_place(values):
    values = [0.0 if abs(value) < 1e-70 else value for value in values]
    for value, raw in zip(values, floats.encode(np.array(values), 4)):
        exact = Fraction(value)
        assert abs(read_float(raw.tobytes()) - exact) <= abs(exact) / 2**21


COPYBOOK = """
       01  R.
           05  KIND             PIC X.
           05  COUNT-OF         PIC 9.
           05  AMOUNTS OCCURS 0 TO 4 TIMES DEPENDING ON COUNT-OF.
               10  AMOUNT       PIC S9(3)V99 COMP-3.
           05  DETAIL.
               10  DUE          PIC X(10).
               10  RATE         PIC 9(3).
           05  NOTE-OF REDEFINES DETAIL.
               10  WORDS        PIC X(6).
""".splitlines()


def contract(record_format):
    document = {
        "dataset": "mixed",
        "version": 1,
        "format": "fixed-length",
        "encoding": "cp037",
        "record": {
            "format": record_format,
            "copybook": COPYBOOK,
            "select": {"NOTE-OF": {"field": "KIND", "values": ["N"]}},
            "spaces": "null",
        },
        "schema": {"fields": [{"name": "due", "type": "date"}, {"name": "rate", "constraints": {"maximum": 500}}]},
    }
    return parse_contract(document, "mixed.json")


@st.composite
def mixed_records(draw):
    """A record's content, and what it says: a row, or the columns at fault (None for the record as a whole)."""
    kind = draw(st.sampled_from("NDX"))
    count = draw(st.integers(0, 6))
    amounts = [draw(st.integers(-99999, 99999)) for _ in range(min(count, 4))]
    number = Number("COMP-3", 5, 2, True)
    raw = kind.encode("cp037") + f"{count}".encode("cp037") + b"".join(write(number, amount) for amount in amounts)
    row = {"kind": kind, "count_of": count, **{f"amount_{at}": None for at in range(1, 5)}, "due": None, "rate": None, "words": None}
    row.update({f"amount_{at}": read(number, write(number, amount)) for at, amount in enumerate(amounts, 1)})
    faults = set() if count <= 4 else {"count_of"}
    if kind == "N":
        words = draw(st.text("abÄ ", max_size=6))
        raw += words.ljust(6).encode("cp037")
        row["words"] = words.rstrip() or None
        if draw(st.booleans()):
            raw += b"\x00" * 7
    else:
        due = draw(st.sampled_from(["2024-02-29", "2023-02-29", " " * 10]))
        rate = draw(st.sampled_from(["000", "500", "501", "   ", "A12"]))
        raw += (due + rate).encode("cp037")
        if not faults:
            faults = {name for name, wrong in (("due", due == "2023-02-29"), ("rate", rate in ("501", "A12"))) if wrong}
        row["due"] = None if due == " " * 10 else due
        row["rate"] = int(rate) if rate.isdigit() else None
    cut = draw(st.sampled_from([0] * 6 + [1, 40]))
    if cut and not faults:
        raw, faults = (raw[:-cut] if cut == 1 and not (kind == "N" and raw.endswith(b"\x00")) else raw + b"\x40" * cut), {None}
    return raw, row, faults


def judged(blocks, given_contract):
    """What becomes of each record of consecutive *blocks*."""
    found = []
    layout = RecordLayout.of(given_contract, None)
    for block in blocks:
        outcome = judge(block, given_contract, layout)
        rows = dict(zip(outcome.ordinals.tolist(), outcome.accepted.to_pylist() if outcome.accepted is not None else []))
        rejected = {each.row: each for each in outcome.rejected}
        assert sorted([*rows, *rejected]) == list(range(outcome.rows))
        found += [rows.get(at) or (rejected[at].record, [why.counted for why in rejected[at].reasons]) for at in range(outcome.rows)]
    return found


@usual
@given(st.lists(mixed_records(), min_size=1, max_size=12), st.data())
def test_records_of_every_shape_are_judged_alone(records, data):
    raws = [raw for raw, _, _ in records]
    described = [(len(raw) + 4).to_bytes(2, "big") + b"\0\0" + raw for raw in raws]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raws)), max_size=3)) | {0, len(raws)})

    def block(first, last):
        lengths = np.array([len(raw) for raw in raws[first:last]], np.int64)
        starts = np.cumsum(lengths + 4) - lengths
        return RecordBlock(b"".join(described[first:last]), 0, starts, lengths)

    whole = judged([block(0, len(raws))], contract("V"))
    assert judged([block(first, last) for first, last in zip(cuts, cuts[1:])], contract("V")) == whole
    for (_, row, faults), raw, outcome in zip(records, described, whole):
        if faults:
            kept, reasons = outcome
            assert kept == raw
            assert {None if why.startswith("*") else why.split(":")[0] for why in reasons} == faults
        else:
            shown = {**outcome, "due": outcome["due"] and outcome["due"].isoformat()}
            assert shown == row
        event("bad" if faults else "good")


@usual
@given(st.lists(mixed_records(), min_size=1, max_size=6))
def test_fixed_records_vary_inside(records):
    longest = record_of(tuple(COPYBOOK)).maximum
    good = [(raw.ljust(longest, b"\x40"), row) for raw, row, faults in records if not faults]
    block = RecordBlock.fixed(b"".join(raw for raw, _ in good), 0, longest)
    outcomes = judged([block] if good else [], contract("F"))
    assert [{**found, "due": found["due"] and found["due"].isoformat()} for found in outcomes] == [row for _, row in good]


def test_an_element_that_is_not_there_has_no_place_to_be_wrong_at():
    record = record_of(tuple(COPYBOOK), contract("V").dialect.select)
    raw = "D1".encode("cp037") + b"\x00\x12\x3c" + "2024-02-29007".encode("cp037")
    rows = spread(RecordBlock.fixed(raw, 0, len(raw)), record, DecodingRules("cp037", (), ("",)), variable=True)
    due = record.item("due")
    assert rows.offsets(due, rows.kept).tolist() == [5]
    assert rows.items(due, rows.kept).tobytes() == "2024-02-29".encode("cp037")
    assert rows.absent(record.item("amount_2")).tolist() == [True]
