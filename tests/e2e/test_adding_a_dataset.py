"""A file that nobody here wrote, with the Table Schema its publisher wrote: adding the dataset is adding that schema."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pyarrow.parquet as pq
import pytest

from tests.support.records import SHARED_DATA

pytestmark = [pytest.mark.e2e, pytest.mark.dear]
ROOT = Path(__file__).resolve().parents[2]
SP500 = SHARED_DATA / "sp500"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project with one file more: the contract made of the publisher's schema, word for word."""
    if not SP500.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{SP500} is not there")
        pytest.skip("the publisher's file is not on this machine")
    copy = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "package.json", copy)
    for name in ("pipeline_app.py", "cdk.json"):
        shutil.copy(ROOT / name, copy)
    for name in ("runtime", "etl", "stages", "pipeline", "local", "ops", "buildspec"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".cache", "node_modules"):
        if (ROOT / name).exists():
            (copy / name).symlink_to(ROOT / name)
    resources = json.loads((SP500 / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    schema = next(resource["schema"] for resource in resources if resource["name"] == "constituents")
    contract = {"dataset": "constituents", "version": 1, "format": "csv", "schema": schema}
    (copy / "runtime" / "contracts" / "constituents.json").write_text(json.dumps(contract), encoding="utf-8")
    local(copy, "up")
    yield copy
    local(copy, "down")


def local(project: Path, *arguments: str) -> None:
    line = [sys.executable, "-m", "local", *arguments]
    done = subprocess.run(line, cwd=project, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run(project: Path, file: Path) -> tuple[dict[str, object], Path]:
    """``make run FILE=... DATASET=constituents`` on the stage that is up."""
    local(project, "run", str(file), "--dataset", "constituents", "--partner", "publisher")
    (folder,) = sorted((project / ".ledgerline" / "out").iterdir(), key=lambda path: path.stat().st_mtime)[-1:]
    return json.loads((folder / "outcome.json").read_text(encoding="utf-8")), folder


def test_the_publishers_file_goes_through_with_every_row_accounted_for(project: Path) -> None:
    original = SP500 / "constituents.csv"
    outcome, folder = run(project, original)
    expected = list(csv.DictReader(io.StringIO(original.read_text(encoding="utf-8"), newline="")))
    assert (outcome["status"], outcome["rows_read"], outcome["rows_accepted"], outcome["rows_rejected"]) == (
        "SUCCEEDED",
        len(expected),
        len(expected),
        0,
    )
    (parquet,) = (folder / "curated").iterdir()
    written = [{name: str(value) for name, value in line.items()} for line in pq.read_table(parquet).to_pylist()]
    assert written == expected


def test_what_the_publishers_schema_rejects_is_named_row_by_row(project: Path, tmp_path: Path) -> None:
    lines = (SP500 / "constituents.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    # The second company joined on a day that is none, the fourth has lost its founding year.
    lines[2] = lines[2].replace(lines[2].split(",")[-3], "2017-07-32")
    lines[4] = lines[4].rpartition(",")[0] + "\n"
    damaged = tmp_path / "damaged.csv"
    damaged.write_text("".join(lines), encoding="utf-8", newline="")
    outcome, folder = run(project, damaged)
    assert (outcome["rows_read"], outcome["rows_rejected"]) == (503, 2)
    with (folder / "rejects.csv").open(encoding="utf-8-sig", newline="") as export:
        named = [(line["row"], line["column"], line["code"]) for line in csv.DictReader(export)]
    assert named == [("2", "Date added", "type-error"), ("4", "", "field-count")]
