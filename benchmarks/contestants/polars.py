"""Polars."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.contestants.dataset import AMOUNT, COMPRESSION_LEVEL, ENUMERATIONS, NAMES

_MOMENT = "%Y-%m-%dT%H:%M:%S%.fZ"


def masks(job: dict[str, Any]) -> dict[str, Any]:
    """Polars reading text columns, testing dates, times, amounts and enumerations with masks, and writing what passes.
    Gives no reasons, no offsets and no rejected text; rows with too many or too few fields pass unnoticed; no patterns, no lengths.
    """
    import polars as pl

    column = pl.col
    rows = (
        pl.scan_csv(job["path"], schema=dict.fromkeys(NAMES, pl.String), encoding="utf8-lossy", truncate_ragged_lines=True)
        .with_columns(
            column("booking_date").str.to_date("%Y-%m-%d", strict=False),
            column("value_ts").str.to_datetime(_MOMENT, time_unit="ms", time_zone="UTC", strict=False),
            pl.when(column("amount").str.contains(AMOUNT)).then(column("amount")).cast(pl.Decimal(18, 2), strict=False),
        )
        .with_columns(
            good=pl.all_horizontal(
                *(column(name).is_not_null() for name in ("booking_date", "value_ts", "amount")),
                *(column(name).is_in(values) for name, values in ENUMERATIONS.items()),
            )
        )
        .collect(engine="streaming")
    )
    accepted = rows.filter(column("good")).drop("good")
    accepted.write_parquet(Path(job["out"]) / "rows.parquet", compression="zstd", compression_level=COMPRESSION_LEVEL)
    return {"accepted": len(accepted), "rejected": len(rows) - len(accepted)}


def rewrite(job: dict[str, Any]) -> dict[str, Any]:
    """Polars reading the file as text columns and writing one CSV file, uncut. Understands quotes; new bytes, not the original's."""
    import polars as pl

    pl.scan_csv(job["path"], infer_schema=False).sink_csv(Path(job["out"]) / "all.csv")
    return {"files": 1}
