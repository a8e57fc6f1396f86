"""Removes what events missed: stages whose branch is gone, stages that outlived their time, and what is left without a stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ops.aws import Aws
from ops.branches.errors import BranchListDoubtful, StageBusy
from ops.branches.inventory import branch_resources
from ops.branches.lock import Locks
from ops.branches.repository import Repository, by_suffix
from ops.branches.stages import Due, branch_stages, due
from ops.branches.teardown import Teardown
from ops.errors import EXPECTED, explain


@dataclass
class Report:
    """``due``: reason by suffix. ``busy``: stages that another build worked on. ``failed``: error by suffix."""

    due: dict[str, str]
    removed: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reaper:
    """``base`` is a branch that there always is: a list without it is not believed."""

    aws: Aws
    repository: Repository
    base: str
    locks: Locks
    teardown: Teardown
    tell: Callable[[str], None]

    def run(self, now: datetime, *, dry_run: bool) -> Report:
        """One stage that cannot be removed does not save the others. Raises BranchListDoubtful."""
        report = Report({found.suffix: found.reason for found in self._due(now)})
        for suffix, reason in report.due.items():
            self.tell(f"{suffix}: {reason}")
            if not dry_run:
                self._remove(suffix, now, report)
        return report

    def _due(self, now: datetime) -> list[Due]:
        branches = self.repository.branches()
        if self.base not in branches:
            raise BranchListDoubtful(self.repository.url, f"it lacks {self.base}")
        stages = branch_stages(self.aws.cloudformation)
        known = {stage.suffix for stage in stages}
        orphans = sorted({resource.suffix for resource in branch_resources(self.aws)} - known)
        return [
            *due(stages, set(by_suffix(branches)), now),
            *(Due(suffix, "its stack is gone and resources are left") for suffix in orphans),
        ]

    def _remove(self, suffix: str, now: datetime, report: Report) -> None:
        try:
            with self.locks.hold(suffix, wait_seconds=0):
                # Asked again under the lock: a push may have deployed it meanwhile.
                if suffix not in {found.suffix for found in self._due(now)}:
                    self.tell(f"{suffix}: is not due any more")
                    return
                self.teardown.run(suffix)
                report.removed.append(suffix)
        except StageBusy as busy:
            self.tell(str(busy))
            report.busy.append(suffix)
        except EXPECTED as error:
            report.failed[suffix] = explain(error)
            self.tell(report.failed[suffix])
