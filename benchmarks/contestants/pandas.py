"""The pandas library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.contestants.dataset import AMOUNT, COMPRESSION, COMPRESSION_LEVEL, ENUMERATIONS, NAMES

_ROWS = 350_000


def masks(job: dict[str, Any]) -> dict[str, Any]:
    """The pandas library reading text columns, testing dates, times, amounts and enumerations with masks, and writing what passes.
    Gives no reasons and no offsets; drops rows with too many fields silently; amounts become floats; no patterns, no lengths.
    """
    import pandas as pd

    rows = pd.read_csv(job["path"], dtype=str, keep_default_na=False, on_bad_lines="skip", encoding_errors="replace", names=NAMES, header=0)
    day = pd.to_datetime(rows["booking_date"], format="%Y-%m-%d", errors="coerce")
    moment = pd.to_datetime(rows["value_ts"], format="ISO8601", errors="coerce", utc=True)
    good = day.notna() & moment.notna() & rows["amount"].str.fullmatch(AMOUNT)
    for name, values in ENUMERATIONS.items():
        good &= rows[name].isin(values)
    amount = pd.to_numeric(rows["amount"], errors="coerce")
    accepted = rows.assign(booking_date=day, value_ts=moment, amount=amount)[good]
    target = Path(job["out"]) / "rows.parquet"
    accepted.to_parquet(target, index=False, engine="pyarrow", compression=COMPRESSION, compression_level=COMPRESSION_LEVEL)
    return {"accepted": len(accepted), "rejected": len(rows) - len(accepted)}


def rewrite(job: dict[str, Any]) -> dict[str, Any]:
    """The pandas library reading text columns and writing CSV files of about 50 MB. Understands quotes; new bytes, not the original's."""
    import pandas as pd

    files = 0
    for rows in pd.read_csv(job["path"], dtype=str, keep_default_na=False, chunksize=_ROWS):
        rows.to_csv(Path(job["out"]) / f"{files:05d}.csv", index=False)
        files += 1
    return {"files": files}
