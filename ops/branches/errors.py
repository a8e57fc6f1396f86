"""What can go wrong with a branch's stage.

::

    OpsError
    ├── BranchKept             the repository still has the branch
    ├── BranchListDoubtful     the repository's list of branches cannot be the whole one
    ├── DeploymentFailed       the CDK CLI could not deploy the stage
    ├── LeftBehind             something named for the stage is there after its teardown
    ├── LocksMissing           the table that keeps builds off each other is not there
    ├── NotABranchStage        the suffix is none that a branch can have
    ├── StageBusy              another build works on the stage
    ├── SuffixTaken            the stage of that suffix is another branch's
    └── TeardownFailed         a stack could not be deleted
"""

from __future__ import annotations

from collections.abc import Sequence

from ops.errors import OpsError


class BranchKept(OpsError):
    def __init__(self, branch: str, suffix: str) -> None:
        self.branch, self.suffix = branch, suffix
        super().__init__(f"Stage {suffix} stays: the repository still has branch {branch!a}; delete the branch first")


class BranchListDoubtful(OpsError):
    def __init__(self, repository: str, reason: str) -> None:
        self.repository, self.reason = repository, reason
        super().__init__(f"The branches of {repository} are not known ({reason}); nothing was removed on that account")


class DeploymentFailed(OpsError):
    def __init__(self, suffix: str, status: int) -> None:
        self.suffix, self.status = suffix, status
        super().__init__(f"Stage {suffix} was not deployed: the CDK CLI ended with status {status}; its output above says why")


class LeftBehind(OpsError):
    def __init__(self, suffix: str, names: Sequence[str]) -> None:
        self.suffix, self.names = suffix, tuple(names)
        super().__init__(f"Stage {suffix} was taken down and left {len(names)} behind: {', '.join(names)}; delete them by hand")


class LocksMissing(OpsError):
    def __init__(self, table: str, region: str) -> None:
        self.table, self.region = table, region
        super().__init__(
            f"Table {table} is not in {region}: no pipeline that keeps stages of branches is deployed there; "
            "name the region with --region, or the pipeline's table with --locks"
        )


class NotABranchStage(OpsError):
    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        super().__init__(f"{suffix!a} is not the suffix of a branch's stage (br-…); `python -m ops branch list` shows those there are")


class StageBusy(OpsError):
    def __init__(self, suffix: str, holder: str, seconds: float) -> None:
        self.suffix, self.holder, self.seconds = suffix, holder, seconds
        super().__init__(f"Stage {suffix} is in the hands of {holder}, after {seconds:,.0f} s of waiting; try again when that has ended")


class SuffixTaken(OpsError):
    def __init__(self, suffix: str, branch: str, other: str) -> None:
        self.suffix, self.branch, self.other = suffix, branch, other
        super().__init__(f"Suffix {suffix} of branch {branch!a} is that of branch {other!a}, which is deployed; rename the branch")


class TeardownFailed(OpsError):
    def __init__(self, suffix: str, stack: str, reasons: Sequence[str]) -> None:
        self.suffix, self.stack, self.reasons = suffix, stack, tuple(reasons)
        super().__init__(f"Stack {stack} of stage {suffix} cannot be deleted: {'; '.join(reasons) or 'no reason was given'}")
