"""The validation of one stage, from its functions to the clean-up of its probe."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ops.aws import Aws
from ops.errors import NotFinished
from ops.follow import Progress, follow, look
from ops.outcome import error_text
from ops.stage import Stage
from ops.validation.comparison import differences
from ops.validation.deployment import Since, alarm_findings, function_problems
from ops.validation.observation import observe
from runtime.aws import probe_removal
from runtime.aws.tracking import Tracking
from runtime.core.models import FileStatus, file_id
from runtime.steps.probe import DATASET, Probe, build_probe, probe_key

_PAUSE_SECONDS = 1.0
#: A workflow that still runs on a probe gives up before this.
_STALE_AFTER = timedelta(hours=24)


@dataclass
class Report:
    """``problems`` is empty for a good stage, ``remarks`` need not be; ``probe`` is how the file travelled, None where none was sent."""

    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    file_id: str | None = None
    probe: Progress | None = None


@dataclass(frozen=True)
class Validation:
    """One validation. ``run_id`` keeps its objects apart; ``timeout_seconds`` bounds the wait for the probe.

    ``watch`` is given the looks at the probe as it travels and returns the last one.
    """

    aws: Aws
    stage: Stage
    run_id: str
    timeout_seconds: float
    now: Callable[[], datetime]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    watch: Callable[[Iterable[Progress]], Progress]

    def run(self, since: Since) -> Report:
        """Look at the functions, send the probe, compare, clean up, look at the alarms *since* then."""
        report = Report(function_problems(self.aws.functions, self.stage.function_names, self.sleep))
        if not report.problems:
            # Otherwise the probe would only wait for functions that cannot run.
            self._send(build_probe(), report)
            report.problems += self._remove_stale_probes()
        alarms = alarm_findings(self.aws.cloudwatch, self.stage.alarm_prefix, self.stage.alarm_names, since)
        report.problems += alarms.problems
        report.remarks += alarms.remarks
        return report

    def _send(self, probe: Probe, report: Report) -> None:
        key = probe_key(self.run_id)
        sent = self.aws.s3.put_object(Bucket=self.stage.data_bucket_name, Key=key, Body=probe.content, ContentType="text/csv")
        report.file_id = file_id(self.stage.source_name, key, sent["VersionId"])
        try:
            report.probe, execution_status = self._await(report.file_id)
        except NotFinished as error:
            # Whatever still works on it would write again what is deleted under it.
            report.problems.append(f"probe: {error}; it is left in place for a later validation to remove")
            return
        try:
            report.problems += self._judge(probe, report.probe, execution_status)
        finally:
            report.problems += self._remove(self.run_id, report.file_id)

    def _remove_stale_probes(self) -> list[str]:
        before = self.now() - _STALE_AFTER
        probes = probe_removal.stale_probes(self.aws.s3, self.stage.data_bucket_name, DATASET, self.stage.source_name, before)
        return [problem for run_id, identity in probes for problem in self._remove(run_id, identity)]

    def _remove(self, run_id: str, identity: str) -> list[str]:
        under = probe_removal.prefixes(DATASET, run_id, identity)
        return probe_removal.remove(
            self.aws.s3, self.aws.dynamodb, self.stage.data_bucket_name, self.stage.tracking_table_name, under, identity
        )

    def _await(self, identity: str) -> tuple[Progress, str]:
        """The probe once its workflow has ended, and how that ended; before, something might still be published."""
        tracking = Tracking(self.aws.dynamodb, self.stage.tracking_table_name)
        begun = self.clock()
        progress = self.watch(follow(tracking, identity, timeout_seconds=self.timeout_seconds, clock=self.clock, sleep=self.sleep))
        execution = str((progress.file or {})["execution"])
        while (status := str(self.aws.workflows.describe_execution(executionArn=execution)["status"])) == "RUNNING":
            if self.clock() - begun >= self.timeout_seconds:
                raise NotFinished(identity, f"{progress.status} with its workflow running", self.clock() - begun)
            self.sleep(_PAUSE_SECONDS)
        return look(tracking, identity, progress.seconds), status

    def _judge(self, probe: Probe, progress: Progress, execution_status: str) -> list[str]:
        if progress.status != FileStatus.SUCCEEDED:
            reason = error_text(progress.file or {}) or "no reason recorded"
            return [f"probe: expected {FileStatus.SUCCEEDED}, found {progress.status} ({reason})"]
        problems = differences(probe, observe(self.aws.s3, self.stage.data_bucket_name, progress))
        if execution_status != "SUCCEEDED":
            problems.append(f"workflow: expected its execution SUCCEEDED, found {execution_status}")
        return problems
