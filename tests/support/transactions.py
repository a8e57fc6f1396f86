"""Rows of the `transactions` contract, good unless a cell is replaced."""

from __future__ import annotations

from typing import Iterable

from local.samples.generate import HEADER as COLUMNS

HEADER = ",".join(COLUMNS) + "\n"


def row(number: int, **changed: str) -> str:
    """One CSV line; *changed* replaces whole cells, quotes and all."""
    cells = {
        "transaction_id": f"{number:032x}",
        "account_id": f"DE{number:018d}",
        "booking_date": "2026-11-20",
        "value_ts": "2026-11-20T09:30:00.123Z",
        "amount": f"{number}.25",
        "currency": "EUR",
        "merchant": '"Smith, Jones\nand ""Co"""' if number % 5 == 0 else "Rewe Markt",
        "category": "groceries",
        "description": "" if number % 3 == 0 else f"Einkauf für {number}",
        "status": "BOOKED",
    }
    cells.update(changed)
    return ",".join(cells.values()) + "\n"


def csv(rows: Iterable[str]) -> bytes:
    return (HEADER + "".join(rows)).encode()
