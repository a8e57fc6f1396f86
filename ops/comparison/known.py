"""Where the replaced program is known to be wrong, so that a parallel run is not drowned by what nobody will change.

What is known about a field is that the old file says nothing there. So it is not compared, and what our value must be is shown
by other means: `ops audit --verify` makes it again from the original.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from runtime.formats.copybook.extracts.accounts import DEBIT_FOR_ZERO


@dataclass(frozen=True)
class Defect:
    """``applies`` is told our value of the field."""

    field: str
    story: str
    applies: Callable[[object], bool]


_ACCOUNT_DEBIT = Defect(
    "out_acct_curr_cyc_debit",
    f"the old program sets the debit to {DEBIT_FOR_ZERO} when it is zero, and otherwise leaves what was there before",
    lambda ours: ours != Decimal(DEBIT_FOR_ZERO),
)

#: By dataset and output.
KNOWN: dict[tuple[str, str], tuple[Defect, ...]] = {("accounts", "standard"): (_ACCOUNT_DEBIT,)}
