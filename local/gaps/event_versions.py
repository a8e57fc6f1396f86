"""The event of an object in a versioned bucket names the version."""

from __future__ import annotations

import inspect
import json
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, s3

from local.gaps.gap import Gap, must_contain

_version: ContextVar[str | None] = ContextVar("version", default=None)


def _fix() -> None:
    fire_event, dispatch_event = s3._fire_s3_event, eventbridge._dispatch_event
    must_contain(fire_event, "_eb._dispatch_event(eb_event)")
    must_contain(fire_event, '"sequencer": sequencer or "0"}')
    signature = inspect.signature(fire_event)

    def fire(*arguments: Any, **named: Any) -> None:
        before = _version.set(signature.bind(*arguments, **named).arguments.get("version_id"))
        try:
            fire_event(*arguments, **named)
        finally:
            _version.reset(before)

    def dispatch(event: dict[str, Any], *arguments: Any, **named: Any) -> Any:
        version = _version.get()
        if version and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch_event(event, *arguments, **named)

    s3._fire_s3_event = fire
    eventbridge._dispatch_event = dispatch


GAP = Gap("event versions", "the EventBridge event of a new object does not say which version it is", _fix)
