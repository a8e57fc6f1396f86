"""What needs no package: Python's own csv module, and GNU split."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from benchmarks.contestants.dataset import CHUNK_BYTES, ENUMERATIONS, NAMES


def rows(job: dict[str, Any]) -> dict[str, Any]:
    """Python's csv module and a loop: dates, times, amounts, enumerations and the number of fields, with the reasons of a row
    but without its offset. No patterns, no lengths; counts what is good and writes no Parquet.
    """
    import csv
    import datetime
    import json
    import re
    from decimal import Decimal

    parse_date, parse_time = datetime.date.fromisoformat, datetime.datetime.strptime
    amount = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,2})?")
    enumerations = [(NAMES.index(name), name, frozenset(values)) for name, values in ENUMERATIONS.items()]
    accepted = rejected = 0
    total = Decimal(0)
    with (
        Path(job["path"]).open(newline="", encoding="utf-8", errors="replace") as file,
        (Path(job["out"]) / "rejects.jsonl").open("w", encoding="utf-8") as log,
    ):
        reader = csv.reader(file)
        next(reader)
        for ordinal, row in enumerate(reader):
            reasons = []
            if len(row) != len(NAMES):
                reasons.append("*:field-count")
            else:
                try:
                    parse_date(row[2])
                except ValueError:
                    reasons.append("booking_date:type-error")
                try:
                    parse_time(row[3], "%Y-%m-%dT%H:%M:%S.%f%z" if "." in row[3] else "%Y-%m-%dT%H:%M:%S%z")
                except ValueError:
                    reasons.append("value_ts:type-error")
                if not amount.fullmatch(row[4]):
                    reasons.append("amount:type-error")
                reasons += [f"{name}:enum" for index, name, values in enumerations if row[index] not in values]
            if reasons:
                rejected += 1
                log.write(json.dumps([ordinal, reasons, row]) + "\n")
            else:
                accepted += 1
                total += Decimal(row[4])
    return {"accepted": accepted, "rejected": rejected}


def rewrite(job: dict[str, Any]) -> dict[str, Any]:
    """Python's csv module, read and written row by row to files of 50 MB. Understands quotes; new bytes, not the original's."""
    import csv

    files, written, target, writer = 0, CHUNK_BYTES, None, None
    with Path(job["path"]).open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        for row in csv.reader(file):
            if written >= CHUNK_BYTES:
                if target is not None:
                    target.close()
                target = (Path(job["out"]) / f"{files:05d}.csv").open("w", newline="", encoding="utf-8", errors="surrogateescape")
                writer, written, files = csv.writer(target, lineterminator="\n"), 0, files + 1
            written += writer.writerow(row)  # type: ignore[union-attr]  # made with the first row
    if target is not None:
        target.close()
    return {"files": files}


def split(job: dict[str, Any]) -> dict[str, Any]:
    """GNU split, copying the bytes to files of at most 50 MB of whole lines. Knows nothing of quotes: it cuts quoted newlines."""
    subprocess.run(["split", "-C", str(CHUNK_BYTES), job["path"], str(Path(job["out"]) / "x")], check=True)  # noqa: S607
    return {"files": len(list(Path(job["out"]).iterdir()))}
