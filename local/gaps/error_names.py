"""A function's error carries the name that Step Functions matches: the exception's class, or Runtime.ExitError."""

from __future__ import annotations

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.gaps.gap import Gap, must_contain, must_hold

_RAISED = '"error": str(e), "trace"'
_DIED = "Worker process died"


class _NamedMessage(str):
    """An error message that remembers its error's name on the way from the worker to the invocation's answer."""

    __slots__ = ("error_name",)
    error_name: str


def _fix() -> None:
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    must_hold(script.count(_RAISED) == 1, f"one {_RAISED} in the worker's script")
    must_contain(lambda_runtime.Worker.invoke, f'"{_DIED}"')
    must_contain(lambda_svc._execute_function_warm, 'error_type = "Runtime.HandlerError"')
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_RAISED, '"error_name": type(e).__name__, ' + _RAISED)
    invoke_worker, answer = lambda_runtime.Worker.invoke, lambda_svc._execute_function_warm

    def invoke(*arguments: Any, **named: Any) -> dict[str, Any]:
        result: dict[str, Any] = invoke_worker(*arguments, **named)
        error_name = "Runtime.ExitError" if result.get("error") == _DIED else result.get("error_name")
        if error_name:
            message = _NamedMessage(result["error"])
            message.error_name = error_name
            result["error"] = message
        return result

    def execute(*arguments: Any, **named: Any) -> dict[str, Any]:
        result: dict[str, Any] = answer(*arguments, **named)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and isinstance(body.get("errorMessage"), _NamedMessage):
            body["errorType"] = body["errorMessage"].error_name
        return result

    lambda_runtime.Worker.invoke = invoke
    lambda_svc._execute_function_warm = execute


GAP = Gap("error names", "every failure of a function is called Runtime.HandlerError, so no retry or catch by class matches", _fix)
