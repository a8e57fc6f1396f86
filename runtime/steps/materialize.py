"""Decodes an original without random access into text that has it, and plans its chunks in the same pass.

The original is read once. Decoded pieces go to the exact scanner, to a digest and to S3 in the same order, so
planning does not read the text again (docs/adr/0008).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Iterator, NamedTuple

from runtime.aws.item_table import Item
from runtime.aws.object_store import PART_BYTES, StoredSource
from runtime.contracts.model import Contract
from runtime.core import keys
from runtime.core.limits import check_chunk_bytes
from runtime.formats.decoding import Decoding, Limits, decode, in_pieces
from runtime.formats.interface import Cuts, Layout
from runtime.formats.registry import compiled
from runtime.steps.stage import Stage, original_of, text_of


@dataclass(frozen=True)
class DecodedText:
    """The stored text: its key and version, size in bytes, SHA-256 in hexadecimal."""

    key: str
    version_id: str
    size: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Materialized(NamedTuple):
    text: DecodedText
    ranges: list[tuple[int, int]]
    records_sampled: int


def materialize(item: Item, contract: Contract, layout: Layout, decoding: Decoding, stage: Stage) -> Materialized:
    """Decode the original into one object under ``staging/``, plan its chunks, then check samples from the whole text.

    Raises the errors of decoding, planning and ``check_samples``: the middle and end of a compressed file are
    readable only now. If decoding or planning fails, no object is stored.
    """
    check_chunk_bytes(item["chunk_bytes"])
    file = compiled(contract, layout)
    passing = Passing(file.exact_cuts(item["chunk_bytes"]), layout.header_end)
    limits = Limits(stage.settings.decoded_bytes, stage.settings.decoded_ratio)
    parts = stage.store.stream(original_of(item), 0, item["size"])
    pieces = in_pieces(decode(parts, decoding, limits), PART_BYTES)
    key = keys.decoded_text(contract.dataset, item["file_id"])
    version_id = stage.store.write_parts(key, passing.watch(pieces), "text/csv")
    text = DecodedText(key, version_id, passing.size, passing.sha256)
    ref, size = text_of({**item, "decoded": text.to_dict()})
    sampled = file.check_samples(StoredSource(stage.store, ref, size))
    return Materialized(text, passing.ranges, sampled)


class Passing:
    """Size, digest and chunk ranges of a text, computed while its pieces pass through."""

    def __init__(self, cuts: Cuts, header_end: int) -> None:
        self._cuts, self._header_end = cuts, header_end
        self._digest = hashlib.sha256()
        self.size = 0

    def watch(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._digest.update(piece)
            self._cuts.feed(piece[max(self._header_end - self.size, 0) :])
            self.size += len(piece)
            yield piece

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @property
    def ranges(self) -> list[tuple[int, int]]:
        return self._cuts.finish()
