"""The account extracts: what the batch program wrote of each account, in the order of the accounts (docs/mainframe.md).

Each function gives the records that an account becomes, one after the other; a record is its copybook's columns.
What they take and make is stated in runtime/formats/copybook/extracts/rules.py, by which a contract is checked.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from runtime.formats.copybook.extracts.columns import amount, widest

Columns = Mapping[str, "pa.Array[Any]"]

#: What stands for a debit of zero in the standard extract. For any other debit the old program left what was there before; we do not.
DEBIT_FOR_ZERO = "2525.00"


def standard(accounts: Columns) -> Sequence[Columns]:
    rows = len(accounts["acct_id"])
    debit = widest(accounts["acct_curr_cyc_debit"])
    zero, for_zero = (amount(value, rows).cast(debit.type) for value in ("0.00", DEBIT_FOR_ZERO))
    return [
        {
            "out_acct_id": accounts["acct_id"],
            "out_acct_active_status": accounts["acct_active_status"],
            "out_acct_curr_bal": accounts["acct_curr_bal"],
            "out_acct_credit_limit": accounts["acct_credit_limit"],
            "out_acct_cash_credit_limit": accounts["acct_cash_credit_limit"],
            "out_acct_open_date": pc.strftime(accounts["acct_open_date"], format="%Y-%m-%d"),
            "out_acct_expiration_date": pc.strftime(accounts["acct_expiration_date"], format="%Y-%m-%d"),
            "out_acct_reissue_date": pc.strftime(accounts["acct_reissue_date"], format="%Y%m%d"),
            "out_acct_curr_cyc_credit": accounts["acct_curr_cyc_credit"],
            "out_acct_curr_cyc_debit": pc.if_else(pc.equal(debit, zero), for_zero, debit),
            "out_acct_group_id": accounts["acct_group_id"],
        }
    ]


def array(accounts: Columns) -> Sequence[Columns]:
    rows = len(accounts["acct_id"])
    balance = accounts["acct_curr_bal"]
    pairs = [
        (balance, amount("1005.00", rows)),
        (balance, amount("1525.00", rows)),
        (amount("-1025.00", rows), amount("-2500.00", rows)),
        (amount("0.00", rows), amount("0.00", rows)),
        (amount("0.00", rows), amount("0.00", rows)),
    ]
    record = {"arr_acct_id": accounts["acct_id"]}
    for number, (current, debit) in enumerate(pairs, 1):
        record[f"arr_acct_curr_bal_{number}"], record[f"arr_acct_curr_cyc_debit_{number}"] = current, debit
    return [record]


def variable(accounts: Columns) -> Sequence[Columns]:
    return [
        {"vb1_acct_id": accounts["acct_id"], "vb1_acct_active_status": accounts["acct_active_status"]},
        {
            "vb2_acct_id": accounts["acct_id"],
            "vb2_acct_curr_bal": accounts["acct_curr_bal"],
            "vb2_acct_credit_limit": accounts["acct_credit_limit"],
            "vb2_acct_reissue_yyyy": pc.strftime(accounts["acct_reissue_date"], format="%Y"),
        },
    ]


FILES = {"standard": standard, "array": array, "variable": variable}
