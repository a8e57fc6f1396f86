"""PlanChunks: gets a file task, with ``exact_from`` if a proof failed; answers the manifest."""

from __future__ import annotations

from typing import Any

from runtime.aws.observability import observed
from runtime.core.models import FileTask
from runtime.steps.plan import plan_chunks
from runtime.steps.stage import current_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return plan_chunks(FileTask.from_event(event), event.get("exact_from"), current_stage())
