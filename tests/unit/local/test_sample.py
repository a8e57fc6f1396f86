"""The bundled sample is what its generator writes, and has what it promises."""

from __future__ import annotations

import csv
import subprocess
import sys

from local.run import SAMPLE
from local.samples.generate import FLAWS, HEADER, ROWS


def test_the_file_is_what_the_generator_writes() -> None:
    written = subprocess.run([sys.executable, "-m", "local.samples.generate"], capture_output=True, check=True).stdout
    assert written == SAMPLE.read_bytes()


def test_it_has_rows_over_several_lines_and_one_that_is_short() -> None:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == HEADER
    assert len(rows) == ROWS
    assert sum("\n" in row[6] for row in rows) == ROWS // 13
    assert [number for number, row in enumerate(rows, 1) if len(row) != len(HEADER)] == [1555]
    assert all(rows[number - 1][HEADER.index(column)] == wrong for number, (column, wrong) in FLAWS.items() if wrong is not None)
