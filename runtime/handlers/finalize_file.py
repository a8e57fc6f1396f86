"""FinalizeFile: gets a file task, answers REPLAN with an offset, or PROVED with the file's outcome."""

from __future__ import annotations

from typing import Any

from runtime.aws.observability import observed
from runtime.core.models import FileTask
from runtime.steps.finalize import finalize_file
from runtime.steps.stage import current_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return finalize_file(FileTask.from_event(event), current_stage())
