"""How the bytes of one file of delimited text are written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Mapping

from runtime.formats.decoding import Decoding


@dataclass(frozen=True)
class CsvLayout:
    """How delimited text is written (see ``runtime.formats.interface.Layout``); ``columns`` are the header's names."""

    encoding: str
    delimiter: str
    quote: str
    header_end: int
    columns: tuple[str, ...]
    decoding: Decoding | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CsvLayout:
        decoding = data.get("decoding")
        return cls(
            encoding=data["encoding"],
            delimiter=data["delimiter"],
            quote=data["quote"],
            header_end=int(data["header_end"]),
            columns=tuple(data["columns"]),
            decoding=Decoding(decoding["compression"], decoding["encoding"]) if decoding else None,
        )

    def described(self) -> dict[str, Any]:
        return {"delimiter": self.delimiter}

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "columns": list(self.columns)}
