"""The smallest format there can be: every line is a record of one column of text. It shows what adding a format takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import pyarrow as pa

from runtime.columns.check import schema_of
from runtime.columns.string_column import string_array
from runtime.contracts.document import Node
from runtime.contracts.fields import parse_field
from runtime.contracts.loader import Terms
from runtime.contracts.model import Contract
from runtime.core.errors import FileRejected, RecordTooLong
from runtime.formats.decoding import Decoding
from runtime.formats.judged import Judged, Rejected, reason
from runtime.formats.source import ByteSource


@dataclass(frozen=True)
class LinesLayout:
    encoding: str
    columns: Sequence[str]
    header_end: int = 0
    decoding: Optional[Decoding] = None

    def described(self) -> Mapping[str, Any]:
        return {}

    def to_dict(self) -> Dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Lines:
    offset: int
    data: List[bytes]


@dataclass
class LinesReader:
    parts: Iterable[bytes]
    bytes_read: int = 0
    left_over: int = 0
    broken_at: Optional[int] = None

    def __iter__(self) -> Iterator[Lines]:
        data = b"".join(self.parts)
        self.bytes_read = len(data)
        yield Lines(0, data.splitlines(keepends=True))


@dataclass(frozen=True)
class LinesRows:
    """Lines with a question mark are rejected."""

    contract: Contract
    text_encoding: str = field(default="utf-8")

    def blocks(self, parts: Iterable[bytes], *, last: bool, block_bytes: int, block_records: int) -> LinesReader:
        return LinesReader(parts)

    def judge(self, block: Lines) -> Judged:
        good = [row for row, line in enumerate(block.data) if b"?" not in line]
        texts = string_array([block.data[row].decode().rstrip("\n") for row in good])
        offsets = np.cumsum([0, *map(len, block.data)]).tolist()
        why = [reason("question", None, "asks")]
        rejected = [Rejected(row, offsets[row], line, why) for row, line in enumerate(block.data) if b"?" in line]
        accepted = pa.Table.from_arrays([texts], schema=schema_of(self.contract))
        return Judged(len(block.data), 0, accepted if good else None, np.array(good, np.int64), rejected)


@dataclass(frozen=True)
class LinesFile:
    contract: Contract

    def check_samples(self, source: ByteSource) -> int:
        return 0

    def plan(
        self, source: ByteSource, chunk_bytes: int, *, exact_from: Optional[int] = None, keep: Sequence[Tuple[int, int]] = ()
    ) -> List[Tuple[int, int]]:
        cuts, data = [0], source.read(0, source.size)
        while cuts[-1] < source.size:
            cuts.append(data.rfind(b"\n", cuts[-1], cuts[-1] + chunk_bytes) + 1)
        return list(zip(cuts, cuts[1:]))

    def exact_cuts(self, chunk_bytes: int) -> Any:
        raise NotImplementedError("lines are never decoded")

    def never_ends(self, source: ByteSource, offset: int) -> FileRejected:
        return RecordTooLong(offset, source.size)

    def rows(self) -> LinesRows:
        return LinesRows(self.contract)


class LinesFormat:
    """All of ``runtime.formats.interface.Format`` and FileFormat in one class."""

    properties = ()
    modules = ()

    def terms(self, node: Node, schema: Node) -> Terms:
        (descriptor,) = schema.array("fields")
        return Terms(None, "utf-8", (parse_field(descriptor, node.origin, 1),))

    def files(self) -> LinesFormat:
        return self

    def fitting(self, source: ByteSource, contracts: Mapping[str, Contract]) -> Mapping[str, LinesLayout]:
        return {}

    def recognize(self, source: ByteSource, contract: Contract) -> LinesLayout:
        return LinesLayout("utf-8", contract.names)

    def layout(self, data: Mapping[str, Any]) -> LinesLayout:
        return LinesLayout(**data)

    def compile(self, contract: Contract, layout: LinesLayout) -> LinesFile:
        return LinesFile(contract)
