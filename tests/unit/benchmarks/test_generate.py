"""The generated files contain what their truth says, by the contract's definition of a record and of a value."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks import generate
from runtime.formats.csv.fields import RecordCheck, split_fields
from runtime.formats.csv.scanner import scan
from runtime.formats.recognition import recognize
from runtime.formats.registry import load_contracts
from runtime.formats.source import FileSource


def test_truth_is_what_the_contract_says_of_every_row(tmp_path: Path) -> None:
    path = tmp_path / "tx.csv"
    assert generate.main([str(path), "400kB", "--bad", "0.2", "--multiline", "0.1", "--seed", "3"]) == 0
    truth = json.loads((tmp_path / "tx.csv.truth.json").read_text())
    with FileSource(path) as source:
        contract, layout = recognize(source, "tx.csv", None, load_contracts())
        data = source.read(layout.header_end, source.size)
    check, reasons, total, multiline = RecordCheck(contract, layout), Counter[str](), Decimal(0), 0
    starts = [0, *scan(data, ord(","), ord('"'), final=True).ends.tolist()]
    for start, end in zip(starts, starts[1:]):
        record = data[start:end]
        misfit = check.misfit(record)
        multiline += record.count(b"\n") > 1
        if misfit:
            reasons[f"{misfit.column or '*'}:{misfit.code}"] += 1
        else:
            total += Decimal((split_fields(record, layout) or [])[generate.AMOUNT].decode())
    assert contract.dataset == "transactions"
    assert truth["reasons"] == dict(reasons)
    assert set(truth["bad_by_kind"]) == set(generate.DAMAGES)
    assert (truth["rows"], truth["rows_rejected"], truth["multiline_rows"]) == (len(starts) - 1, sum(reasons.values()), multiline)
    assert (truth["bytes"], truth["accepted_amount"]) == (path.stat().st_size, str(total))


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate.write(tmp_path / name, 50_000, bad=0.1, multiline=0.1, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


@pytest.mark.parametrize("arguments", [["x", "5MiB"], ["x", "1MB", "--bad", "2"], ["x", "1MB", "--multiline", "often"]])
def test_wrong_arguments_are_usage_errors(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        generate.main(arguments)
    assert caught.value.code == 2
    assert "write" in capsys.readouterr().err
