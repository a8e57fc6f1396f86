"""What somebody changed on AWS behind the pipeline's back (D10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.errors import DriftUnknown
from ops.stage import describe, stack_name

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

_PAUSE_SECONDS = 5.0
_DETECTING = "DETECTION_IN_PROGRESS"
_FAILED = "DETECTION_FAILED"


@dataclass(frozen=True)
class Property:
    """*path* is a JSON pointer; ``actual`` is empty for what was removed, ``expected`` for what was added."""

    path: str
    expected: str
    actual: str


@dataclass(frozen=True)
class Drift:
    """One resource; ``status`` is MODIFIED or DELETED."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    properties: tuple[Property, ...]

    @property
    def lines(self) -> Iterator[str]:
        yield f"{self.logical_id} ({self.type} {self.physical_id}): {self.status}"
        for found in self.properties:
            yield f"  {found.path}: the template says {found.expected or 'nothing'}, it is {found.actual or 'nothing'}"


def detect(
    suffix: str, region: str, cloudformation: CloudFormationClient, *, timeout_seconds: float, sleep: Callable[[float], None]
) -> list[Drift]:
    """Every resource of the stage's stack that is not as its template says; raise StageMissing or DriftUnknown."""
    status = describe(suffix, region, cloudformation)["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        raise DriftUnknown(suffix, region, f"the stack is {status}; look again when that has ended")
    name = stack_name(suffix)
    detection = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    for _ in range(max(1, round(timeout_seconds / _PAUSE_SECONDS))):
        detection_status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if detection_status["DetectionStatus"] != _DETECTING:
            break
        sleep(_PAUSE_SECONDS)
    else:
        raise DriftUnknown(suffix, region, f"detection did not end in {timeout_seconds:,.0f} s")
    if detection_status["DetectionStatus"] == _FAILED:
        raise DriftUnknown(suffix, region, detection_status.get("DetectionStatusReason") or "AWS gives no reason")
    return sorted(map(_drift, _resources(cloudformation, name)), key=lambda drift: drift.logical_id)


def _resources(cloudformation: CloudFormationClient, name: str) -> Iterator[Any]:
    token: dict[str, Any] = {}
    while True:
        page = cloudformation.describe_stack_resource_drifts(
            StackName=name, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"], **token
        )
        yield from page["StackResourceDrifts"]
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _drift(resource: Any) -> Drift:
    return Drift(
        logical_id=resource["LogicalResourceId"],
        physical_id=resource.get("PhysicalResourceId", ""),
        type=resource["ResourceType"],
        status=resource["StackResourceDriftStatus"],
        properties=tuple(
            Property(found["PropertyPath"], found.get("ExpectedValue", ""), found.get("ActualValue", ""))
            for found in resource.get("PropertyDifferences", [])
        ),
    )
