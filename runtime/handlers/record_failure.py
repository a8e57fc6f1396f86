"""RecordFailure: gets ``{event, execution}`` of the failure, answers the file's outcome."""

from __future__ import annotations

from typing import Any

from runtime.aws.observability import observed
from runtime.steps.fail import record_failure
from runtime.steps.stage import current_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return record_failure(event["event"], event["execution"], current_stage())
