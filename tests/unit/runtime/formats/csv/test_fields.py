from __future__ import annotations

import json
from pathlib import Path
from typing import List, Optional

import pytest

from runtime.contracts import patterns
from runtime.formats.csv.fields import RecordCheck, split_fields
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.csv.scanner import scan
from tests.support.records import SHARED_DATA, make_contract, make_layout

LAYOUT = make_layout(make_contract())
SPECTRUM = SHARED_DATA / "csv-spectrum"
#: It has quotes in the middle of an unquoted field, which is a bad row here.
BAD_ROW_IN_SPECTRUM = "location_coordinates"


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        (b"a,b\n", [b"a", b"b"]),
        (b"a,b\r\n", [b"a", b"b"]),
        (b"a,b", [b"a", b"b"]),
        (b"", [b""]),
        (b",\n", [b"", b""]),
        (b'"a,""b""\n",c,""\r\n', [b'a,"b"\n', b"c", b""]),
        (b'"",\n', [b"", b""]),
        (b'"a"b,c\n', None),
        (b'a"b",c\n', None),
        (b'"a""\n', None),
        (b'"a"\r', None),
    ],
)
def test_fields_are_split_and_unquoted(record: bytes, fields: Optional[List[bytes]]) -> None:
    assert split_fields(record, LAYOUT) == fields


def test_delimiter_and_quote_are_the_layouts() -> None:
    layout = CsvLayout("utf-8", "|", "'", 0, ())
    assert split_fields(b"'a|''b'|\"c\n", layout) == [b"a|'b", b'"c']


@pytest.mark.parametrize(
    ("record", "code", "column"),
    [
        (b"1,2024-01-31,12.50,\n", None, None),
        (b"1,2024-01-31,12.5,a\0\n", "control-character", None),
        (b"1,2024-01-31,12.50,a\rb\n", "control-character", None),
        (b"1,2024-01-31,12.50,\xff\n", "encoding-error", None),
        (b'1,2024-01-31,12.50,a"b"\n', "quote-error", None),
        (b"1,2024-01-31,12.50\n", "field-count", None),
        (b"1,2024-02-30,12.50,a\n", "type-error", "day"),
        (b",2024-01-31,12.50,a\n", "required", "id"),
    ],
)
def test_misfit_names_the_first_reason(record: bytes, code: Optional[str], column: Optional[str]) -> None:
    found = RecordCheck(make_contract(), LAYOUT).misfit(record)
    assert (found and found.code, found and found.column) == (code, column)


def test_a_value_that_python_could_try_for_ever_is_tested_by_re2(monkeypatch: pytest.MonkeyPatch) -> None:
    """G3: letters can be shared out among the repetitions in more ways than anybody has time for."""
    contract = make_contract(schema={"fields": [{"name": "a", "constraints": {"pattern": "([A-Za-z]{1,20} ?)+"}}]})
    check = RecordCheck(contract, make_layout(contract))
    assert check.misfit(b"Ann\n") is None
    monkeypatch.setattr(patterns, "compiled", lambda _: pytest.fail("Python is asked"))
    assert check.misfit(b"a" * 60 + b"\n") is None
    found = check.misfit(b"a" * 60 + b"!\n")
    assert found is not None
    assert found.code == "pattern"


def test_columns_are_checked_in_the_files_own_order() -> None:
    layout = CsvLayout("utf-8", ",", '"', 0, ("note", "amount", "day", "id"))
    assert RecordCheck(make_contract(), layout).misfit(b"a,1.00,2024-01-31,7\n") is None


@pytest.mark.skipif(not SPECTRUM.exists(), reason="csv-spectrum is not beside the checkout")
@pytest.mark.parametrize("path", sorted(SPECTRUM.glob("csvs/*.csv")), ids=lambda path: path.stem)
def test_csv_spectrum_splits_as_its_json_says(path: Path) -> None:
    data = path.read_bytes()
    found = scan(data, ord(","), ord('"'), final=True)
    assert found.malformed.tolist() == ([1] if path.stem == BAD_ROW_IN_SPECTRUM else [])
    starts = [0, *found.ends.tolist()]
    records = [split_fields(data[s:e], LAYOUT) for s, e in zip(starts, starts[1:])]
    if path.stem == BAD_ROW_IN_SPECTRUM:
        assert records[1] is None
        return
    header, *rows = [[field.decode() for field in fields or []] for fields in records]
    expected = json.loads((SPECTRUM / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
    assert [dict(zip(header, row)) for row in rows] == expected
