from __future__ import annotations

import gzip
import io
import zipfile
from typing import Any, Dict, List, Type

import pytest

from runtime import errors
from runtime.contracts.model import Contract
from runtime.records.recognition import recognize
from tests.support.records import HEADER, CountingSource, make_contract

ROW = b"1,2024-01-31,12.50,rent\n"
LATIN = {"encoding": "iso-8859-1"}


def recognize_bytes(data: bytes, contract: Contract, dataset: Any = "payments") -> Any:
    return recognize(CountingSource.of(data), "incoming/payments/bank/a.csv", dataset, {contract.dataset: contract})


def renamed(*names: str, **changes: Any) -> Contract:
    fields: List[Dict[str, Any]] = [{"name": name, "type": "string"} for name in names]
    return make_contract(schema={"fields": fields}, **changes)


def zip_of(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "x")
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
        (gzip.compress(HEADER), errors.NotCsv, "gzip"),
        (b"%PDF-1.7\n", errors.NotCsv, "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", errors.NotCsv, "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", errors.NotCsv, "JPEG"),
        (b"PAR1\x15\x04", errors.NotCsv, "Parquet"),
        (HEADER.replace(b"\n", b"\r") + ROW.replace(b"\n", b"\r"), errors.NotCsv, "carriage return alone"),
        (b"id,day,am\0ount,note\n", errors.NotCsv, "a NUL byte in the header at byte 9"),
        (b"id,day\ramount,note\n", errors.NotCsv, "a lone carriage return in the header"),
        (b'id,"day"x,amount,note\n', errors.NotCsv, "a misplaced quote in the header at byte 3"),
        ((HEADER + ROW).decode().encode("utf-16"), errors.EncodingMismatch, "UTF-16"),
        ((HEADER + ROW).decode().encode("utf-16-le"), errors.EncodingMismatch, "UTF-16"),
        ((HEADER + ROW).decode().encode("utf-16-be"), errors.EncodingMismatch, "UTF-16"),
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
    with pytest.raises(errors.NotCsv, match="UTF-16"):
        recognize(CountingSource.of(HEADER.decode().encode("utf-16")), "k", None, contracts)


def test_reserved_dataset_is_reached_by_its_name_only() -> None:
    contracts = {"_validation": make_contract("_validation")}
    assert recognize(CountingSource.of(HEADER), "k", "_validation", contracts)[0].reserved
    with pytest.raises(errors.UnknownDataset):
        recognize(CountingSource.of(HEADER), "k", None, contracts)
