"""Taking a file up again: one execution more, and the certainty that it has the file."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.errors import RedriveRefused
from runtime.aws.tracking import Tracking
from runtime.core.models import Redrive

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

#: Seconds between two looks whether the new execution has the file.
_PAUSE = 0.5


@dataclass(frozen=True)
class Redriver:
    """``workflow`` is the ARN of the stage's state machine."""

    states: SFNClient
    workflow: str
    tracking: Tracking
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def take_up(self, wish: Redrive, timeout_seconds: float) -> dict[str, Any]:
        """Start an execution and return the file's item once its next attempt is open.

        Which execution opened it is on the item: of several redrives at once, one. Raises RedriveRefused.
        """
        name = f"redrive-{wish.file_id}-{wish.attempt + 1}-{uuid.uuid4().hex[:8]}"
        started = self.states.start_execution(stateMachineArn=self.workflow, name=name, input=json.dumps(wish.to_event()))
        until = self.clock() + timeout_seconds
        while True:
            status = self.states.describe_execution(executionArn=started["executionArn"])["status"]
            # Looked at after the execution: what it wrote is seen.
            item = self.tracking.file(wish.file_id)
            if item is not None and item["attempt"] > wish.attempt:
                return item
            if status != "RUNNING":
                why = f"was not taken up: execution {started['executionArn']} ended {status} without it; its history says why"
                raise RedriveRefused(wish.file_id, why)
            if self.clock() >= until:
                raise RedriveRefused(wish.file_id, f"was not taken up in {timeout_seconds:,.0f} s by execution {started['executionArn']}")
            self.sleep(_PAUSE)
