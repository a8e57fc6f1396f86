"""ProcessChunk: gets one item of the manifest as ``chunk``, answers an empty object; the results are in the chunk's item."""

from __future__ import annotations

from typing import Any

from runtime.aws.observability import observed
from runtime.core.models import ChunkTask
from runtime.steps.process import process
from runtime.steps.stage import current_stage


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    process(ChunkTask.from_dict(event.get("chunk", {})), current_stage())
    return {}
