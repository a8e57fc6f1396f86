"""Alternatives for a mainframe's accounts: a loop over the records, and a converter from PyPI."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.accounts import AMOUNTS, COLUMNS, RECORD_BYTES


def rows(job: dict[str, Any]) -> dict[str, Any]:
    """Python's cp037 codec and a loop over the records: a pattern for every number, dates, the status, decimals as ``Decimal``.
    Counts good records, and bad values by column, without their bytes and reasons. Makes no table.
    """
    import re
    from collections import Counter
    from datetime import date
    from decimal import Decimal

    number = re.compile(r"[0-9]{11}(?:[0-9{A-I]|[}J-R])")
    signed = str.maketrans("{ABCDEFGHI}JKLMNOPQR", "01234567890123456789")

    def amount(text: str) -> Decimal:
        if not number.fullmatch(text):
            raise ValueError(text)
        value = Decimal(text.translate(signed)).scaleb(-2)
        return -value if text[-1] in "}JKLMNOPQR" else value

    def identity(text: str) -> int:
        if not text.isascii() or not text.isdigit():
            raise ValueError(text)
        return int(text)

    def status(text: str) -> str:
        if text not in ("Y", "N"):
            raise ValueError(text)
        return text

    readers: dict[str, Callable[[str], object]] = {"acct_id": identity, "acct_active_status": status}
    readers.update(dict.fromkeys(AMOUNTS, amount))
    readers.update((name, date.fromisoformat) for name in COLUMNS if name.endswith("_date"))
    columns = [(name, span.offset, span.offset + span.length, readers.get(name, str.rstrip)) for name, span in COLUMNS.items()]
    accepted, faults = 0, Counter[str]()
    with Path(job["path"]).open("rb") as file:
        while record := file.read(RECORD_BYTES):
            text = record.decode("cp037")
            values = []
            for name, start, end, read in columns:
                try:
                    values.append(read(text[start:end]))
                except ValueError:  # noqa: PERF203 - one column's fault does not hide another's
                    faults[name] += 1
            accepted += len(values) == len(columns)
    return {"accepted": accepted, "faults": dict(faults)}


def converter(job: dict[str, Any]) -> dict[str, Any]:
    """ebcdic-parser, a converter from PyPI: decodes records to a delimited text file, by a layout in JSON.
    Checks no digit, no zone and no date, and reads the positive sign zone C as a minus. Continues after a record that it cannot convert.
    """
    from ebcdic_parser.convert import run

    out = Path(job["out"])
    layout = out / "layout.json"
    layout.write_text(json.dumps({"description": "accounts", "layouts": [{"layouttype": "accounts", "layout": _converters_layout()}]}))
    run(
        job["path"],
        str(out),
        str(layout),
        logfolder=str(out),
        encodingName="cp037",
        ignoreConversionErrors=True,
        verbose=False,
    )
    return {"bytes_written": sum(path.stat().st_size for path in out.glob("*.txt"))}


def _converters_layout() -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = []
    for name, span in COLUMNS.items():
        kind = "zonedDecimal" if name in AMOUNTS else "string"
        fields.append({"name": name, "type": kind, "size": span.length, **({"scale": 2} if name in AMOUNTS else {})})
    end = max(span.offset + span.length for span in COLUMNS.values())
    return [*fields, {"name": "filler", "type": "skip", "size": RECORD_BYTES - end}]
