"""ValidateFile: gets and answers a file task."""

from __future__ import annotations

from typing import Any

from runtime.models import FileTask
from runtime.observability import observed
from runtime.workflow.stage import current_stage
from runtime.workflow.validation import validate_file


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return validate_file(FileTask.from_event(event), current_stage())
