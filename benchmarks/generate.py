"""Deterministic files of the ``transactions`` dataset, with the truth about them.

    python benchmarks/generate.py /tmp/tx.csv 200MB --bad 0.001 --multiline 0.005 --seed 7

writes ``/tmp/tx.csv`` and ``/tmp/tx.csv.truth.json``. The same arguments give the same bytes on
every Python. The file ends with the first row that reaches the size. A bad row breaks exactly one
rule; the truth counts bad rows by kind, and by the ``column:code`` under which they must be rejected.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

HEADER = b"transaction_id,account_id,booking_date,value_ts,amount,currency,merchant,category,description,status\n"
ID, ACCOUNT, BOOKED, VALUED, AMOUNT, CURRENCY, MERCHANT, CATEGORY, DESCRIPTION, STATUS = range(10)
ROWS_PER_WRITE = 5_000

DAYS = [(date(2023, 1, 1) + timedelta(days)).isoformat() for days in range(730)]
COUNTRIES = ["DE", "FR", "NL", "AT", "PL", "SE", "IE", "ES"]
CURRENCIES = ["EUR"] * 10 + ["USD", "USD", "GBP", "CHF", "SEK", "PLN", "JPY", "CZK"]
CATEGORIES = ["rent", "salary", "groceries", "travel", "utilities", "insurance", "cash", "dining", "health", "transfer"]
STATUSES = ["BOOKED"] * 8 + ["PENDING", "REVERSED"]
DESCRIPTIONS = [
    "",
    "card payment",
    "Miete Januar",
    "virement reçu",
    "Überweisung",
    "przelew krajowy",
    "振込",
    "invoice",
    "refund",
    "standing order",
]
PLAIN_MERCHANTS = [
    "Bäckerei Kühn",
    "Tesco Express",
    "SNCF Connect",
    "Żabka 1172",
    "Systembolaget",
    "丸善書店",
    "Shell Station 88",
    "Spotify",
    "Bol.com",
]
QUOTED_MERCHANTS = ['"Jones, Baker & Sons"', '"Gasthof ""Zur Post"""', '"Weber, Klein Partner GmbH"', '"""Quick"" Repairs, Ltd"']
MULTILINE_MERCHANTS = [
    '"Harbour Trading\nUnit 4, Dock Road"',
    '"Librairie du Parc\r\n12, rue Haute\r\nLille"',
    '"see attachment:\n\nid,amount,status\n1,9.99,BOOKED"',
    '"Agency ""North""\n(formerly ""South"")"',
]
QUOTED_RATE = 0.1

Row = list[str]


@dataclass(frozen=True)
class Damage:
    """One way to break a row, and the reason its rejection must give."""

    column: str
    code: str
    apply: Callable[[Row], None]


def _put(column: int, text: str) -> Callable[[Row], None]:
    def apply(row: Row) -> None:
        row[column] = text

    return apply


def _drop(column: int) -> Callable[[Row], None]:
    def apply(row: Row) -> None:
        del row[column]

    return apply


#: ``\udcff`` is written as the byte 0xFF, which UTF-8 never contains. ``*`` stands for the whole row.
DAMAGES = {
    "impossible-date": Damage("booking_date", "type-error", _put(BOOKED, "2023-02-30")),
    "words-for-time": Damage("value_ts", "type-error", _put(VALUED, "yesterday")),
    "exponent": Damage("amount", "type-error", _put(AMOUNT, "1e3")),
    "three-decimals": Damage("amount", "type-error", _put(AMOUNT, "1.234")),
    "unknown-currency": Damage("currency", "enum", _put(CURRENCY, "XXQ")),
    "unknown-status": Damage("status", "enum", _put(STATUS, "DONE")),
    "capital-id": Damage("transaction_id", "pattern", _put(ID, "A" * 32)),
    "no-account": Damage("account_id", "required", _put(ACCOUNT, "")),
    "missing-field": Damage("*", "field-count", _drop(CATEGORY)),
    "extra-field": Damage("*", "field-count", lambda row: row.append("more")),
    "misplaced-quote": Damage("*", "quote-error", _put(MERCHANT, 'Bar "Central" Nord')),
    "foreign-byte": Damage("*", "encoding-error", _put(DESCRIPTION, "Caf\udcff")),
    "nul-byte": Damage("*", "control-character", _put(DESCRIPTION, "a\0b")),
}


@dataclass
class Truth:
    """What a file contains; amounts in cents, of accepted rows only."""

    rows: int = 0
    multiline_rows: int = 0
    accepted_cents: int = 0
    bad_by_kind: Counter[str] = field(default_factory=Counter)

    def to_dict(self, size: int) -> dict[str, Any]:
        bad = sum(self.bad_by_kind.values())
        reasons: Counter[str] = Counter()
        for kind, rows in self.bad_by_kind.items():
            reasons[f"{DAMAGES[kind].column}:{DAMAGES[kind].code}"] += rows
        return {
            "bytes": size,
            "rows": self.rows,
            "rows_accepted": self.rows - bad,
            "rows_rejected": bad,
            "multiline_rows": self.multiline_rows,
            "accepted_amount": str(Decimal(self.accepted_cents).scaleb(-2)),
            "bad_by_kind": dict(sorted(self.bad_by_kind.items())),
            "reasons": dict(sorted(reasons.items())),
        }


def blocks(size: int, bad: float, multiline: float, seed: int, truth: Truth) -> Iterator[bytes]:
    """The file of *size* bytes, up to a row longer, in blocks of up to ROWS_PER_WRITE rows; adds each to *truth*."""
    rng = random.Random(seed)
    kinds = list(DAMAGES)
    written = len(HEADER)
    yield HEADER
    while written < size:
        lines: list[bytes] = []
        pending = 0
        while len(lines) < ROWS_PER_WRITE and written + pending < size:
            row, cents, is_multiline = _row(rng, multiline)
            if bad and rng.random() < bad:
                kind = kinds[int(rng.random() * len(kinds))]
                DAMAGES[kind].apply(row)
                truth.bad_by_kind[kind] += 1
                is_multiline = is_multiline and "\n" in "".join(row)
            else:
                truth.accepted_cents += cents
            truth.multiline_rows += is_multiline
            line = ",".join(row).encode("utf-8", "surrogateescape")
            pending += len(line) + 1
            lines.append(line)
        lines.append(b"")
        truth.rows += len(lines) - 1
        written += pending
        yield b"\n".join(lines)


def _row(rng: random.Random, multiline: float) -> tuple[Row, int, bool]:
    """A good row, its amount in cents, and whether it has a line end in a field."""
    bits = rng.getrandbits(64)
    draw = rng.random()
    if draw < multiline:
        merchant = MULTILINE_MERCHANTS[bits % len(MULTILINE_MERCHANTS)]
    elif draw < multiline + QUOTED_RATE:
        merchant = QUOTED_MERCHANTS[bits % len(QUOTED_MERCHANTS)]
    else:
        merchant = PLAIN_MERCHANTS[bits % len(PLAIN_MERCHANTS)]
    day = DAYS[(bits >> 4) % len(DAYS)]
    cents = (bits >> 20) % 2_000_000 - 500_000
    fraction = f".{(bits >> 32) % 1000:03d}" if bits & 1 else ""
    row = [
        f"{rng.getrandbits(128):032x}",
        f"{COUNTRIES[bits & 7]}{rng.getrandbits(59):018d}",
        day,
        f"{day}T{(bits >> 14) % 24:02d}:{(bits >> 19) % 60:02d}:{(bits >> 25) % 60:02d}{fraction}Z",
        f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}",
        CURRENCIES[(bits >> 36) % len(CURRENCIES)],
        merchant,
        CATEGORIES[(bits >> 40) % len(CATEGORIES)],
        DESCRIPTIONS[(bits >> 44) % len(DESCRIPTIONS)],
        STATUSES[(bits >> 48) % len(STATUSES)],
    ]
    return row, cents, draw < multiline


def truth_path(path: Path) -> Path:
    return path.with_name(path.name + ".truth.json")


def write(out: Path, size: int, *, bad: float, multiline: float, seed: int) -> dict[str, Any]:
    """Write *out* and its truth; return the truth."""
    truth, written = Truth(), 0
    with out.open("wb") as file:
        for block in blocks(size, bad, multiline, seed, truth):
            written += file.write(block)
    complete = {**truth.to_dict(written), "seed": seed}
    truth_path(out).write_text(json.dumps(complete, indent=2) + "\n", encoding="utf-8")
    return complete


def _bytes(text: str) -> int:
    match = re.fullmatch(r"([0-9]+)([kMG]B)?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write 200MB, 2GB or a number of bytes")
    return int(match[1]) * {None: 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[match[2]]


def rate_of(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = -1
    if not 0 <= rate <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate: write a number from 0 to 1")
    return rate


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Write a deterministic file of transactions, and OUT.truth.json with what it holds.",
        epilog="example: python benchmarks/generate.py /tmp/tx.csv 200MB --bad 0.001 --multiline 0.005 --seed 7",
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="the file to write")
    parser.add_argument("bytes", metavar="BYTES", type=_bytes, help="its size: bytes, or 200MB, 2GB (powers of 1000)")
    parser.add_argument("--bad", metavar="RATE", type=rate_of, default=0.0, help="rate of bad rows, 0 to 1 (default: 0)")
    parser.add_argument(
        "--multiline", metavar="RATE", type=rate_of, default=0.005, help="rate of rows with line ends in a field (default: 0.005)"
    )
    parser.add_argument("--seed", type=int, default=7, help="another seed, another file (default: 7)")
    options = parser.parse_args(arguments)
    try:
        truth = write(options.out, options.bytes, bad=options.bad, multiline=options.multiline, seed=options.seed)
    except OSError as error:
        sys.exit(f"error: {error.filename or options.out} cannot be written: {error.strerror}")
    print(f"{options.out}: {truth['bytes']:,} bytes, {truth['rows']:,} rows, {truth['rows_rejected']:,} of them bad")
    return 0


if __name__ == "__main__":
    sys.exit(main())
