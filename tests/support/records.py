"""A small contract for files made in memory, and the obvious way to find their boundaries."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List, Mapping, Optional, Tuple

from runtime.contracts.model import Contract
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.csv.scanner import scan
from runtime.formats.registry import compiled, parse_contract
from runtime.formats.source import ByteSource

#: Real test data, beside the checkout.
SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"


def make_contract(dataset: str = "payments", **changes: Any) -> Contract:
    """Four columns: id (integer), day (date), amount (decimal), note (free text)."""
    fields: List[Mapping[str, Any]] = [
        {"name": "id", "type": "integer", "constraints": {"required": True}},
        {"name": "day", "type": "date", "constraints": {"required": True}},
        {"name": "amount", "type": "number", "precision": 10, "scale": 2, "constraints": {"required": True}},
        {"name": "note", "type": "string"},
    ]
    document = {"dataset": dataset, "version": 1, "format": "csv", "schema": {"fields": fields}, **changes}
    return parse_contract(document, dataset)


HEADER = b"id,day,amount,note\n"


def plan(source: ByteSource, contract: Contract, layout: CsvLayout, chunk_bytes: int, **exactly: Any) -> List[Tuple[int, int]]:
    """The ranges of a file, as PlanChunks makes them."""
    return compiled(contract, layout).plan(source, chunk_bytes, **exactly)


def make_layout(contract: Contract, header_end: int = len(HEADER)) -> CsvLayout:
    return CsvLayout(contract.encoding, contract.dialect.delimiter, contract.dialect.quote, header_end, contract.names)


def true_boundaries(data: bytes, start: int, layout: Optional[CsvLayout] = None) -> List[int]:
    """Every record boundary from *start*, which is one, to the end of *data*."""
    delimiter, quote = (layout.delimiter, layout.quote) if layout else (",", '"')
    ends = scan(data[start:], ord(delimiter), ord(quote), final=True).ends + start
    return [start, *ends.tolist()]
