"""What the rules of ``runtime.formats.copybook.extracts`` take of a dataset and make of it: a contract is checked against it.

The standard library only, because the stack imports the contract loader when it is synthesized.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Sequence


@dataclass(frozen=True)
class Made:
    """What a rule puts into one item: a ``column`` of the dataset, or one of ``constants``, or either.

    A date is written in so many ``characters``.
    """

    column: str | None = None
    characters: int | None = None
    constants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """``columns`` are the types that the dataset's columns must have; ``files`` are the items of each record of each extract."""

    columns: Mapping[str, str]
    files: Mapping[str, Sequence[Mapping[str, Made]]]


def _constant(value: str) -> Made:
    return Made(constants=(value,))


_BALANCES = {
    "arr_acct_curr_bal_1": Made("acct_curr_bal"),
    "arr_acct_curr_cyc_debit_1": _constant("1005.00"),
    "arr_acct_curr_bal_2": Made("acct_curr_bal"),
    "arr_acct_curr_cyc_debit_2": _constant("1525.00"),
    "arr_acct_curr_bal_3": _constant("-1025.00"),
    "arr_acct_curr_cyc_debit_3": _constant("-2500.00"),
    **{f"arr_acct_{name}_{number}": _constant("0.00") for number in (4, 5) for name in ("curr_bal", "curr_cyc_debit")},
}

_ACCOUNTS = Rules(
    columns={
        "acct_id": "integer",
        "acct_active_status": "string",
        "acct_curr_bal": "number",
        "acct_credit_limit": "number",
        "acct_cash_credit_limit": "number",
        "acct_open_date": "date",
        "acct_expiration_date": "date",
        "acct_reissue_date": "date",
        "acct_curr_cyc_credit": "number",
        "acct_curr_cyc_debit": "number",
        "acct_group_id": "string",
    },
    files={
        "standard": [
            {
                "out_acct_id": Made("acct_id"),
                "out_acct_active_status": Made("acct_active_status"),
                "out_acct_curr_bal": Made("acct_curr_bal"),
                "out_acct_credit_limit": Made("acct_credit_limit"),
                "out_acct_cash_credit_limit": Made("acct_cash_credit_limit"),
                "out_acct_open_date": Made("acct_open_date", characters=10),
                "out_acct_expiration_date": Made("acct_expiration_date", characters=10),
                "out_acct_reissue_date": Made("acct_reissue_date", characters=8),
                "out_acct_curr_cyc_credit": Made("acct_curr_cyc_credit"),
                "out_acct_curr_cyc_debit": Made("acct_curr_cyc_debit", constants=("2525.00",)),
                "out_acct_group_id": Made("acct_group_id"),
            }
        ],
        "array": [{"arr_acct_id": Made("acct_id"), **_BALANCES}],
        "variable": [
            {"vb1_acct_id": Made("acct_id"), "vb1_acct_active_status": Made("acct_active_status")},
            {
                "vb2_acct_id": Made("acct_id"),
                "vb2_acct_curr_bal": Made("acct_curr_bal"),
                "vb2_acct_credit_limit": Made("acct_credit_limit"),
                "vb2_acct_reissue_yyyy": Made("acct_reissue_date", characters=4),
            },
        ],
    },
)

#: By the module's name.
RULES = {"accounts": _ACCOUNTS}
