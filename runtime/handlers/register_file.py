"""RegisterFile: gets ``{event, execution}``, answers which file it is and whether to go on."""

from __future__ import annotations

from typing import Any

from runtime.models import Arrival
from runtime.observability import observed
from runtime.workflow.registration import register_file
from runtime.workflow.stage import current_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return register_file(Arrival.from_event(event["event"]), event["execution"], current_stage())
