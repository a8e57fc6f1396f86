"""CSV that no spreadsheet will execute.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` is a formula to Excel, LibreOffice and Google
Sheets (https://owasp.org/www-community/attacks/CSV_Injection). Quoting does not help, and what
begins a cell depends on the reader: one whose locale separates by ``;`` opens a new cell in the
middle of ours. So the character is defused wherever any reader could see it first in a cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

from ops.terminal import printable

#: ASCII, full-width and small forms: some readers fold them before they look.
_TRIGGERS = r"=+\-@" + "\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
_QUOTES = "\"'`\u201c\u201d\u201e\u2018\u2019"
_LIVE = re.compile(rf"(^|[,;|:\t])([\s{_QUOTES}]*)(?=[{_TRIGGERS}])")


def inert(value: object) -> str:
    r"""*value* as a cell that is text to every reader: control characters escaped (``\n``), formulas defused by ``'``."""
    text = str(value)
    defused = _LIVE.sub(r"\1\2'", printable(text))
    return f"'{defused}" if text[:1] in ("\t", "\r") and not defused.startswith("'") else defused


def write_csv(target: TextIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write *rows* under *header*; return how many. Numbers that are ours stay numbers."""
    writer = csv.writer(target, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([value if isinstance(value, int) and value >= 0 else inert(value) for value in row])
        count += 1
    return count
