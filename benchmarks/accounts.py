"""Deterministic files of the ``accounts`` dataset as a mainframe sends them, with the truth about them.

    python -m benchmarks.accounts /tmp/accounts.ps 1000000 --bad 0.001 --seed 7

writes ``/tmp/accounts.ps``, EBCDIC records of 300 bytes, and ``/tmp/accounts.ps.truth.json``. The same arguments give the same
bytes on every Python. With ``--described`` each record stands after a record descriptor word. A bad record breaks
exactly one rule; the truth counts bad records by kind, and by the ``column:code`` under which they must be rejected.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.generate import rate_of, truth_path

RECORD_BYTES = 300
RECORDS_PER_WRITE = 50_000
CODE_PAGE = "cp037"
DESCRIPTOR = (RECORD_BYTES + 4).to_bytes(2, "big") + b"\0\0"

Records = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Draws = npt.NDArray[np.uint64]


class Span(NamedTuple):
    offset: int
    length: int


COLUMNS = {
    "acct_id": Span(0, 11),
    "acct_active_status": Span(11, 1),
    "acct_curr_bal": Span(12, 12),
    "acct_credit_limit": Span(24, 12),
    "acct_cash_credit_limit": Span(36, 12),
    "acct_open_date": Span(48, 10),
    "acct_expiration_date": Span(58, 10),
    "acct_reissue_date": Span(68, 10),
    "acct_curr_cyc_credit": Span(78, 12),
    "acct_curr_cyc_debit": Span(90, 12),
    "acct_addr_zip": Span(102, 10),
    "acct_group_id": Span(112, 10),
}
AMOUNTS = [name for name, span in COLUMNS.items() if span.length == 12]
#: Exclusive upper bound of each amount in cents; the balance may be negative down to the same bound.
_MOST_CENTS = {
    "acct_curr_bal": 500_000_000,
    "acct_credit_limit": 2_000_000,
    "acct_cash_credit_limit": 1_000_000,
    "acct_curr_cyc_credit": 300_000,
    "acct_curr_cyc_debit": 300_000,
}
#: Random numbers drawn for each record.
_DRAWS = 13
_BLANK, _ZONE, _POSITIVE, _NEGATIVE = 0x40, 0xF0, 0xC0, 0xD0


def _table(texts: list[str], length: int) -> Records:
    return np.array([list(text.ljust(length).encode(CODE_PAGE)) for text in texts], np.uint8)


_DAYS = _table([(date(2009, 1, 1) + timedelta(days)).isoformat() for days in range(5_000)], 10)
_YEARS_LATER = 3 * 365
_ZIPS = _table(["10115", "75001", "A000000000", "94105-1420", "1012", ""], 10)
_GROUPS = _table(["", "GOLD", "STUDENT", "A000000000"], 10)


@dataclass(frozen=True)
class Damage:
    """One way to break a record: *bad* overwrites bytes of *column*, *at* bytes from its beginning."""

    column: str
    code: str
    at: int
    bad: bytes


DAMAGES = {
    "at-sign-in-id": Damage("acct_id", "invalid-digit", 4, b"\x7c"),
    "letter-in-limit": Damage("acct_credit_limit", "invalid-digit", 3, b"\xc5"),
    "hexadecimal-digit": Damage("acct_curr_cyc_credit", "invalid-digit", 6, b"\xfb"),
    "zone-without-sign": Damage("acct_curr_bal", "invalid-digit", 11, b"\xe5"),
    "packed-sign": Damage("acct_curr_cyc_debit", "invalid-digit", 11, b"\x0c"),
    "sign-in-id": Damage("acct_id", "invalid-sign", 10, b"\xc1"),
    "unknown-status": Damage("acct_active_status", "enum", 0, b"\xe7"),
    "blank-limit": Damage("acct_cash_credit_limit", "spaces", 0, b"\x40" * 12),
    "low-values": Damage("acct_curr_cyc_credit", "low-values", 0, bytes(12)),
    "impossible-date": Damage("acct_open_date", "type-error", 0, "2023-02-30".encode(CODE_PAGE)),
    "words-for-date": Damage("acct_expiration_date", "type-error", 0, "NEVER     ".encode(CODE_PAGE)),
    "ascii-date": Damage("acct_reissue_date", "control-character", 0, b"2023-02-03"),
}


@dataclass
class Truth:
    """What a file contains; amounts in cents, of accepted records only."""

    records: int = 0
    no_debit: int = 0
    cents: Counter[str] = field(default_factory=Counter)
    bad_by_kind: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        bad = sum(self.bad_by_kind.values())
        reasons: Counter[str] = Counter()
        for kind, records in self.bad_by_kind.items():
            reasons[f"{DAMAGES[kind].column}:{DAMAGES[kind].code}"] += records
        return {
            "rows": self.records,
            "rows_accepted": self.records - bad,
            "rows_rejected": bad,
            "accepted_without_debit": self.no_debit,
            "accepted_sums": {name: str(Decimal(self.cents[name]).scaleb(-2)) for name in AMOUNTS},
            "bad_by_kind": dict(sorted(self.bad_by_kind.items())),
            "reasons": dict(sorted(reasons.items())),
        }


def blocks(count: int, bad: float, seed: int, truth: Truth) -> Iterator[Records]:
    """*count* records as matrices of up to RECORDS_PER_WRITE; adds each to *truth*."""
    # NumPy promises stable raw draws of a bit generator, but not of the methods built on them.
    bits = np.random.PCG64(seed)
    for first in range(0, count, RECORDS_PER_WRITE):
        records = min(RECORDS_PER_WRITE, count - first)
        yield _block(first, bits.random_raw(_DRAWS * records).reshape(_DRAWS, records), bad, truth)


def _block(first: int, draws: Draws, bad: float, truth: Truth) -> Records:
    count = draws.shape[1]
    matrix = np.full((count, RECORD_BYTES), _BLANK, np.uint8)

    def put(name: str, values: Records) -> None:
        offset, length = COLUMNS[name]
        matrix[:, offset : offset + length] = values

    put("acct_id", _digits(np.arange(first + 1, first + count + 1), 11))
    put("acct_active_status", np.where(_below(draws[0], 20) > 0, 0xE8, 0xD5).astype(np.uint8)[:, np.newaxis])
    amounts = {name: _below(draws[1 + index], _MOST_CENTS[name]) for index, name in enumerate(AMOUNTS)}
    amounts["acct_curr_bal"] *= np.where(_below(draws[6], 4) > 0, 1, -1)
    amounts["acct_curr_cyc_debit"][_below(draws[7], 3) == 0] = 0
    for name, cents in amounts.items():
        put(name, _zoned(cents))
    opened = _below(draws[8], len(_DAYS) - _YEARS_LATER)
    put("acct_open_date", _DAYS[opened])
    for name in ("acct_expiration_date", "acct_reissue_date"):
        put(name, _DAYS[opened + _YEARS_LATER])
    put("acct_addr_zip", _ZIPS[_below(draws[9], len(_ZIPS))])
    put("acct_group_id", _GROUPS[_below(draws[10], len(_GROUPS))])
    accepted = ~_damage(matrix, draws[11:13], bad, truth)
    truth.records += count
    truth.no_debit += int((accepted & (amounts["acct_curr_cyc_debit"] == 0)).sum())
    for name, cents in amounts.items():
        truth.cents[name] += int(cents[accepted].sum())
    return matrix


def _damage(matrix: Records, draws: Draws, bad: float, truth: Truth) -> npt.NDArray[np.bool_]:
    """Break some records of *matrix*; return which."""
    broken: npt.NDArray[np.bool_] = (draws[0] >> np.uint64(11)) < np.uint64(round(bad * 2**53))
    kinds = _below(draws[1], len(DAMAGES))
    for index, (name, damage) in enumerate(DAMAGES.items()):
        chosen = np.flatnonzero(broken & (kinds == index))
        start = COLUMNS[damage.column].offset + damage.at
        matrix[chosen, start : start + len(damage.bad)] = np.frombuffer(damage.bad, np.uint8)
        if len(chosen):
            truth.bad_by_kind[name] += len(chosen)
    return broken


def _below(draws: Draws, bound: int) -> Numbers:
    below: Numbers = (draws % np.uint64(bound)).astype(np.int64)
    return below


def _digits(values: Numbers, count: int) -> Records:
    digits = values[:, np.newaxis] // 10 ** np.arange(count - 1, -1, -1) % 10
    return (digits + _ZONE).astype(np.uint8)


def _zoned(cents: Numbers) -> Records:
    """S9(10)V99: the sign over the last digit; zero is positive."""
    zoned = _digits(np.abs(cents), 12)
    zoned[:, -1] = (zoned[:, -1] - _ZONE) | np.where(cents < 0, _NEGATIVE, _POSITIVE)
    return zoned


def write(out: Path, count: int, *, bad: float, seed: int, described: bool = False) -> dict[str, Any]:
    """Write *out* and its truth; return the truth."""
    truth, digest = Truth(), hashlib.sha256()
    with out.open("wb") as file:
        for block in blocks(count, bad, seed, truth):
            matrix = np.hstack((np.tile(np.frombuffer(DESCRIPTOR, np.uint8), (len(block), 1)), block)) if described else block
            data = matrix.tobytes()
            digest.update(data)
            file.write(data)
    written = {"bytes": out.stat().st_size, "sha256": digest.hexdigest(), **truth.to_dict(), "seed": seed}
    truth_path(out).write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    return written


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accounts",
        description="Write a deterministic file of mainframe accounts, and OUT.truth.json with what it holds.",
        epilog="example: python -m benchmarks.accounts /tmp/accounts.ps 1000000 --bad 0.001 --seed 7",
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="the file to write")
    parser.add_argument("records", metavar="RECORDS", type=int, help="how many accounts")
    parser.add_argument("--bad", metavar="RATE", type=rate_of, default=0.0, help="rate of bad records, 0 to 1 (default: 0)")
    parser.add_argument("--described", action="store_true", help="with record descriptor words (RECFM V)")
    parser.add_argument("--seed", type=int, default=7, help="another seed, another file (default: 7)")
    options = parser.parse_args(arguments)
    try:
        truth = write(options.out, options.records, bad=options.bad, seed=options.seed, described=options.described)
    except OSError as error:
        sys.exit(f"error: {error.filename or options.out} cannot be written: {error.strerror}")
    print(f"{options.out}: {truth['bytes']:,} bytes, {truth['rows']:,} records, {truth['rows_rejected']:,} of them bad")
    return 0


if __name__ == "__main__":
    sys.exit(main())
