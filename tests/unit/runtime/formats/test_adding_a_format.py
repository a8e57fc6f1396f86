"""Adding a format touches its own folder and one line of the registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runtime.formats.registry import FORMATS, parse_contract
from tests.support.example_format import LinesFormat
from tests.support.workflow import Workflow

RUNTIME = Path(__file__).parents[4] / "runtime"
#: Besides a format's own folder. The draft of a contract is one of delimited text.
MAY_NAME_A_FORMAT = {"formats/registry.py", "contracts/infer.py"}


def test_a_format_of_one_file_goes_the_whole_way(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "lines", LinesFormat())
    document = {"dataset": "remarks", "version": 1, "format": "lines", "schema": {"fields": [{"name": "line"}]}}
    vars(workflow.stage)["contracts"] = {"remarks": parse_contract(document, "remarks")}
    lines = [f"line {number}{'?' * (number % 50 == 0)}" for number in range(1, 501)]
    event = workflow.upload("incoming/remarks/acme/today.txt", "".join(f"{line}\n" for line in lines).encode())
    assert workflow.run(event)["outcome"]["status"] == "SUCCEEDED"
    item = workflow.item(event)
    assert (item["rows_read"], item["rows_accepted"], item["rows_rejected"], item["chunks"] > 3) == (500, 490, 10, True)
    assert item["reasons"] == {"*:question": 10}


def test_a_contract_of_no_registered_format_is_refused_with_the_formats_there_are() -> None:
    with pytest.raises(Exception, match="format is 'lines', not one of csv, fixed-length"):
        parse_contract({"dataset": "remarks", "version": 1, "format": "lines", "schema": {"fields": []}}, "remarks")


@pytest.mark.parametrize(("folder", "name"), [("csv", "csv"), ("copybook", "fixed-length")])
def test_only_the_registry_knows_a_format(folder: str, name: str) -> None:
    named = re.compile(rf"runtime\.formats\.{folder}\b|[\"']{name}[\"']")
    own = RUNTIME / "formats" / folder
    files = {str(path.relative_to(RUNTIME)) for path in RUNTIME.rglob("*.py") if own not in path.parents and named.search(code_of(path))}
    assert files <= MAY_NAME_A_FORMAT


def code_of(path: Path) -> str:
    """Without comments and docstrings, as far as a line shows it."""
    return re.sub(r'""".*?"""|#.*', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
