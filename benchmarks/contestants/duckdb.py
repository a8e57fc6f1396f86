"""DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.contestants.dataset import CHUNK_BYTES, COMPRESSION, COMPRESSION_LEVEL, ENUMERATIONS, NAMES, THREADS

_TYPES = {"booking_date": "DATE", "value_ts": "TIMESTAMP", "amount": "DECIMAL(18,2)"}


def rejects(job: dict[str, Any]) -> dict[str, Any]:
    """DuckDB with types, enumerations and its table of rejects. Gives line, byte offset and the reasons of a rejected row;
    knows no patterns, lengths or required columns, rounds a third decimal, reads exponents, and keeps rows in order.
    """
    import duckdb

    types = {**_TYPES, **{name: f"ENUM({', '.join(map(_text, values))})" for name, values in ENUMERATIONS.items()}}
    columns = ", ".join(f"{_text(name)}: {_text(types.get(name, 'VARCHAR'))}" for name in NAMES)
    out = Path(job["out"])
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        source = (
            f"read_csv({_text(job['path'])}, header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
            f"columns = {{{columns}}}, store_rejects = true, rejects_limit = 0)"
        )
        target = f"{_text(out / 'rows.parquet')} (FORMAT parquet, COMPRESSION {COMPRESSION}, COMPRESSION_LEVEL {COMPRESSION_LEVEL})"
        accepted = _one(connection.execute(f"COPY (FROM {source}) TO {target}"))
        connection.execute(f"COPY reject_errors TO {_text(out / 'rejects.csv')} (FORMAT csv)")
        rejected = _one(connection.execute("SELECT count(DISTINCT line) FROM reject_errors"))
    return {"accepted": accepted, "rejected": rejected}


def rewrite(job: dict[str, Any]) -> dict[str, Any]:
    """DuckDB reading the file as text columns and writing it as CSV files of 50 MB. Understands quotes; new bytes, not the original's."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        source = f"read_csv({_text(job['path'])}, header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
        connection.execute(f"COPY (FROM {source}) TO {_text(Path(job['out']) / 'files')} (FORMAT csv, FILE_SIZE_BYTES {CHUNK_BYTES})")
    return {"files": len(list((Path(job["out"]) / "files").iterdir()))}


def _text(value: object) -> str:
    """A literal of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _one(answer: Any) -> int:
    return int(answer.fetchone()[0])
