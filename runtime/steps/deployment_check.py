"""CheckDeployment: sends a small file through the deployed workflow and compares all counts (D7).

It runs inside the deployment, after all other resources of the stack; if it fails, CloudFormation rolls the stack back.
"""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Callable, Mapping

from runtime.aws import executions, item_table, object_store, own_stack, probe_removal
from runtime.aws.executions import Fault
from runtime.aws.item_table import Item
from runtime.aws.observability import logger
from runtime.aws.tracking import Tracking, utc_now
from runtime.core.keys import INCOMING, PROCESSED
from runtime.core.models import FileStatus, file_id
from runtime.core.settings import Settings
from runtime.formats.registry import FORMATS
from runtime.steps.probe import DATASET, Probe, build_probe, probe_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_stepfunctions.client import SFNClient

#: The handlers of the workflow's functions.
HANDLERS = ("register_file", "validate_file", "plan_chunks", "process_chunk", "finalize_file", "record_failure", "sweep_files")
#: The handlers' modules, and the modules of all formats, which a function imports with its first file of that format. The probe
#: has one format only, so the check imports all of them.
MODULES = (
    *(f"runtime.handlers.{name}" for name in HANDLERS),
    *(name for form in FORMATS.values() for name in form.modules),
)

#: Seconds. A new bucket may not report arrivals yet, so a probe that started no execution is sent again.
_RESEND_SECONDS = 30.0
#: Seconds. AWS may still refuse a new role; the workflow retries after one minute.
_SETTLING_SECONDS = 120.0
#: Maximum time by which this clock may be ahead of Step Functions'.
_CLOCK_SKEW = timedelta(minutes=1)
_PAUSE_SECONDS = 0.5
#: Seconds of the function's time that are reserved for the clean-up and the answer.
_RESERVE_SECONDS = 60.0


def check(request: Mapping[str, Any], remaining_seconds: float) -> list[str]:
    """The problems of the deployment that *request* (CloudFormation's, to create or update) belongs to.

    A rollback is not checked: it restores the previous deployment, and a failed rollback would leave the stack in a state
    that no deployment can change.
    """
    logger.set_correlation_id(str(request["RequestId"]))
    if own_stack.is_rolling_back(own_stack.make_client(), str(request["StackId"])):
        logger.info("not checked: the stack is rolling back")
        return []
    problems = unloadable()
    if problems:
        return problems
    run_id = f"deployment-{str(request['RequestId'])[:13]}"
    until = time.monotonic() + remaining_seconds - _RESERVE_SECONDS
    return Check(
        Settings.from_environment(),
        object_store.make_client(),
        item_table.make_client(),
        executions.make_client(),
        str(request["ResourceProperties"]["Workflow"]),
        run_id,
        until,
    ).run()


def unloadable(modules: tuple[str, ...] = MODULES) -> list[str]:
    """One message for each module that cannot be imported with the deployed code and layer."""
    return [problem for name in modules if (problem := _import_problem(name))]


def _import_problem(name: str) -> str | None:
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever a broken module raises is what is reported
        return f"{name} does not load: {type(error).__name__}: {error}"
    return None


@dataclass(frozen=True)
class Check:
    """Sends one probe through the stage's ``workflow`` (ARN); ``until`` is the time, on *clock*, at which it gives up."""

    settings: Settings
    s3: S3Client
    dynamodb: DynamoDBClient
    states: SFNClient
    workflow: str
    run_id: str
    until: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    sent: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        """Send the probe, wait, compare, clean up; return the problems.

        A failed probe is kept: operators may want to look at it, and an execution may still work on it. The validation after
        a later deployment removes probes that are a day old.
        """
        return self._observe(build_probe()) or self._clean_up()

    def _observe(self, probe: Probe) -> list[str]:
        store = Tracking(self.dynamodb, self.settings.tracking_table)
        begun_at = utc_now() - _CLOCK_SKEW
        self._send(probe)
        begun = sent_at = self.clock()
        while self.clock() < self.until:
            item = next(filter(None, map(store.file, self.sent)), None)
            if item is not None and _has_ended(item):
                return _problems(probe, item)
            execution = item["execution"] if item else executions.started_for(self.states, self.workflow, self._key, begun_at)
            # The workflow retries for longer than a deployment takes; the deployment must fail at once.
            fault = executions.waiting_fault(self.states, execution) if execution else None
            if fault and (fault.error != "AccessRefused" or self.clock() - begun >= _SETTLING_SECONDS):
                return [_found_instead(self.sent[-1], "a fault of what is deployed", fault)]
            if not execution and self.clock() - sent_at >= _RESEND_SECONDS:
                self._send(probe)
                sent_at = self.clock()
            self.sleep(_PAUSE_SECONDS)
        return [f"the probe {self._key} was not processed in {self.clock() - begun:.0f} s"]

    @property
    def _key(self) -> str:
        return probe_key(self.run_id)

    def _send(self, probe: Probe) -> None:
        version_id = object_store.upload(self.s3, self.settings.data_bucket, self._key, probe.content, "text/csv")
        identity = file_id(self.settings.source_name, self._key, version_id)
        logger.info("probe sent", extra={"file_id": identity})
        self.sent.append(identity)

    def _clean_up(self) -> list[str]:
        problems = []
        for identity in self.sent:
            under = probe_removal.prefixes(DATASET, self.run_id, identity)
            problems += probe_removal.remove(
                self.s3, self.dynamodb, self.settings.data_bucket, self.settings.tracking_table, under, identity
            )
        return problems


def _has_ended(item: Item) -> bool:
    """Whether the probe's processing is complete: its file has ended and its original was moved, or the move was refused."""
    return item["file_status"] in FileStatus.ENDED and bool(item.get("not_moved") or not item["location"]["key"].startswith(INCOMING))


def _problems(probe: Probe, item: Item) -> list[str]:
    if item["file_status"] != FileStatus.SUCCEEDED:
        ended = Fault(str(item.get("error_type")), str(item.get("error_message")))
        return [_found_instead(item["file_id"], item["file_status"], ended)]
    problems = probe.count_differences(item)
    if not item["location"]["key"].startswith(PROCESSED):
        problems.append(f"original: expected it under {PROCESSED}, found it at {item['location']['key']} ({item.get('not_moved')})")
    if item.get("published_at"):
        problems.append(f"results queue: expected nothing about the probe, but its outcome was published at {item['published_at']}")
    return problems


def _found_instead(identity: str, what: str, why: Fault) -> str:
    return f"probe {identity}: expected {FileStatus.SUCCEEDED}, found {what} ({why.error}: {why.cause})"
