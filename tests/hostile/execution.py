"""One execution of the workflow through the real handlers, with every line that they log."""

from __future__ import annotations

import importlib
import io
import json
import re
from typing import Any, Dict, List, Optional

import pytest

from runtime.aws.observability import logger
from tests.support.state_machine import Call, walk
from tests.support.workflow import Workflow, drive

STEPS = ("register_file", "validate_file", "plan_chunks", "process_chunk", "finalize_file", "record_failure")


class Execution:
    """Calls handlers as Lambda does, with JSON in and out. ``logged`` holds all log lines so far."""

    def __init__(self, workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
        self.workflow = workflow
        self._lines = io.StringIO()
        monkeypatch.setattr(logger.registered_handler, "stream", self._lines)
        self._handlers: Dict[str, Any] = {}
        for step in STEPS:
            module = importlib.import_module(f"runtime.handlers.{step}")
            monkeypatch.setattr(module, "current_stage", lambda: workflow.stage)
            self._handlers[step] = module.handler
        monkeypatch.setattr("runtime.handlers.validate_file.chunk_bytes", lambda _: workflow.chunk_bytes)

    @property
    def logged(self) -> List[Dict[str, Any]]:
        return [json.loads(line) for line in self._lines.getvalue().splitlines()]

    def call(self, step: str, payload: Any) -> Any:
        handler, sent = self._handlers[step], json.dumps(payload)
        return json.loads(json.dumps(handler(json.loads(sent), None)))

    def run(self, event: Any) -> Any:
        """From an event to the end; returns the data of the last state."""
        road = walk(event, self.workflow.next_execution(), self._call_of, self.workflow.items)
        return drive(road, lambda call: call[0](*call[1:]))

    def _call_of(self, state: str, payload: Any) -> Optional[Call]:
        step = re.sub(r"(?<!^)(?=[A-Z])", "_", state).lower()
        return (self.call, step, payload) if step in STEPS else None
