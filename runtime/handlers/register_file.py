"""RegisterFile: gets ``{event, execution}``, answers the file's id and whether to process it.

The event is an object's arrival or a redrive request.
"""

from __future__ import annotations

from typing import Any

from runtime.aws.observability import observed
from runtime.core.models import REDRIVE_REQUESTED, Arrival, Redrive
from runtime.steps.redrive import redrive_file
from runtime.steps.register import register_file
from runtime.steps.stage import current_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    asked, execution = event["event"], event["execution"]
    if isinstance(asked, dict) and asked.get("detail-type") == REDRIVE_REQUESTED:
        return redrive_file(Redrive.from_event(asked), execution, current_stage())
    return register_file(Arrival.from_event(asked), execution, current_stage())
