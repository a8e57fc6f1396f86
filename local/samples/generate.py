"""Write the bundled sample: ``python -m local.samples.generate > local/samples/transactions.csv``.

2,000 rows of the ``transactions`` contract, the same on every machine. Every 13th merchant spans lines. Some rows are
wrong, each kind of wrong its own way, as files of partners are.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

ROWS = 2_000
HEADER = (
    "transaction_id",
    "account_id",
    "booking_date",
    "value_ts",
    "amount",
    "currency",
    "merchant",
    "category",
    "description",
    "status",
)
#: Row number -> the column that is wrong, and what it holds: a decimal comma, an exponent, a date that does not exist …
#: None leaves the cell out, so that the row is one too short.
FLAWS: dict[int, tuple[str, str | None]] = {
    41: ("amount", "12,50"),
    163: ("amount", ""),
    288: ("amount", "1e3"),
    377: ("booking_date", "2026-02-30"),
    512: ("currency", "EURO"),
    640: ("status", "booked"),
    731: ("account_id", "DE12345"),
    905: ("value_ts", "2026-06-31T10:00:00Z"),
    1013: ("transaction_id", "not-an-id"),
    1200: ("amount", "7.123"),
    1444: ("category", ""),
    1555: ("status", None),
    1789: ("booking_date", "03.05.2026"),
}
_MERCHANTS = ("Rewe Markt", "Café Zürich", "Deutsche Bahn", "Smith, Jones & Co", 'The "Corner" Shop', "Boulangerie Noël", "Stadtwerke")
_CATEGORIES = ("groceries", "dining", "transport", "utilities", "salary", "rent", "health", "leisure")
_CURRENCIES = ("EUR", "EUR", "EUR", "USD", "GBP", "CHF", "PLN")


def rows() -> Iterator[list[str]]:
    """The cells of each row, in the order of HEADER; one of them is a cell short."""
    chance = random.Random(20_260_501)  # noqa: S311 — the same sample everywhere is the point
    moment = datetime(2026, 5, 1, tzinfo=timezone.utc)
    for number in range(1, ROWS + 1):
        moment += timedelta(seconds=chance.randrange(1, 1_200), milliseconds=chance.randrange(1_000))
        merchant = chance.choice(_MERCHANTS)
        cells: dict[str, str | None] = {
            "transaction_id": f"{chance.getrandbits(128):032x}",
            "account_id": f"DE{chance.randrange(10**18):018d}",
            "booking_date": f"{moment:%Y-%m-%d}",
            "value_ts": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
            "amount": f"{chance.randrange(-250_000, 250_000) / 100:.2f}",
            "currency": chance.choice(_CURRENCIES),
            "merchant": f"{merchant}\nFiliale {number}" if number % 13 == 0 else merchant,
            "category": chance.choice(_CATEGORIES),
            "description": f"Rechnung {number}" if chance.random() < 0.7 else "",
            "status": "PENDING" if chance.random() < 0.1 else "BOOKED",
        }
        if number in FLAWS:
            column, wrong = FLAWS[number]
            cells[column] = wrong
        yield [cell for cell in cells.values() if cell is not None]


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m local.samples.generate", description="Write the bundled sample, 2,000 rows of transactions, to the standard output."
    ).parse_args()
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows())


if __name__ == "__main__":
    main()
