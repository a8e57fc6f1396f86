"""The seam of formats: what is loaded for which."""

from __future__ import annotations

import importlib
import subprocess
import sys

from runtime.chunk.process import process_chunk
from runtime.formats.copybook.extracts.rules import RULES
from runtime.formats.copybook.layout import RecordLayout, contracted_form
from runtime.formats.copybook.reader import RecordReader
from runtime.formats.copybook.record import record_of
from runtime.formats.registry import load_contracts
from tests.support.accounts import Account
from tests.support.mainframe import judge


def test_a_function_that_sees_csv_loads_nothing_of_mainframes() -> None:  # E12
    code = (
        "import sys, runtime.handlers.plan_chunks, runtime.handlers.process_chunk\n"
        "from pathlib import Path\n"
        "from runtime.contracts.loader import DEPLOYED\n"
        "from runtime.formats.registry import compiled, load_contract\n"
        "from runtime.formats.csv.layout import CsvLayout\n"
        "contract = load_contract(DEPLOYED / 'transactions.json')\n"
        "compiled(contract, CsvLayout('utf-8', ',', '\"', 0, contract.names)).rows()\n"
        "allowed = ('runtime.formats.copybook', 'runtime.formats.copybook.format')\n"
        "unwanted = ('runtime.formats.copybook', 'runtime.formats.copybook.extracts', 'runtime.formats.copybook.compiler')\n"
        "loaded = [name for name in sys.modules if name.startswith(unwanted) and name not in allowed]\n"
        "sys.exit(' '.join(loaded))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stderr.split() == []


def test_a_function_that_plans_csv_loads_no_arrow() -> None:  # E12
    code = (
        "import sys, runtime.handlers.plan_chunks\n"
        "from pathlib import Path\n"
        "from runtime.contracts.loader import DEPLOYED\n"
        "from runtime.formats.registry import file_format, load_contract\n"
        "file_format(load_contract(DEPLOYED / 'transactions.json'))\n"
        "sys.exit('pyarrow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_reading_contracts_loads_neither_numpy_nor_arrow() -> None:
    """Synthesis reads them."""
    code = (
        "import sys; from runtime.formats.registry import load_contracts\n"
        "load_contracts(); sys.exit(bool({'numpy', 'pyarrow'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_contract_may_say_of_extracts_is_what_their_rules_make() -> None:  # F1
    assert {name: set(rules.files) for name, rules in RULES.items()} == {
        name: set(importlib.import_module(f"runtime.formats.copybook.extracts.{name}").FILES) for name in RULES
    }
    contract = load_contracts()["accounts"]
    assert contract.extracts is not None
    layout, key = RecordLayout.of(contract, None), bytes(16)
    made = process_chunk([Account(1).record()], contract=contract, layout=layout, start=0, last=True, key_seed=key).extracts
    described = {file.name: 4 * len(file.copybooks) * (file.record_format == "V") for file in contract.extracts.files}
    lengths = {file.name: sum(record_of(copybook).maximum for copybook in file.copybooks) for file in contract.extracts.files}
    assert {name: len(body) for name, body in made.items()} == {name: lengths[name] + described[name] for name in made}


def test_the_rules_make_what_is_stated_of_them() -> None:  # F1
    """A contract is checked against the statement, so what a rule takes or makes besides would fail its files."""
    contract, rules = load_contracts()["accounts"], RULES["accounts"]
    (block,) = RecordReader([Account(1).record()], contracted_form(contract))
    judged = judge(block, contract, RecordLayout.of(contract, None))
    assert judged.accepted is not None
    for name, rule in importlib.import_module("runtime.formats.copybook.extracts.accounts").FILES.items():
        taken = {made.column for record in rules.files[name] for made in record.values() if made.column}
        columns = {column: judged.accepted.column(column).chunks[0] for column in taken}
        for found, stated in zip(rule(columns), rules.files[name]):
            assert set(found) == set(stated)
            for column, made in stated.items():
                (value,) = found[column].to_pylist()
                assert made.characters is None or len(value) == made.characters
                assert made.column or str(value) == made.constants[0]
    assert {field.name: field.type for field in contract.fields if field.name in rules.columns} == rules.columns
