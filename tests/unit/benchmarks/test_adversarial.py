"""The files that mislead are correct CSV, and their true boundaries equal those of a reader of records (E2)."""

from __future__ import annotations

import csv
import io

import pytest

from benchmarks import adversarial
from benchmarks.contestants import hostile


@pytest.mark.parametrize("kind", adversarial.KINDS)
def test_true_boundaries_are_those_of_the_csv_module(kind: str) -> None:
    data = adversarial.make(kind, 300_000, 5)
    limit = csv.field_size_limit(10_000_000)
    try:
        records = sum(1 for row in csv.reader(io.StringIO(data.decode(), newline="")) if row)
    finally:
        csv.field_size_limit(limit)
    assert len(adversarial.true_boundaries(data)) == records
    assert data == adversarial.make(kind, 300_000, 5) != adversarial.make(kind, 300_000, 6)


def test_tables_in_fields_mislead_and_the_proof_finds_every_one() -> None:
    answer = hostile.boundaries({"kind": "quoted tables of 200 kB", "size": 3_000_000, "seed": 1, "plans": 3})
    assert answer["guessed_wrong"] > 0, "the file misleads nobody: it tests nothing"
    assert answer["replans"] > 0
    assert answer["wrong_in_the_end"] == 0
