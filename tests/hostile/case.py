"""A case: a file that is sent, and its expected outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple, Type, Union

from runtime.contracts.model import Contract
from runtime.core.errors import FileRejected, LedgerlineError
from tests.support.records import HEADER, make_contract

#: The table shows accepted values up to this many characters, and only their number beyond it.
_SHOWN_CHARACTERS = 100

ACCEPTED, ROWS_REJECTED = "accepted", "rows rejected"


class Line(NamedTuple):
    """One line of the table in words; ``ending`` is its outcome in short, which the page counts."""

    sends: str
    becomes: str
    ending: str


@dataclass(frozen=True)
class Rows:
    """The file SUCCEEDED with these ``accepted`` rows as Python values.

    ``rejected`` are (offset, ``column:code``...) with ``*`` for the whole row. Offsets count bytes of the decoded text.
    """

    accepted: Sequence[Tuple[Any, ...]]
    rejected: Sequence[Tuple[Any, ...]] = ()
    blank_lines: int = 0
    repeated_keys: int = 0

    @property
    def ending(self) -> str:
        return ROWS_REJECTED if self.rejected else ACCEPTED

    def __str__(self) -> str:
        parts = [_shown(self.accepted)] if self.accepted else []
        codes = dict.fromkeys(f"`{code}`" for _, *errors in self.rejected for code in errors)
        if codes:
            parts.append(f"{_count(len(self.rejected), 'row')} rejected: {', '.join(codes)}")
        if self.blank_lines:
            parts.append(f"{_count(self.blank_lines, 'line')} passed over")
        if self.repeated_keys:
            parts.append(f"{_count(self.repeated_keys, 'repeated key')} reported")
        return "; ".join(parts) or "accepted, without rows"


@dataclass(frozen=True)
class Refused:
    """The file ended REJECTED or FAILED, depending on the class of *error*; its message contains the *words*."""

    error: Type[LedgerlineError]
    words: Tuple[str, ...]

    @property
    def status(self) -> str:
        return "REJECTED" if issubclass(self.error, FileRejected) else "FAILED"

    @property
    def ending(self) -> str:
        return f"`{self.error.__name__}`"

    def __str__(self) -> str:
        return f"the file is {self.status.lower()}, `{self.error.__name__}`: {' ... '.join(self.words)}"


def refused(error: Type[LedgerlineError], *words: str) -> Refused:
    return Refused(error, words)


@dataclass(frozen=True)
class Case:
    """``sends`` describes ``body``, ``key`` is the object's key. ``several`` are its lines of the table if there is more than one."""

    sends: str
    body: bytes
    becomes: Union[Rows, Refused]
    contract: Contract = field(default_factory=make_contract)
    key: str = ""
    several: Tuple[Line, ...] = ()

    @property
    def lines(self) -> Tuple[Line, ...]:
        return self.several or (Line(self.sends, str(self.becomes), self.becomes.ending),)

    @property
    def uploaded_as(self) -> str:
        return self.key or f"incoming/{self.contract.dataset}/acme/day.csv"


def schema(*fields: Dict[str, Any], **more: Any) -> Dict[str, Any]:
    """The ``schema`` of a contract with these columns."""
    return {"fields": list(fields), **more}


#: A good row of the default contract: id, day, amount, note.
GOOD_LINE = b"1,2026-11-20,1.50,x\n"
GOOD = (1, date(2026, 11, 20), Decimal("1.50"), "x")
#: The offset of the row after the header and one good row.
SECOND = len(HEADER) + len(GOOD_LINE)


def after_a_good_row(line: bytes) -> bytes:
    return HEADER + GOOD_LINE + line


def noted(note: Any) -> Tuple[Any, ...]:
    """The good row's values with another note."""
    return (*GOOD[:3], note)


def _shown(rows: Sequence[Tuple[Any, ...]]) -> str:
    shown: List[str] = []
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, default=str)
        text = text if text.isprintable() else json.dumps(row, default=str)
        if row == GOOD:
            shown.append("the good row")
            continue
        if sum(map(len, shown)) + len(text) > _SHOWN_CHARACTERS:
            return f"{_count(len(rows), 'row')} accepted"
        shown.append(f"`{text}`")
    return f"accepted: {', '.join(shown)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
