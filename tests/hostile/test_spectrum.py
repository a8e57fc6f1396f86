"""csv-spectrum (https://github.com/max-mapper/csv-spectrum): each file under its own contract, compared with its JSON."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from tests.hostile.case import schema
from tests.hostile.execution import Execution
from tests.hostile.test_files import rows_of
from tests.support.records import SHARED_DATA, make_contract

SPECTRUM = Path(os.environ.get("LEDGERLINE_SHARED_DATA", SHARED_DATA)) / "csv-spectrum"
NAMES = (
    "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "location_coordinates", "newlines", "newlines_crlf",
    "quotes_and_newlines", "simple", "simple_crlf", "utf8",
)  # fmt: skip
#: Its only row has quotes in the middle of an unquoted field, which is a bad row here.
BAD_ROW = "location_coordinates"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_the_spectrum_becomes_what_its_json_says(execution: Execution, name: str) -> None:  # E6 E22
    path = SPECTRUM / "csvs" / f"{name}.csv"
    if not path.exists():
        assert os.environ.get("CI") != "true", f"{path} is missing"
        pytest.skip(f"{path} is not there: csv-spectrum was NOT compared")
    body = path.read_bytes()
    expected = json.loads((SPECTRUM / "json" / f"{name}.json").read_text(encoding="utf-8"))
    columns = next(csv.reader(io.StringIO(body.decode())))
    contract = make_contract(
        "spectrum", schema=schema(*({"name": column} for column in columns), missingValues=[]), rejectedRowsThreshold=None
    )
    vars(execution.workflow.stage)["contracts"] = {"spectrum": contract}
    event = execution.workflow.upload(f"incoming/spectrum/acme/{name}.csv", body)
    assert execution.run(event)["outcome"]["status"] == "SUCCEEDED"
    accepted, rejected = rows_of(execution, execution.workflow.item(event))
    if name == BAD_ROW:
        assert (accepted, rejected) == ([], [(body.index(b"\n") + 1, "*:quote-error")])
    else:
        assert [dict(zip(columns, row)) for row in accepted] == expected
        assert rejected == []
