"""ValidateFile: gets and answers a file task."""

from __future__ import annotations

import functools
from typing import Any

from runtime.aws.observability import observed
from runtime.aws.parameters import chunk_bytes
from runtime.core.models import FileTask
from runtime.steps.stage import current_stage
from runtime.steps.validate import validate_file


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    stage = current_stage()
    configured = functools.partial(chunk_bytes, stage.settings.chunk_bytes_parameter)
    return validate_file(FileTask.from_event(event), stage, configured)
