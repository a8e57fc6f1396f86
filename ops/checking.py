"""A file against a contract, on this machine, by the very code that runs in the stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ops.decoding import PART_BYTES, decoded_file
from ops.reject_lines import RejectedRow, parse
from runtime.chunk.key_digests import duplicates
from runtime.chunk.process import process_chunk
from runtime.contracts.model import Contract
from runtime.core.errors import ContractInvalid
from runtime.core.models import chunk_id
from runtime.core.settings import DEFAULT_CHUNK_BYTES
from runtime.formats import registry
from runtime.formats.interface import Layout
from runtime.formats.recognition import recognize
from runtime.formats.registry import compiled
from runtime.formats.source import ByteSource, FileSource

_DIGEST_MEMORY_BYTES = 256 * 1024 * 1024
#: Keys the digests of primary keys; nothing here is compared with another run.
_KEY_SEED = bytes(16)


@dataclass
class Findings:
    """``reasons`` counts rows by ``column:code``; ``sample`` holds the first rejected rows.

    ``duplicate_keys`` rows repeat an earlier row's primary key; ``duplicate_rows`` shows the first
    (earlier, repeating) rows, counted in the file from 1.
    """

    contract: Contract
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    blank_lines: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    sample: list[RejectedRow] = field(default_factory=list)
    duplicate_keys: int = 0
    duplicate_rows: list[tuple[int, int]] = field(default_factory=list)


def read_contract(path: Path) -> Contract:
    """A contract file wherever it is, under any name; raise ContractInvalid."""
    try:
        return registry.read_contract(path)
    except UnicodeDecodeError as error:
        raise ContractInvalid(path.name, None, f"is not UTF-8 text ({error})") from error


def check(path: Path, contract: Contract, sample_rows: int, advance: Callable[[int], None]) -> Findings:
    """Process the whole of *path*; raise FileRejected where the stage would reject it before its rows count.

    *advance* is told of the original's bytes as their rows go by.
    """
    with FileSource(path) as original:
        _, layout = recognize(original, path.name, contract.dataset, {contract.dataset: contract})
        if layout.decoding is None:
            return _check(original, contract, layout, sample_rows, advance)
        with decoded_file(original, layout.decoding) as path_of_text, FileSource(path_of_text) as text:
            return _check(text, contract, layout, sample_rows, lambda count: advance(count * original.size // text.size))


def _check(source: ByteSource, contract: Contract, layout: Layout, sample_rows: int, advance: Callable[[int], None]) -> Findings:
    findings = Findings(contract)
    file = compiled(contract, layout)
    ranges = file.plan(source, DEFAULT_CHUNK_BYTES, exact_from=layout.header_end)
    first_rows, digests = [], []
    for index, (start, end) in enumerate(ranges):
        output = process_chunk(
            _parts(source, start, end, advance), contract=contract, layout=layout, start=start, last=end == source.size, key_seed=_KEY_SEED
        )
        if not output.proof.aligned:
            raise file.never_ends(source, start if output.proof.broken_at is None else output.proof.broken_at)
        for line in output.rejects.splitlines()[: max(sample_rows - len(findings.sample), 0)]:
            findings.sample.append(parse(line, chunk_id(index), findings.rows_read))
        first_rows.append(findings.rows_read + 1)
        digests.append(_Digests(output.key_digests))
        findings.rows_read += output.rows_read
        findings.rows_accepted += output.rows_accepted
        findings.rows_rejected += output.rows_rejected
        findings.blank_lines += output.blank_lines
        findings.reasons.update(output.reasons)
    if contract.primary_key:
        repeated = duplicates(digests, _DIGEST_MEMORY_BYTES)
        findings.duplicate_keys = repeated.count
        places = [(first_rows[one] + row, first_rows[other] + again) for (one, row), (other, again) in repeated.sample]
        findings.duplicate_rows = [(int(row), int(again)) for row, again in places]
    return findings


class _Digests:
    """A chunk's key digests, 20 bytes a row, in memory."""

    def __init__(self, entries: bytes) -> None:
        self._entries, self.size = entries, len(entries)

    def read(self, start: int, end: int) -> bytes:
        return self._entries[start:end]


def _parts(source: ByteSource, start: int, end: int, advance: Callable[[int], None]) -> Iterator[bytes]:
    for at in range(start, end, PART_BYTES):
        part = source.read(at, min(at + PART_BYTES, end))
        advance(len(part))
        yield part
