"""What the peers are told of the ``transactions`` dataset: as much of its contract as each of them can express."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

_CONTRACT = Path(__file__).resolve().parents[2] / "runtime" / "contracts" / "transactions.json"
_FIELDS = json.loads(_CONTRACT.read_text(encoding="utf-8"))["schema"]["fields"]

NAMES: list[str] = [field["name"] for field in _FIELDS]
ENUMERATIONS: dict[str, list[str]] = {
    field["name"]: field["constraints"]["enum"] for field in _FIELDS if "enum" in field.get("constraints", {})
}
AMOUNT = r"^-?[0-9]{1,16}(\.[0-9]{1,2})?$"

#: What every contestant may use, and how it compresses Parquet: the product's own setting.
THREADS = 2
COMPRESSION: Literal["zstd"] = "zstd"
COMPRESSION_LEVEL = 1
#: What the rewriting contestants cut at.
CHUNK_BYTES = 50_000_000
