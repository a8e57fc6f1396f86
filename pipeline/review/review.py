"""The review as a value: the content of its documents, and the summary that the approval shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from pipeline.review.broadening import Broadening, broadened
from pipeline.review.changes import KINDS, Change, compare
from pipeline.review.cost import Estimate, PriceTable, estimate
from pipeline.templates import Template

#: Limits on the resources that the summary names: an approval has room for 1,000 characters.
_NAMED_LOSSES, _NAME_CHARACTERS = 3, 60


@dataclass(frozen=True)
class Subject:
    """The stack that is reviewed and the *commit* that would be deployed. ``repository`` is owner/name at GitHub, or None."""

    stack: str
    region: str
    commit: str | None = None
    repository: str | None = None


@dataclass(frozen=True)
class Review:
    subject: Subject
    deployed_commit: str | None
    first: bool
    changes: tuple[Change, ...]
    broadenings: tuple[Broadening, ...]
    cost: Estimate

    @property
    def losses(self) -> list[Change]:
        return [change for change in self.changes if change.loses]

    @property
    def commits(self) -> str:
        """``from...to`` in Git's notation, with "unknown" for a commit that is not known."""
        to = self.subject.commit or "unknown"
        if self.first:
            return f"{to} (first delivery)"
        return f"{self.deployed_commit or 'unknown'}...{to}"

    @property
    def compare_url(self) -> str | None:
        repository, old, new = self.subject.repository, self.deployed_commit, self.subject.commit
        if not (repository and new):
            return None
        return f"https://github.com/{repository}/" + (f"compare/{old}...{new}" if old else f"commit/{new}")

    @property
    def summary(self) -> str:
        """One line, for the approval and its message to the topic."""
        kinds = Counter(change.kind for change in self.changes)
        parts = [f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind]] or ["no resource changes"]
        roles = len({item.subject for item in self.broadenings})
        permissions = f"permissions broadened for {roles}" if roles else "no permission broadened"
        named = ", ".join(change.logical_id[:_NAME_CHARACTERS] for change in self.losses[:_NAMED_LOSSES])
        lost = f"DATA AT RISK in {named}; " if named else ""
        first = "first delivery; " if self.first else ""
        return f"{lost}{first}{', '.join(parts)}; {permissions}; {dollars(self.cost.difference, signed=True)} a month"


def make(subject: Subject, before: Template | None, after: Template, *, table: PriceTable, today: date) -> Review:
    return Review(
        subject=subject,
        deployed_commit=before.commit if before else None,
        first=before is None,
        changes=tuple(compare(before, after)),
        broadenings=tuple(broadened(before, after)),
        cost=estimate(before, after, region=subject.region, table=table, today=today),
    )


def dollars(amount: float, *, signed: bool = False) -> str:
    if round(amount, 2) == 0:
        return "$0.00"
    sign = "-" if amount < 0 else "+" if signed else ""
    return f"{sign}${abs(amount):,.2f}"
