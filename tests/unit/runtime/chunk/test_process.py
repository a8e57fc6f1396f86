"""E6, E20, E22: one chunk, in the cases that a random search is slow to find."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import threading
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runtime.chunk import rejects
from runtime.chunk.process import process_chunk
from runtime.contracts import patterns
from runtime.core.errors import JunkRows
from runtime.core.limits import MAX_RECORD_BYTES
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.registry import load_contracts, parse_contract


def contract_of(*fields, encoding="utf-8", **schema):
    document = {"dataset": "made", "version": 1, "format": "csv", "encoding": encoding, "schema": {"fields": list(fields), **schema}}
    return parse_contract(document, "made.json")


def run(contract, data, **options):
    return run_parts(contract, [data], **options)


def run_parts(contract, parts, *, last=True, start=0, **options):
    layout = CsvLayout(contract.encoding, contract.dialect.delimiter, contract.dialect.quote, 0, contract.names)
    return process_chunk(parts, contract=contract, layout=layout, start=start, last=last, key_seed=b"seed", **options)


def rows(output):
    return [] if output.parquet is None else pq.read_table(pa.BufferReader(output.parquet)).to_pylist()


def codes(output):
    return [[(error["column"], error["code"]) for error in json.loads(line)["errors"]] for line in output.rejects.splitlines()]


TEXT = contract_of({"name": "a", "type": "string"}, {"name": "b", "type": "string"})


def test_a_byte_order_mark_at_the_start_of_a_block_is_text_like_anywhere_else():
    output = run(TEXT, b"\xef\xbb\xbfx,1\n\xef\xbb\xbfx,2\n", block_bytes=8)
    assert [row["a"] for row in rows(output)] == ["\ufeffx", "\ufeffx"]


@pytest.mark.parametrize("end", [b"\n", b""], ids=["ended", "at the end of the file"])
@pytest.mark.parametrize("cut", [1_000_000, 9_000_000])
def test_a_record_may_have_so_many_bytes_and_not_one_more(end, cut):
    """E2: and with one more it breaks the proof, wherever its chunk begins; a plan that is made exactly then says so."""
    for length, allowed in ((MAX_RECORD_BYTES, True), (MAX_RECORD_BYTES + 1, False)):
        data = b"x,1\n" + b'y,"'.ljust(length - len(end) - 1, b"\n") + b'"' + end
        output = run_parts(TEXT, [data[at : at + cut] for at in range(0, len(data), cut)], start=100)
        assert (output.proof.aligned, output.proof.broken_at) == (allowed, None if allowed else 104)
        assert not allowed or (output.rows_accepted, output.bytes_read) == (2, len(data))


def test_no_block_is_longer_than_a_record_may_be():
    data = b"x,1\n" * 10 + b"y," + b"1" * MAX_RECORD_BYTES + b"\n"
    assert run(TEXT, data, block_bytes=50_000_000).proof.broken_at == 40


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b"\r"])
def test_a_blank_line_is_counted_and_is_no_row(line):
    output = run(TEXT, b"x,1\n" + line)
    assert (output.rows_read, output.rows_accepted, output.blank_lines) == (1, 1, 1)


def test_a_line_of_one_carriage_return_more_than_its_end_is_a_row_that_is_rejected():
    output = run(TEXT, b"x,1\n\r\r\n")
    assert (output.rows_read, output.blank_lines, codes(output)) == (2, 0, [[(None, "control-character")]])


def test_ordinals_and_offsets_of_rejects_skip_blank_lines_but_count_their_bytes():
    output = run(TEXT, b"\nx,1\n\n\nonly\n", start=100)
    (reject,) = map(json.loads, output.rejects.splitlines())
    assert (reject["row"], reject["offset"], reject["length"], reject["raw"]) == (1, 107, 5, "only")


def test_every_reason_of_a_row_is_listed_in_file_order_and_counted():
    contract = contract_of({"name": "n", "type": "integer"}, {"name": "d", "type": "date"}, {"name": "s", "constraints": {"maxLength": 1}})
    output = run(contract, b"x,2024-02-30,ok\n1,2024-02-29,x\nx,2024-01-01,y\n")
    assert codes(output) == [[("n", "type-error"), ("d", "type-error"), ("s", "max-length")], [("n", "type-error")]]
    assert output.reasons == {"d:type-error": 1, "n:type-error": 2, "s:max-length": 1}


def test_a_row_without_a_required_value_is_rejected():
    required = {"name": "b", "type": "string", "constraints": {"required": True}}
    output = run(contract_of({"name": "a", "type": "string"}, required), b"x,\n,y\n")
    assert codes(output) == [[("b", "required")]]
    assert rows(output) == [{"a": None, "b": "y"}]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (b"a\n", "field-count"),
        (b"a,b,c\n", "field-count"),
        (b'"a"x,b\n', "quote-error"),
        (b'a,b"\n', "quote-error"),
        (b"a\0,b\n", "control-character"),
        (b"a\r,b\n", "control-character"),
        (b'"a\rb",c\n', "control-character"),
        (b"a,\xff\n", "encoding-error"),
        (b"a,\xed\xa0\x80\n", "encoding-error"),
    ],
)
def test_a_record_that_is_no_row_is_rejected_alone_and_its_neighbours_are_not(record, code):
    output = run(TEXT, b"x,1\n" + record + b"y,2\n")
    assert codes(output) == [[(None, code)]]
    assert [row["a"] for row in rows(output)] == ["x", "y"]
    assert output.reasons == {f"*:{code}": 1}


def test_what_re2_has_refused_is_not_asked_of_python(monkeypatch):
    """G3: letters can be shared out among the repetitions in more ways than anybody has time for."""
    limits = {"pattern": "([A-Za-z]{1,20} ?)+", "maxLength": 70}
    contract = contract_of({"name": "a", "type": "string"}, {"name": "b", "type": "string", "constraints": limits})
    monkeypatch.setattr(patterns, "compiled", lambda _: pytest.fail("Python is asked"))
    output = run(contract, b"x,Ann Lee\nx," + b"a" * 60 + b"!\nx," + b"a" * 80 + b"\n")
    assert codes(output) == [[("b", "pattern")], [("b", "max-length")]]
    assert [json.loads(line)["errors"][0]["message"] for line in output.rejects.splitlines()] == [
        f"'{'a' * 60}'... does not match ([A-Za-z]{{1,20}} ?)+",
        "80 characters are more than 70",
    ]


def test_a_log_of_rejects_is_bounded_first_in_detail_then_in_length(monkeypatch):
    """E2: a chunk of junk must not take the memory of the function."""
    monkeypatch.setattr(rejects, "DETAILED_BYTES", 400)
    data = b"only\n" * 10
    lines = [json.loads(line) for line in run(TEXT, data).rejects.splitlines()]
    assert [line["row"] for line in lines] == list(range(10))
    assert lines[0]["raw"] == "only"
    assert lines[0]["errors"][0]["message"]
    assert lines[-1]["raw"] == ""
    assert lines[-1]["errors"] == [{"code": "field-count", "column": None, "message": ""}]
    monkeypatch.setattr(rejects, "MAX_BYTES", 700)
    with pytest.raises(JunkRows, match="rows of one chunk fit nothing"):
        run(TEXT, data)


def test_a_raw_record_that_cannot_be_text_is_kept_as_its_bytes():
    (reject,) = map(json.loads, run(TEXT, b"\xff,\xfe\r\n").rejects.splitlines())
    assert reject["raw_base64"] == "/yz+"
    assert "raw" not in reject


def test_a_byte_that_the_encoding_does_not_have_is_an_error_of_its_row_only():
    contract = contract_of({"name": "a", "type": "string"}, encoding="cp1252")
    output = run(contract, b"caf\xe9\n\x81\n\x80\n")
    assert [row["a"] for row in rows(output)] == ["café", "€"]
    assert codes(output) == [[(None, "encoding-error")]]


@pytest.mark.parametrize(("encoding", "damage"), [("utf-8", b"\xff"), ("utf-8", b"\xe2\x82"), ("ascii", b"\xe9"), ("cp1252", b"\x81")])
def test_records_that_are_no_text_are_found_wherever_they_are_with_the_first_byte_that_is_none(encoding, damage):
    broken = [0, 1, 255, 256, 257, 599]
    records = [f"row {index}".encode() + (damage + b"-" + damage if index in broken else b"") + b"\n" for index in range(600)]
    lines = [json.loads(line) for line in run(contract_of({"name": "a"}, encoding=encoding), b"".join(records)).rejects.splitlines()]
    assert [line["row"] for line in lines] == broken
    assert [line["errors"][0]["message"] for line in lines] == [
        f"byte 0x{damage[0]:02X} at position {len(f'row {index}')} of the record is not {encoding}" for index in broken
    ]


@pytest.mark.parametrize("pattern", ["[0-9a-f]{3}", "[A-Z]{2}[0-9]", "[^a][ace][.-]", r"\d-[^\w\W]", ""])
def test_a_pattern_of_fixed_width_is_judged_row_by_row_in_a_long_column(pattern):
    alphabet = ["a", "f", "g", "A", "Z", "0", "9", "-", "."]
    texts = ["".join(letters) for letters in itertools.product(alphabet, repeat=3)] + ["", "a", "0000"]
    data = "".join(f'"{text}"\n' for text in texts).encode()
    found = rows(run(contract_of({"name": "s", "constraints": {"pattern": pattern}}, missingValues=[]), data))
    assert [row["s"] for row in found] == [text for text in texts if re.fullmatch(pattern, text)]


@pytest.mark.parametrize(("pattern", "fits", "breaks"), [("ü", "ü", "u"), ("[üa]b", "üb", "éb"), ("[^ü]b", "éb", "üb")])
def test_a_pattern_may_name_characters_of_several_bytes(pattern, fits, breaks):
    output = run(contract_of({"name": "s", "constraints": {"pattern": pattern}}), f"{fits}\n{breaks}\n".encode())
    assert ([row["s"] for row in rows(output)], codes(output)) == ([fits], [[("s", "pattern")]])


@pytest.mark.parametrize(
    "odd",
    [
        "-1.5",
        "7",
        ".50",
        "1..50",
        "1.2.50",
        "12345678",
        "1.5",
        "15",
        "1x.50",
        "-.50",
        "1.50-",
        "--1.50",
        "-",
        "",
        "1234567.50",
        "1,50",
        "1.5x",
        "x.50",
    ],
)
def test_one_odd_amount_among_uniform_ones_is_judged_by_itself(odd):
    contract = contract_of({"name": "n", "type": "number", "precision": 8, "scale": 2, "constraints": {"required": True}})
    output = run(contract, f'0.00\n-123456.75\n"{odd}"\n999999.99\n'.encode())
    expected = [
        Decimal("0.00"),
        Decimal("-123456.75"),
        *([Decimal(odd)] if odd in ("-1.5", "7", "1.5", "15") else []),
        Decimal("999999.99"),
    ]
    assert [row["n"] for row in rows(output)] == expected


def test_a_block_of_tiny_records_is_cut_by_their_number():
    """E2: what is held for a record bounds a block that its bytes do not."""
    data = b"".join(b'a"b,%d\n' % index if index % 5 == 1 else b"only\n" if index % 7 == 0 else b"x,%d\n" % index for index in range(100))
    whole, cut = run(TEXT, data), run(TEXT, data, block_records=3)
    assert (rows(cut), cut.rejects) == (rows(whole), whole.rejects)
    assert cut.reasons == {"*:field-count": 12, "*:quote-error": 20}


def test_an_error_in_one_block_stops_the_chunk_and_its_threads():
    before = threading.active_count()
    with pytest.raises(OSError, match="gone"):
        run_parts(TEXT, broken_off([b"x,1\n" * 100] * 4), block_bytes=16)
    assert threading.active_count() == before


def broken_off(parts):
    yield from parts
    raise OSError("gone")


def test_a_chunk_that_ends_inside_quotes_is_not_aligned_and_names_the_quote():
    output = run(TEXT, b'x,1\ny,"2\nz,3\n', start=1000)
    assert (output.proof.aligned, output.proof.broken_at) == (False, 1006)


def test_a_record_without_its_newline_is_a_record_only_at_the_end_of_the_file():
    assert run(TEXT, b"x,1\ny,2").rows_accepted == 2
    assert not run(TEXT, b"x,1\ny,2", last=False).proof.aligned


def test_no_bytes_are_an_aligned_chunk_without_outputs():
    output = run(TEXT, b"")
    assert (output.parquet, output.rejects, output.rows_read, output.proof.aligned) == (None, b"", 0, True)


def test_a_record_longer_than_a_block_is_one_row():
    long = "y" * 5000
    assert rows(run(TEXT, f'x,1\n"{long}\n",2\nz,3\n'.encode(), block_bytes=16))[1]["a"] == long + "\n"


def test_columns_are_written_in_the_order_of_the_contract_with_its_types():
    contracts = load_contracts()
    contract = contracts["positions_de"]
    columns = tuple(reversed(contract.names))
    texts = {
        "Depotnummer": "0000000001", "ISIN": "DE0005140008", "Bezeichnung": "Müller; AG", "Gattung": "Währung", "Stück": "-1.234.567",
        "Kurs": "1.234,567891", "Kurswert EUR": "-0,5", "Stichtag": "29.02.2024", "Bewertet am": "-", "Verpfändet": "J", "Bemerkung": "n/a",
    }  # fmt: skip
    line = ";".join(f'"{texts[name]}"' for name in columns) + "\r\n"
    layout = CsvLayout(contract.encoding, ";", '"', 0, columns)
    output = process_chunk([line.encode("latin-1")], contract=contract, layout=layout, start=0, last=False, key_seed=b"k")
    (row,) = rows(output)
    assert tuple(row) == contract.names
    assert row["Stück"] == -1234567
    assert row["Kurs"] == Decimal("1234.567891")
    assert row["Bemerkung"] is None
    schema = pq.read_schema(pa.BufferReader(output.parquet))
    assert schema.field("Kurs").type == pa.decimal128(18, 6)
    assert schema.field("Bewertet am").type == pa.timestamp("ms")
    assert not schema.field("ISIN").nullable


NUMBER = {"name": "n", "type": "number", "precision": 20, "scale": 2, "decimalChar": ",", "groupChar": "."}


@pytest.mark.parametrize("text", ["1.234,50", "1234,5", "-123.456.789", "0", "-0,00", "999.999.999.999.999.999,99"])
def test_decimals_that_fit_are_exact(text):
    expected = Decimal(text.replace(".", "").replace(",", "."))
    assert rows(run(contract_of(NUMBER), f'"{text}"\n'.encode()))[0]["n"] == expected


@pytest.mark.parametrize(
    "text",
    [
        "1.23,5",
        "12.34",
        ".123",
        "1234.567",
        "1.2345",
        "1,",
        ",5",
        "1,234",
        "+1",
        "1e3",
        " 1",
        "--1",
        "-",
        "1,2,3",
        "1.234,5.6",
        "٣",
        "1..234",
    ],
)
def test_what_is_nearly_a_decimal_is_none(text):
    assert codes(run(contract_of(NUMBER), f'"{text}"\n'.encode())) == [[("n", "type-error")]]


@pytest.mark.parametrize(("bound", "fits", "breaks"), [("99.995", "99.99", "100.00"), ("-0.005", "-0.01", "0.00")])
def test_a_bound_between_two_decimals_is_not_rounded(bound, fits, breaks):
    contract = contract_of({"name": "n", "type": "number", "precision": 9, "scale": 2, "constraints": {"maximum": bound}})
    assert codes(run(contract, f"{fits}\n{breaks}\n".encode())) == [[("n", "maximum")]]


@pytest.mark.parametrize(
    "text", ["2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "0000-01-01", "2024-1-01", "2024-01-01 "]
)
def test_a_day_that_the_calendar_lacks_is_refused(text):
    contract = contract_of({"name": "d", "type": "date"})
    assert codes(run(contract, f"{text}\n2000-02-29\n0001-01-01\n9999-12-31\n".encode())) == [[("d", "type-error")]]


@pytest.mark.parametrize("clock", ["24:00:00", "23:60:00", "23:59:60", "23:59:59.1", "23:59:59.1234", "23:59:59+00:00"])
def test_a_time_that_the_clock_lacks_is_refused(clock):
    contract = contract_of({"name": "t", "type": "datetime"})
    text = f"2024-02-29T{clock}" + ("" if "+" in clock else "Z")
    assert codes(run(contract, f"{text}\n2024-02-29T23:59:59Z\n".encode())) == [[("t", "type-error")]]


@pytest.mark.parametrize(
    ("descriptor", "good", "bad"),
    [
        ({"type": "boolean", "constraints": {"enum": [True]}}, "TRUE", "false"),
        ({"type": "boolean", "constraints": {"enum": [False]}}, "0", "1"),
        ({"type": "integer", "constraints": {"enum": [7, -1]}}, "007", "8"),
        ({"type": "number", "precision": 30, "scale": 3, "constraints": {"enum": ["-1.5", 2]}}, "-1.500", "1.5"),
        ({"type": "date", "constraints": {"enum": ["2024-02-29"]}}, "2024-02-29", "2024-02-28"),
        ({"type": "datetime", "constraints": {"enum": ["2024-02-29T00:00:00Z"]}}, "2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00.001Z"),
        ({"type": "string", "constraints": {"enum": ["é"]}}, "é", "e"),
    ],
)
def test_every_type_may_be_enumerated_by_value(descriptor, good, bad):
    output = run(contract_of({"name": "v", **descriptor}), f"{good}\n{bad}\n".encode())
    assert (output.rows_accepted, codes(output)) == (1, [[("v", "enum")]])


def test_space_in_a_pattern_means_the_same_to_both_engines():
    contract = contract_of({"name": "s", "constraints": {"pattern": r"a\s*b"}})
    assert run(contract, b"a\x0b\tb\n").rows_accepted == 1


def test_the_row_path_never_imports_pandas():
    """E12: importing it would cost each cold start 160 ms."""
    code = (
        "import sys; from tests.unit.runtime.chunk.test_process import run; from runtime.formats.registry import load_contracts\n"
        "for contract in [one for one in load_contracts().values() if one.format == 'csv']:\n"
        "    output = run(contract, b'bad\\n' + contract.dialect.delimiter.encode().join([b'1'] * len(contract.names)) + b'\\n')\n"
        "    assert output.rows_rejected == 2\n"
        "good = b'1,name,probe,1.5,true,2024-01-01,2024-01-01T00:00:00Z,\\n'\n"
        "assert run(load_contracts()['_validation'], good).rows_accepted == 1\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
