"""SweepFiles: gets the ARN of the ``workflow``, answers the number of files of each kind of finding, and of removed outputs."""

from __future__ import annotations

import time
from typing import Any

from runtime.aws import executions
from runtime.aws.observability import emit, logger, observed
from runtime.aws.tracking import utc_now
from runtime.core import metric_names as names
from runtime.steps.orphaned_outputs import OrphanedOutputs
from runtime.steps.stage import current_stage
from runtime.steps.sweep import Sweep

#: Time for files and for orphaned outputs, of the function's 15 minutes. The next run continues with the rest.
BUDGET_SECONDS, ORPHANED_OUTPUTS_SECONDS = 300, 120


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    stage = current_stage()
    sweep = Sweep(stage.settings.source_name, stage.store, stage.tracking, executions.make_client(), utc_now())
    counted = sweep.run(event["workflow"], BUDGET_SECONDS, time.monotonic)
    emit(stage.settings.stage, {names.FILES_SWEPT: sum(counted.values())})
    removed = OrphanedOutputs(stage.store, stage.tracking, utc_now()).remove(ORPHANED_OUTPUTS_SECONDS, time.monotonic)
    for one in removed:
        logger.info("removed: nothing names it", extra={"key": one.ref.key, "version_id": one.ref.version_id, "bytes": one.size})
    return {"found": dict(counted), "removed": {"versions": len(removed), "bytes": sum(one.size for one in removed)}}
