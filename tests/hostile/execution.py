"""One execution of the workflow through the real handlers, with every line that they log."""

from __future__ import annotations

import importlib
import io
import json
from typing import Any, Dict, List

import pytest

from runtime.aws.observability import logger
from runtime.core.errors import LedgerlineError
from tests.support.workflow import Workflow, lambda_error, retried

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
        return json.loads(json.dumps(retried(lambda: handler(json.loads(sent), None))))

    def run(self, event: Any) -> Any:
        """From an event to the end; returns the last state's output."""
        workflow = self.workflow
        workflow.executions += 1
        execution = f"arn:aws:states:us-east-1:123456789012:execution:etl-workflow-test:{workflow.executions}"
        state = event
        try:
            state = self.call("register_file", {"event": event, "execution": execution})
            if state["decision"] != "PROCESS":
                return state
            state = self.call("validate_file", state)
            while True:
                state = self.call("plan_chunks", state)
                for chunk in workflow.manifest(state):
                    self.call("process_chunk", {"chunk": chunk, "attempt": state["attempt"], "execution": execution})
                state = self.call("finalize_file", state)
                if state["decision"] == "PROVED":
                    return state
        except LedgerlineError as error:
            return self.call("record_failure", {"event": {**state, "error": lambda_error(error)}, "execution": execution})
