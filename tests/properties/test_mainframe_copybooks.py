"""F1: whatever stands in a copybook, it is a record whose bytes add up, or it is refused with its line."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from runtime.core.errors import ContractInvalid
from runtime.formats.copybook.record import Selection, columns, record_of

usual = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

LEVELS = ["01", "05", "05", "10", "10", "77", "88", "66", "50"]
NAMES = ["A", "B-1", "N", "FILLER", "", "5"]
CLAUSES = [
    "PIC X", "PIC X(3)", "PIC 9", "PIC S9(5)V99", "PIC 9(4)PP", "PIC Z9.9", "COMP", "COMP-3", "COMP-1", "USAGE IS COMP-5", "SIGN LEADING",
    "TRAILING SEPARATE", "OCCURS 2", "OCCURS 0 TO 3 TIMES DEPENDING ON N", "OCCURS 99999", "INDEXED BY I", "REDEFINES A", "REDEFINES B-1",
    "VALUE 'Y'", "VALUES 7 THRU -1.5", "VALUE SPACES HIGH-VALUES", "SYNC", "PIC", "VALUE", "'", "*> PIC", ", ;", "99",
]  # fmt: skip
SENTENCES = st.builds(
    lambda margin, level, name, clauses, end: f"{margin}{level} {name} {' '.join(clauses)}{end}",
    st.sampled_from(["       "] * 9 + ["", "      -"]),
    st.sampled_from(LEVELS),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(CLAUSES), max_size=3),
    st.sampled_from(["."] * 9 + ["", ". ."]),
)
LINES = st.lists(SENTENCES, max_size=6).map(lambda lines: ["       01 TOP.", *lines])


@usual
@given(st.one_of(LINES, st.lists(st.text(max_size=80), max_size=4)), st.sampled_from([(), (Selection("B-1", "A", ("1",)),)]))
def test_what_is_no_copybook_is_refused_in_one_line(lines, select):
    try:
        record = record_of(tuple(lines), select)
    except ContractInvalid as error:
        refusal = str(error)
    else:
        refusal = ""
    assert len(refusal.splitlines()) <= 1
    event(re.sub(r".*: |[0-9]+", "", refusal)[:40] or "a record")
    if refusal:
        return
    assert 0 < record.minimum <= record.maximum
    assert len(columns(record)) == len({item.name for item in record.items})
    assert all(item.offset >= 0 and item.offset + item.length <= record.maximum for item in record.items)


@st.composite
def items(draw, level, name):
    """The source lines of an item, and the (name, length) of what it holds, in order."""
    times = draw(st.integers(1, 3))
    occurs = f" OCCURS {times}" if times > 1 else ""
    if level < 20 and draw(st.booleans()):
        parts = [draw(items(level + 5, f"{name}{letter}")) for letter in "ABC"[: draw(st.integers(1, 3))]]
        lines = [f"       {level:02} {name}{occurs}."] + [line for part, _ in parts for line in part]
        return lines, [found for _, held in parts for found in held] * times
    clauses, length = draw(
        st.sampled_from([("PIC X(3)", 3), ("PIC S9(3) COMP-3", 2), ("PIC 9(7) COMP", 4), ("COMP-2", 8), ("PIC S9V9 LEADING SEPARATE", 3)])
    )
    filler = draw(st.integers(0, 4)) == 0
    return [f"       {level:02} {'FILLER' if filler else name}{occurs} {clauses}."], [(None if filler else name, length)] * times


@usual
@given(items(5, "R"))
def test_items_lie_one_behind_the_other(found):
    lines, held = found
    expected, offset = [], 0
    for name, length in held:
        if name:
            expected.append((name, offset, length))
        offset += length
    if not expected:
        return
    record = record_of(("       01 TOP.", *lines))
    assert [(item.data_name, item.offset, item.length) for item in record.items] == expected
    assert record.minimum == record.maximum == offset
