"""Manual approval: an execution waits for a decision that another process writes; the console's buttons, as files."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.delivery.errors import ActionFailed, Stopped
from local.delivery.files import read_json, write_json
from local.errors import LocalError

APPROVED, REJECTED = "Approved", "Rejected"
_POLL_SECONDS = 0.3
_SECONDS_A_MINUTE = 60


@dataclass(frozen=True)
class Request:
    """What a person needs in order to decide. ``file`` is where the request stands; the decision comes beside it."""

    pipeline: str
    execution: str
    stage: str
    action: str
    custom_data: str
    review_url: str
    commit: str
    expires: float
    file: str

    @property
    def label(self) -> str:
        return f"{self.pipeline} / {self.stage} / {self.action}"


def wait_for_decision(request: Request, stop: threading.Event, clock: Callable[[], float]) -> str:
    """Publish the request and wait; returns what the person said. Raises ActionFailed when rejected or, by *clock*, too late."""
    file = Path(request.file)
    decision = _decision_file(file)
    decision.unlink(missing_ok=True)
    write_json(file, asdict(request))
    try:
        while not decision.exists():
            if clock() > request.expires:
                raise ActionFailed(f"nobody decided before {_utc(request.expires)}: the approval timed out; the next push asks again")
            if stop.wait(_POLL_SECONDS):
                raise Stopped("the approval was abandoned")
    finally:
        file.unlink()
    given = read_json(decision)
    if given["status"] != APPROVED:
        raise ActionFailed(f"rejected: {given['summary']}" if given["summary"] else "rejected")
    return f"approved: {given['summary']}" if given["summary"] else "approved"


def waiting(state: Path) -> Iterator[Request]:
    """The requests below a state directory whose execution lives, oldest first."""
    from local.delivery.execution import is_running  # noqa: PLC0415

    for file in sorted(state.glob("*/*/approvals/*.json")):
        if not file.name.endswith(".decision.json") and is_running(file.parents[1]):
            yield Request(**read_json(file))


def decide(state: Path, status: str, summary: str, execution: str | None) -> Request:
    """Approve or reject the one request that waits, or that of *execution*; raise LocalError when it is not one."""
    requests = [request for request in waiting(state) if execution in (None, request.execution)]
    if not requests:
        raise LocalError("no execution waits for an approval" if execution is None else f"execution {execution} waits for no approval")
    if len(requests) > 1:
        raise LocalError(f"{len(requests)} executions wait; name one: {', '.join(request.execution for request in requests)}")
    write_json(_decision_file(Path(requests[0].file)), {"status": status, "summary": summary})
    return requests[0]


def notification(request: Request, region: str) -> dict[str, Any]:
    """The message that CodePipeline publishes to the approval's topic."""
    return {
        "region": region,
        "approval": {
            "pipelineName": request.pipeline,
            "stageName": request.stage,
            "actionName": request.action,
            "customData": request.custom_data,
            "externalEntityLink": request.review_url,
            "expires": _utc(request.expires),
        },
    }


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(seconds))


def expiry(minutes: int, now: float) -> float:
    return now + minutes * _SECONDS_A_MINUTE


def publish(sns: Any, topic: str, request: Request, region: str) -> None:
    message: Mapping[str, Any] = notification(request, region)
    sns.publish(TopicArn=topic, Subject=f"APPROVAL NEEDED: {request.label}"[:100], Message=json.dumps(message))


def _decision_file(file: Path) -> Path:
    return file.with_suffix(".decision.json")
