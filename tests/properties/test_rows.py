"""E6, E20, E22: what the row path accepts and rejects is what a slow, obvious reading of the same bytes says."""

# ruff: noqa: DTZ001, PLR0911 - texts without a zone are naive; one return for each type

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from runtime.chunk.key_digests import ENTRY
from runtime.chunk.process import process_chunk
from runtime.columns.check import ColumnChecks
from runtime.columns.string_column import StringColumn, string_array
from runtime.contracts.values import problem
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.registry import parse_contract
from tests.properties.rows_reference import read_chunk, read_value

ENCODINGS = ("utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252")
DELIMITERS = ',;|\t :"'
QUOTES = "\"'`"
ALPHABET = "abAB01 ,;|\"'.-:\n\r\0\té€中😀\ufeff"
DATE_FORMATS = ("default", "%d.%m.%Y", "%Y%m%d", "%m/%d/%Y")
TIME_FORMATS = ("default", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S.%f", "%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%S.%fZ")
PATTERNS = ("[A-Z]{2}[0-9]{3}", "a*b?", r"\d+(\.\d{1,2})?", "(foo|bar)x", "[^a]{2}", ".{1,3}", r"\s*a\s?", r"[a-f\d]{4}", "^AB$")


def in_format(moment: datetime, pattern: str) -> str:
    if pattern == "default":
        pattern = f"%Y-%m-%dT%H:%M:%S.{moment.microsecond // 1000:03d}Z"
    return f"{moment.year:04d}".join(moment.strftime(part) for part in pattern.split("%Y"))


@st.composite
def string_fields(draw):
    kind = draw(st.sampled_from(["free", "enum", "pattern", "length"]))
    if kind == "enum":
        return {"enum": draw(st.lists(st.sampled_from(["a", "AB", "é", "b,b", "-"]), min_size=1, unique=True))}, {}
    if kind == "pattern":
        return {"pattern": draw(st.sampled_from(PATTERNS))}, {}
    if kind == "length":
        low = draw(st.integers(0, 3))
        return {"minLength": low, "maxLength": low + draw(st.integers(0, 3))}, {}
    return {}, {}


@st.composite
def number_fields(draw):
    precision = draw(st.integers(1, 38))
    attributes = {"precision": precision, "scale": draw(st.integers(0, precision))}
    if draw(st.booleans()):
        attributes["decimalChar"] = ","
    if draw(st.booleans()):
        attributes["groupChar"] = draw(st.sampled_from([" ", "'"]))
    constraints = {}
    if draw(st.booleans()):
        constraints["minimum"] = draw(st.sampled_from([-5, 0, 0.5, "-1.005"]))
    if draw(st.booleans()):
        constraints["maximum"] = draw(st.sampled_from([5, 10**20, "99.995"]))
    return constraints, attributes


@st.composite
def integer_fields(draw):
    attributes = {"groupChar": draw(st.sampled_from([".", " "]))} if draw(st.booleans()) else {}
    constraints = draw(
        st.sampled_from([{}, {"minimum": -3}, {"maximum": 2**63 - 1}, {"enum": [1, 20, "007"]}, {"minimum": 0, "maximum": 99}])
    )
    return constraints, attributes


@st.composite
def boolean_fields(draw):
    attributes = draw(st.sampled_from([{}, {"trueValues": ["ja", "1"], "falseValues": ["nein", "é"]}]))
    return draw(st.sampled_from([{}, {"enum": [True]}])), attributes


@st.composite
def date_fields(draw):
    pattern = draw(st.sampled_from(DATE_FORMATS))
    days = sorted(draw(st.lists(st.dates(date(1, 1, 1), date(9999, 12, 31)), min_size=2, max_size=2)))
    low, high = (in_format(datetime(day.year, day.month, day.day), "%Y-%m-%d" if pattern == "default" else pattern) for day in days)
    return draw(st.sampled_from([{}, {}, {"minimum": low, "maximum": high}, {"enum": [low]}])), {"format": pattern}


@st.composite
def datetime_fields(draw):
    pattern = draw(st.sampled_from(TIME_FORMATS))
    moment = in_format(draw(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))), pattern)
    return draw(st.sampled_from([{}, {}, {"minimum": moment}, {"maximum": moment}])), {"format": pattern}


FIELDS = {
    "string": string_fields(),
    "number": number_fields(),
    "integer": integer_fields(),
    "boolean": boolean_fields(),
    "date": date_fields(),
    "datetime": datetime_fields(),
}


@st.composite
def contracts(draw):
    fields = []
    for index in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(sorted(FIELDS)))
        constraints, attributes = draw(FIELDS[kind])
        name = draw(st.sampled_from(["c", "größe ", "a b "])).strip() + str(index)
        fields.append({"name": name, "type": kind, **attributes, "constraints": {"required": draw(st.booleans()), **constraints}})
    delimiter = draw(st.sampled_from(DELIMITERS))
    schema = {
        "fields": fields,
        "fieldsMatch": "equal",
        "missingValues": draw(st.sampled_from([[""], [], ["", "-"], ["NA", "é"]])),
        "primaryKey": draw(st.one_of(st.just([]), st.lists(st.sampled_from([field["name"] for field in fields]), unique=True))),
    }
    return parse_contract(
        {
            "dataset": "generated",
            "version": 1,
            "format": "csv",
            "encoding": draw(st.sampled_from(ENCODINGS)),
            "dialect": {"delimiter": delimiter, "quoteChar": draw(st.sampled_from([quote for quote in QUOTES if quote != delimiter]))},
            "schema": schema,
        },
        "generated.json",
    )


@st.composite
def fitting_texts(draw, field):
    """StringColumn that are nearly always of the field's type, though not always within its constraints."""
    if field.enum and draw(st.booleans()):
        return draw(st.sampled_from(field.enum))
    if field.type == "string":
        return draw(st.from_regex(field.pattern, fullmatch=True)) if field.pattern else draw(st.text(ALPHABET, max_size=6))
    if field.type == "boolean":
        return draw(st.sampled_from(field.true_values + field.false_values))
    if field.type == "integer":
        number = draw(
            st.one_of(st.integers(-30, 120), st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1]), st.integers(-(10**20), 10**20))
        )
        return f"{number:,}".replace(",", field.group_char) if field.group_char and draw(st.booleans()) else str(number)
    if field.type == "number":
        limit = 10**field.precision
        unscaled = draw(st.one_of(st.integers(-limit, limit), st.integers(-300, 300)))
        text = f"{Decimal((unscaled < 0, tuple(map(int, str(abs(unscaled)))), -draw(st.integers(0, field.scale + 1)))):f}"
        whole, mark, decimals = text.partition(".")
        if field.group_char and draw(st.booleans()):
            whole = f"{int(whole):,}".replace(",", field.group_char)
        return whole + mark.replace(".", field.decimal_char) + decimals
    if draw(st.booleans()):
        return draw(wild_moments(field))
    moment = draw(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
    if field.type == "date":
        return in_format(moment, "%Y-%m-%d" if field.format == "default" else field.format)
    return in_format(moment, field.format)


@st.composite
def wild_moments(draw, field):
    """Right in form, at and over the edges of the calendar and the clock."""
    defaults = {"date": ["%Y-%m-%d"], "datetime": ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"]}
    text = draw(st.sampled_from(defaults[field.type] if field.format == "default" else [field.format]))
    edges = {"%Y": "0000 0001 1900 2000 2023 2024 9999", "%m": "00 01 02 04 12 13", "%d": "00 01 28 29 30 31 32"}
    edges.update({"%H": "00 23 24", "%M": "00 59 60", "%S": "00 59 60", "%f": "0 5 123 1234 000001 9999999"})
    for directive, numbers in edges.items():
        text = text.replace(directive, draw(st.sampled_from(numbers.split())))
    return text


@st.composite
def cells(draw, field, missing_values):
    kind = draw(st.sampled_from(["fits"] * 12 + ["near", "near", "missing", "soup", "number", "number"]))
    if kind == "missing":
        return draw(st.sampled_from([*missing_values, ""]))
    if kind == "soup":
        return draw(st.text(ALPHABET, max_size=8))
    if kind == "number":
        pieces = ["1", "12", "123", "1234", "0", "٣", "+", "e1", field.decimal_char, *([field.group_char] * 4 if field.group_char else [])]
        return draw(st.sampled_from(["", "-"])) + "".join(draw(st.lists(st.sampled_from(pieces), max_size=6)))
    text = draw(fitting_texts(field))
    if kind == "near" and text:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(["", "0", "-", " ", "9", ".", ",", "٣", "\n"])) + text[at + draw(st.integers(0, 1)) :]
    return text


@st.composite
def chunks(draw):
    """(contract, layout, bytes of a chunk)."""
    contract = draw(contracts())
    columns = tuple(draw(st.permutations(contract.names)))
    layout = CsvLayout(contract.encoding, contract.dialect.delimiter, contract.dialect.quote, 0, columns)
    fields = {field.name: field for field in contract.fields}
    data = bytearray()
    for _ in range(draw(st.integers(0, 8))):
        texts = [draw(cells(fields[name], contract.missing_values)) for name in columns]
        damage = draw(st.sampled_from([None] * 10 + ["blank", "extra", "short", "bytes"]))
        if damage == "extra":
            texts.append("x")
        elif damage == "short":
            texts.pop()
        elif damage == "blank":
            texts = []
        record = layout.delimiter.encode().join(draw(written(text, layout)) for text in texts)
        if damage == "bytes":
            at = draw(st.integers(0, len(record)))
            soup = [b"\0", b"\r", b"\xff", b"\xe2\x82", b"\x81", b"\xef\xbb\xbf", layout.quote.encode(), layout.quote.encode() * 2, b"\n"]
            record = record[:at] + draw(st.sampled_from(soup)) + record[at:]
        data += record + draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    if draw(st.integers(0, 4)) == 0:
        data = data[: len(data) - draw(st.integers(0, len(data)))]
    return contract, layout, bytes(data)


@st.composite
def written(draw, text, layout):
    raw = text.encode(layout.encoding, "ignore")
    quote = layout.quote.encode()
    needs = any(mark in raw for mark in (quote, layout.delimiter.encode(), b"\n", b"\r"))
    if draw(st.sampled_from([needs] * 15 + [True, True, False])):
        return quote + raw.replace(quote, quote * 2) + quote
    return raw


@st.composite
def cut(draw, data):
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)])]


@st.composite
def limits(draw):
    return {"block_bytes": draw(st.integers(1, 200)), "block_records": draw(st.integers(1, 5)), "threads": draw(st.integers(1, 4))}


def as_read_back(output, contract):
    if output.parquet is None:
        return []
    rows = pq.read_table(pa.BufferReader(output.parquet)).to_pylist()
    assert all(tuple(row) == contract.names for row in rows)
    return rows


def rejected(output):
    for line in output.rejects.splitlines():
        entry = json.loads(line)
        errors = [(error["column"], error["code"]) for error in entry["errors"]]
        raw = base64.b64decode(entry["raw_base64"]) if "raw_base64" in entry else entry["raw"]
        yield entry["row"], entry["offset"], entry["length"], raw, errors


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(chunk=chunks(), last=st.booleans(), start=st.integers(0, 10**12), limits=limits(), data=st.data())
def test_every_row_is_accepted_or_rejected_as_the_reference_says(chunk, last, start, limits, data):
    contract, layout, content = chunk
    parts = data.draw(cut(content))
    output = process_chunk(parts, contract=contract, layout=layout, start=start, last=last, key_seed=b"seed", **limits)
    expected = read_chunk(content, contract, layout, start, last)

    assert (output.proof.aligned, output.proof.broken_at) == (expected.aligned, expected.open_quote)
    assert output.bytes_read == len(content)
    event(f"aligned: {expected.aligned}, accepted: {min(len(expected.accepted), 2)}, rejected: {min(len(expected.rejected), 2)}")
    if not expected.aligned:
        return
    assert (output.rows_read, output.blank_lines) == (expected.rows_read, expected.blank_lines)
    assert (output.rows_accepted, output.rows_rejected) == (len(expected.accepted), len(expected.rejected))
    assert as_read_back(output, contract) == expected.accepted
    found = list(rejected(output))
    assert [entry[:3] + entry[4:] for entry in found] == [entry[:3] + entry[4:] for entry in expected.rejected]
    for (*_, raw, _), (*_, body, _) in zip(found, expected.rejected):
        assert raw == body or raw == body.decode(layout.encoding)
    assert sum(output.reasons.values()) == sum(len(entry[4]) for entry in expected.rejected)
    entries = np.sort(np.frombuffer(output.key_digests, ENTRY), order="row")
    accepted = sorted(set(range(expected.rows_read)) - {entry[0] for entry in expected.rejected})
    assert entries["row"].tolist() == (accepted if contract.primary_key else [])
    keys = [tuple(row[name] for name in contract.primary_key) for row in expected.accepted]
    assert_same_partition(entries[["high", "low"]].tolist(), keys)


def assert_same_partition(digests, keys):
    """Rows have one digest where they have one key, and nowhere else."""
    assert len(set(zip(digests, keys))) == len(set(digests)) == len(set(keys[: len(digests)]))


NAMES = [{"name": "n", "type": "integer"}, {"name": "s"}, {"name": "t"}, {"name": "d", "type": "number", "precision": 4, "scale": 2}]
#: Few values of each, texts of several lengths, so that keys repeat and differ in one column alone.
VALUES = {"n": ["1", "01", "2"], "s": ["a", "b", "bb", "bbbb", "é"], "t": ["a", "bb", "b" * 1025], "d": ["1", "1.0", "1.50", "-1.5"]}


@settings(max_examples=100, deadline=None)
@given(data=st.data(), key=st.permutations(sorted(VALUES)), columns=st.integers(1, 4), limits=limits())
def test_rows_have_one_digest_where_they_have_one_key(data, key, columns, limits):  # G3
    schema = {"fields": NAMES, "primaryKey": key[:columns]}
    contract = parse_contract({"dataset": "generated", "version": 1, "format": "csv", "schema": schema}, "generated.json")
    rows = data.draw(st.lists(st.tuples(*(st.sampled_from(VALUES[name]) for name in contract.names)), max_size=12))
    content = "".join(",".join(row) + "\n" for row in rows).encode()
    layout = CsvLayout("utf-8", ",", '"', 0, contract.names)
    output = process_chunk([content], contract=contract, layout=layout, start=0, last=True, key_seed=b"seed", **limits)
    entries = np.sort(np.frombuffer(output.key_digests, ENTRY), order="row")
    expected = read_chunk(content, contract, layout, 0, last=True)
    assert len(entries) == len(rows)
    assert_same_partition(entries[["high", "low"]].tolist(), [tuple(row[name] for name in key[:columns]) for row in expected.accepted])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chunk=chunks(), limits=limits(), threads=st.integers(1, 4), data=st.data())
def test_the_outputs_do_not_depend_on_how_the_bytes_arrive_nor_on_threads(chunk, limits, threads, data):
    contract, layout, content = chunk
    arguments = {"contract": contract, "layout": layout, "start": 0, "last": True, "key_seed": b"seed", **limits}
    assert process_chunk(data.draw(cut(content)), **arguments) == process_chunk([content], **{**arguments, "threads": threads})


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(contract=contracts(), data=st.data())
def test_a_column_is_judged_value_by_value_whatever_the_neighbours(contract, data):
    field = data.draw(st.sampled_from(contract.fields))
    texts = data.draw(st.lists(cells(field, contract.missing_values), min_size=1, max_size=25))
    checks = ColumnChecks(replace(contract, fields=(field,), primary_key=()))
    checked = checks.check({field.name: StringColumn.of(string_array(texts))})
    expected = [read_value(field, text, contract.missing_values) for text in texts]
    assert checked.good.tolist() == [code is None for _, code in expected]
    assert checked.accepted.column(0).to_pylist() == [value for value, code in expected if code is None]


@settings(max_examples=300, deadline=None)
@given(contract=contracts(), data=st.data())
def test_one_value_means_what_the_reference_says(contract, data):
    field = data.draw(st.sampled_from(contract.fields))
    text = data.draw(cells(field, contract.missing_values))
    found = problem(field, text, contract.missing_values)
    assert (found.code if found else None) == read_value(field, text, contract.missing_values)[1]
