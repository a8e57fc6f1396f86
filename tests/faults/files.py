"""Files that schedules send, and what must become of each when nobody gives up on it."""

from __future__ import annotations

import csv as csv_module
import io
from typing import Dict, List, NamedTuple, Sequence, Tuple

from tests.support.transactions import HEADER, csv, row


class Sent(NamedTuple):
    """Bytes, and the end that they deserve: SUCCEEDED, or REJECTED with an error of this type."""

    body: bytes
    error: str = ""

    @property
    def rows(self) -> List[List[str]]:
        """The records after the header as the csv module reads them."""
        return list(csv_module.reader(io.StringIO(self.body.decode(), newline="")))[1:]


def _lines(first: int, count: int) -> List[str]:
    return [row(number) for number in range(first, first + count)]


def _with_bad_rows() -> bytes:
    lines = _lines(100, 12)
    lines[2] = row(102, amount="12,3", currency="XXQ")
    lines[7] = row(107, booking_date="2026-02-30")
    lines[11] = "only,three,cells\n"
    return csv(lines)


def _misleading() -> bytes:
    """One quoted field full of good records: a small window in it takes them for the file's own. One row is bad."""
    inner = "".join(row(number, merchant="Rewe Markt") for number in range(901, 907))
    return csv([row(201), row(202, description=f'"{inner}"'), row(203, status="LOST"), *_lines(204, 5)])


KINDS: Dict[str, Sent] = {
    "good": Sent(csv(_lines(0, 14))),
    "small": Sent(csv(_lines(50, 2))),
    "bad rows": Sent(_with_bad_rows()),
    "misleading": Sent(_misleading()),
    "header only": Sent(HEADER.encode()),
    "repeated keys": Sent(csv([*_lines(300, 8), row(301)])),
    "empty": Sent(b"", "EmptyFile"),
    "other columns": Sent(b"a,b,c\n1,2,3\n", "HeaderMismatch"),
    "a zip": Sent(b"PK\x03\x04" + bytes(200), "NotCsv"),
    "open quote": Sent(csv([*_lines(400, 8), row(408, merchant='"never closed')]), "UnterminatedQuote"),
}
#: Bytes: chunks as long as the longest of these records, windows so small that a boundary must be guessed in them.
CHUNK_BYTES, WINDOW_BYTES = 1000, 300
KEYS: Sequence[Tuple[str, str]] = (
    ("incoming/transactions/acme/day.csv", ""),
    ("incoming/transactions/other/day 1+ü.csv", ""),
    ("incoming/../secret.csv", "InvalidKey"),
)
