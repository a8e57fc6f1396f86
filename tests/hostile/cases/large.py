"""Files that would fill the memory or never end.

Each case runs in a process of its own, which makes the bytes as they are read.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Callable, Iterator, List, Tuple

from runtime.aws.object_store import PART_BYTES
from runtime.chunk.process import process_chunk
from runtime.contracts.model import Contract
from runtime.core.limits import MAX_CHUNK_BYTES, MAX_RECORD_BYTES
from runtime.core.settings import DEFAULT_DECODED_BYTES, DEFAULT_DECODED_RATIO
from runtime.formats.csv.layout import CsvLayout
from runtime.formats.decoding import GZIP, Decoding, Limits, decode
from runtime.formats.recognition import recognize
from runtime.formats.registry import compiled
from runtime.steps.materialize import Passing
from tests.hostile.case import GOOD_LINE, Line, schema
from tests.support.records import HEADER, make_contract, make_layout

TITLE = "Large files"
PROMISE = "Each file gets an answer within the function's time, and within a bound of memory below the function's 3,072 MB."

_CONTRACT = make_contract()
_WIDE = make_contract("wide", schema=schema(*({"name": f"c{number}"} for number in range(2000))))
_GIGABYTES = 1_000_000_000
_BLOCK = 65_536


class Segments:
    """A ``ByteSource`` of blocks that are repeated, one after another."""

    def __init__(self, *segments: Tuple[bytes, int]) -> None:
        self._segments = segments
        self.size = sum(len(block) * times for block, times in segments)

    def read(self, start: int, end: int) -> bytes:
        pieces: List[bytes] = []
        at = 0
        for block, times in self._segments:
            low, high = max(start - at, 0), min(end - at, len(block) * times)
            if low < high:
                first = low % len(block)
                copies = -(-(first + high - low) // len(block))
                pieces.append((block * copies)[first : first + high - low])
            at += len(block) * times
        return b"".join(pieces)

    def parts(self) -> Iterator[bytes]:
        """All bytes in order, in parts as a stream from S3 gives them."""
        return (self.read(start, min(start + PART_BYTES, self.size)) for start in range(0, self.size, PART_BYTES))


@dataclass(frozen=True)
class Large:
    """``run`` returns the outcome in words, or raises; ``most_bytes`` bounds the memory of its process."""

    name: str
    sends: str
    run: Callable[[], str]
    becomes: str
    most_bytes: int

    @property
    def lines(self) -> Tuple[Line, ...]:
        ending = self.becomes if self.becomes.startswith("`") else "read to its end"
        return (Line(self.sends, f"{self.becomes}; at most {self.most_bytes // 1_000_000:,} MB of memory", ending),)


def _planned(*segments: Tuple[bytes, int], exactly: bool = False) -> Callable[[], str]:
    """Validate and plan; *exactly*: by reading every byte, as after a failed proof."""

    def run() -> str:
        source = Segments(*segments)
        contract, layout = recognize(source, "incoming/payments/acme/day.csv", "payments", {"payments": _CONTRACT})
        file = compiled(contract, layout)
        file.check_samples(source)
        return f"{len(file.plan(source, MAX_CHUNK_BYTES, exact_from=layout.header_end if exactly else None)):,} chunks"

    return run


def _processed(*segments: Tuple[bytes, int], contract: Contract = _CONTRACT) -> Callable[[], str]:
    """Process one chunk of up to 50 MB, the last of its file; if its proof fails, raise the error that FinalizeFile would."""

    def run() -> str:
        source = Segments(*segments)
        assert source.size <= MAX_CHUNK_BYTES
        layout = make_layout(contract, 0)
        outcome = process_chunk(source.parts(), contract=contract, layout=layout, start=0, last=True, key_seed=b"seed")
        if not outcome.proof.aligned:
            assert outcome.proof.broken_at is not None
            raise compiled(contract, layout).never_ends(source, outcome.proof.broken_at)
        return f"{outcome.rows_accepted:,} rows accepted, {outcome.rows_rejected:,} rejected, {outcome.blank_lines:,} lines passed over"

    return run


def _decoded(decoding: Decoding, *segments: Tuple[bytes, int]) -> Callable[[], str]:
    """Decode, and plan the decoded text on the way."""

    def run() -> str:
        layout = CsvLayout("utf-8", ",", '"', len(HEADER), _CONTRACT.names, decoding)
        passing = Passing(compiled(_CONTRACT, layout).exact_cuts(MAX_CHUNK_BYTES), layout.header_end)
        limits = Limits(DEFAULT_DECODED_BYTES, DEFAULT_DECODED_RATIO)
        for _ in passing.watch(decode(Segments(*segments).parts(), decoding, limits)):
            pass
        return f"{len(passing.ranges):,} chunks"

    return run


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


_GZIP, _UTF_16 = Decoding(GZIP, None), Decoding(None, "utf-16-le")
_OPEN = b'1,2026-11-20,1.50,"'
_JSON = b'1,2026-11-20,1.50,{"a":"b","c":{"d":1}}\n'

CASES = (
    Large(
        "line",
        "a line of 2 GB after the header",
        _planned((HEADER, 1), (b"x" * _BLOCK, 2 * _GIGABYTES // _BLOCK)),
        "`RecordTooLong`",
        500_000_000,
    ),
    Large("first-line", "a first line of 2 GB", _planned((b"x" * _BLOCK, 2 * _GIGABYTES // _BLOCK)), "`RecordTooLong`", 500_000_000),
    Large(
        "field",
        "a field of 100 MB between quotes, among good rows",
        _planned((HEADER, 1), (GOOD_LINE, 5_000_000), (_OPEN, 1), (b"x\n", 50_000_000), (b'"\n', 1), (GOOD_LINE, 5_000_000)),
        "`RecordTooLong`",
        500_000_000,
    ),
    Large("quotes", "2 GB of quotes", _planned((HEADER, 1), (b'"' * _BLOCK, 2 * _GIGABYTES // _BLOCK)), "`RecordTooLong`", 1_200_000_000),
    Large(
        "open-quote",
        "2 GB of good rows inside a quote",
        _planned((HEADER + _OPEN, 1), (GOOD_LINE, 2 * _GIGABYTES // 20), exactly=True),
        "`RecordTooLong`",
        500_000_000,
    ),
    Large(
        "wide-line",
        "a line of 2 GB in UTF-16",
        _decoded(_UTF_16, (HEADER.decode().encode("utf-16"), 1), (b"x\0" * _BLOCK, 15_000)),
        "`RecordTooLong`",
        500_000_000,
    ),
    Large(
        "bomb",
        "10 GB of one row over and over, in 10 MB of gzip",
        _decoded(_GZIP, (_gzip(GOOD_LINE * 5_000_000), 100)),
        "`DecodedTooLarge`",
        500_000_000,
    ),
    Large("empty-members", "2 million empty members of gzip", _decoded(_GZIP, (_gzip(b""), 2_000_000)), "`CorruptGzip`", 500_000_000),
    Large(
        "open-cells",
        "2 GB of rows of which every second one has JSON that nobody quoted, cut exactly",
        _planned((HEADER, 1), (GOOD_LINE + _JSON, 2 * _GIGABYTES // len(GOOD_LINE + _JSON)), exactly=True),
        "41 chunks",
        500_000_000,
    ),
    Large(
        "escapes",
        "1 GB of good rows and of fields of 2 MB in which a line end and a doubled quote alternate, cut exactly",
        _planned((HEADER + GOOD_LINE * 100, 1), (_OPEN + b'\n""' * 700_000 + b'"\n', 475), exactly=True),
        "21 chunks",
        500_000_000,
    ),
    Large(
        "one-row",
        "a chunk that is one row of 50 MB",
        _processed((_OPEN, 1), (b"x\n", 24_000_000), (b'"\n', 1)),
        "`RecordTooLong`",
        500_000_000,
    ),
    Large(
        "one-row-of-quotes",
        "a chunk that is one line of 49 MB with a misplaced quote in every second place",
        _processed((b'a"' * _BLOCK, 49_000_000 // (2 * _BLOCK)), (b"\n", 1)),
        "`RecordTooLong`",
        500_000_000,
    ),
    Large(
        "longest-row",
        "a row as long as one may be, 8 MiB",
        _processed((_OPEN, 1), (b"x\n", (MAX_RECORD_BYTES - len(_OPEN) - 2) // 2), (b'"\n', 1)),
        "1 rows accepted, 0 rejected, 0 lines passed over",
        500_000_000,
    ),
    Large(
        "longest-row-of-quotes",
        "six such rows with a misplaced quote in every second place",
        _processed((b'a"' * (MAX_RECORD_BYTES // 2 - 1) + b"a\n", 5), (b"x\n", 1)),
        "0 rows accepted, 6 rejected, 0 lines passed over",
        1_000_000_000,
    ),
    Large(
        "one-cell-each",
        "five rows of 8 million empty fields",
        _processed((b"," * (MAX_RECORD_BYTES - 1) + b"\n", 5)),
        "0 rows accepted, 5 rejected, 0 lines passed over",
        800_000_000,
    ),
    Large(
        "bad-bytes",
        "five rows of 8 MiB that are no text",
        _processed((b"\xff" * (MAX_RECORD_BYTES - 1) + b"\n", 5)),
        "0 rows accepted, 5 rejected, 0 lines passed over",
        1_000_000_000,
    ),
    Large(
        "blank",
        "50 million empty lines",
        _processed((b"\n" * 1000, 50_000)),
        "0 rows accepted, 0 rejected, 50,000,000 lines passed over",
        500_000_000,
    ),
    Large(
        "all-quotes",
        "50,000 lines of 999 quotes each",
        _processed((b'"' * 999 + b"\n", 50_000)),
        "0 rows accepted, 25,000 rejected, 0 lines passed over",
        600_000_000,
    ),
    Large(
        "many-columns",
        "a chunk of 25,000 rows of 2,000 empty fields each",
        _processed((b"," * 1999 + b"\n", 25_000), contract=_WIDE),
        "25,000 rows accepted, 0 rejected, 0 lines passed over",
        800_000_000,
    ),
    Large("junk", "a chunk of 25 million rows of one character", _processed((b"x\n" * 1000, 25_000)), "`JunkRows`", 1_300_000_000),
)
