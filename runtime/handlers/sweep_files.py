"""SweepFiles: gets the ARN of the ``workflow``, answers how many files it found, by what was wrong with them, and what it removed."""

from __future__ import annotations

import time
from typing import Any

from runtime.aws import executions
from runtime.aws.observability import emit, logger, observed
from runtime.aws.tracking import utc_now
from runtime.core import metric_names as names
from runtime.steps.orphaned_outputs import Leftovers
from runtime.steps.stage import current_stage
from runtime.steps.sweep import Sweep

#: Of the function's 15 minutes, for files and for outputs that nothing names; what is left goes on with the next run.
BUDGET_SECONDS, LEFTOVERS_SECONDS = 300, 120


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    stage = current_stage()
    sweep = Sweep(stage.settings.source_name, stage.store, stage.tracking, executions.make_client(), utc_now())
    found = sweep.run(event["workflow"], BUDGET_SECONDS, time.monotonic)
    emit(stage.settings.stage, {names.FILES_SWEPT: sum(found.values())})
    removed = Leftovers(stage.store, stage.tracking, utc_now()).remove(LEFTOVERS_SECONDS, time.monotonic)
    for one in removed:
        logger.info("removed: nothing names it", extra={"key": one.ref.key, "version_id": one.ref.version_id, "bytes": one.size})
    return {"found": dict(found), "removed": {"versions": len(removed), "bytes": sum(one.size for one in removed)}}
