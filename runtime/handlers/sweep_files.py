"""SweepFiles: gets the ARN of the ``workflow``, answers how many files it found, by what was wrong with them."""

from __future__ import annotations

import time
from typing import Any

from runtime import executions
from runtime import metric_names as names
from runtime.observability import emit, observed
from runtime.tracking import utc_now
from runtime.workflow.stage import current_stage
from runtime.workflow.sweep import Sweep

#: Of the function's 15 minutes; what is left goes on with the next run.
BUDGET_SECONDS = 300


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    stage = current_stage()
    sweep = Sweep(stage.settings.source_name, stage.store, stage.tracking, executions.make_client(), utc_now())
    found = sweep.run(event["workflow"], BUDGET_SECONDS, time.monotonic)
    emit(stage.settings.stage, {names.FILES_SWEPT: sum(found.values())})
    return {"found": dict(found)}
