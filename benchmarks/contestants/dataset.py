"""The contract of the ``transactions`` dataset for the peers, each of which uses as much of it as it can express."""

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

#: Every contestant's threads and Parquet compression, the same as the product's.
THREADS = 2
COMPRESSION: Literal["zstd"] = "zstd"
COMPRESSION_LEVEL = 1
#: The chunk size of the contestants that rewrite the file.
CHUNK_BYTES = 50_000_000
