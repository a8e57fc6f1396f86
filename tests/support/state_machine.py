"""The deployed state machine, walked in this process: what Step Functions does with etl/workflow.py's definition, without its waits.

The definition is the one of the template's snapshot, which tests/infrastructure/test_identity.py compares with the synthesized template: a
change of the state machine is a change of every walk. What the definition does not use is not known here, and fails the test.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, Generator, List, Mapping, NamedTuple, Optional, Tuple

from runtime.core.errors import LedgerlineError

SNAPSHOT = Path(__file__).parents[1] / "infrastructure" / "snapshots" / "etl-prod.json"

Data = Dict[str, Any]
#: A function of this process and its arguments.
Call = Tuple[Any, ...]
#: The call that a task is, given the task's state and its input; None: the task is passed over.
CallOf = Callable[[str, Any], Optional[Call]]
#: The items of a map, given the parameters of its reader.
ReadItems = Callable[[Mapping[str, Any]], List[Any]]

_COMPARISONS: Dict[str, Callable[[Any, Any], bool]] = {
    "StringEquals": lambda actual, expected: isinstance(actual, str) and actual == expected,
    "NumericEquals": lambda actual, expected: not isinstance(actual, (bool, str)) and actual == expected,
    "BooleanEquals": lambda actual, expected: actual is expected,
}


class Ended(NamedTuple):
    """How an execution ended, SUCCEEDED or FAILED, and the data of its last state."""

    status: str
    output: Data


#: Yields calls; is sent their answers, or thrown their errors.
Road = Generator[Call, Any, Ended]


class TaskError(Exception):
    """A task ended with an error that is not one of the runtime's own classes; ``name`` is Step Functions' name of it."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(cause or name)
        self.name = name


class WorkerLost(TaskError):
    """A function's process died, or Step Functions lost touch with it."""

    def __init__(self, cause: str = "") -> None:
        super().__init__("Runtime.ExitError", cause)


def definition() -> Data:
    template = json.loads(SNAPSHOT.read_text())
    (machine,) = [one for one in template["Resources"].values() if one["Type"] == "AWS::StepFunctions::StateMachine"]
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    return dict(json.loads("".join(part if isinstance(part, str) else "reference" for part in parts)))


MACHINE = definition()


def walk(event: Data, execution: str, call_of: CallOf, read_items: ReadItems) -> Road:
    """One execution. Raises the error that ends it where no state catches one."""
    context = {"Execution": {"Id": execution}, "State": {"EnteredTime": "2026-11-20T13:00:00.000Z"}, "StateMachine": {"Id": "arn:machine"}}
    return (yield from _States(context, call_of, read_items).walk(MACHINE, event))


def failure(error: Exception) -> Dict[str, str]:
    """An error of a function as Step Functions hands it to a Catch."""
    return {"Error": _name(error), "Cause": json.dumps({"errorMessage": str(error), "errorType": _name(error)})}


class _States:
    def __init__(self, context: Data, call_of: CallOf, read_items: ReadItems) -> None:
        self._context, self._call_of, self._read_items = context, call_of, read_items

    def walk(self, machine: Data, data: Data) -> Road:
        name: Optional[str] = machine["StartAt"]
        while name:
            state = machine["States"][name]
            if state["Type"] in ("Succeed", "Fail"):
                return Ended("SUCCEEDED" if state["Type"] == "Succeed" else "FAILED", data)
            if state["Type"] == "Choice":
                name = next((rule["Next"] for rule in state["Choices"] if self._holds(rule, data)), state["Default"])
                continue
            try:
                if state["Type"] != "Wait":
                    result = yield from self._retried(name, state, data, Counter())
                    result = self._filled(state["ResultSelector"], result) if "ResultSelector" in state else result
                    data = _put(data, state.get("ResultPath", "$"), result)
                name = state.get("Next")
            except (LedgerlineError, TaskError) as error:
                caught = next((one for one in state.get("Catch", []) if _names(one, error)), None)
                if caught is None:
                    raise
                data, name = _put(data, caught["ResultPath"], failure(error)), caught["Next"]
        return Ended("SUCCEEDED", data)

    def _retried(self, name: str, state: Data, data: Data, retries: Counter[int]) -> Generator[Call, Any, Any]:
        """The result of a Task or Map, with the retries that the state gives it; *retries*: those made, by retrier."""
        try:
            return (yield from (self._map(state, data) if state["Type"] == "Map" else self._task(name, state, data)))
        except (LedgerlineError, TaskError) as error:
            at = next((index for index, retrier in enumerate(state.get("Retry", [])) if _names(retrier, error)), None)
            if at is None or retries[at] == state["Retry"][at]["MaxAttempts"]:
                raise
        retries[at] += 1
        return (yield from self._retried(name, state, data, retries))

    def _task(self, name: str, state: Data, data: Data) -> Generator[Call, Any, Any]:
        assert state["Type"] == "Task", state
        call = self._call_of(name, self._filled(state["Parameters"], data) if "Parameters" in state else data)
        return json.loads(json.dumps((yield call))) if call else {}

    def _map(self, state: Data, data: Data) -> Generator[Call, Any, None]:
        """The items one after the other; the first that fails is one too many."""
        for item in self._read_items(self._filled(state["ItemReader"]["Parameters"], data)):
            self._context["Map"] = {"Item": {"Value": item}}
            try:
                yield from self.walk(state["ItemProcessor"], self._filled(state["ItemSelector"], data))
            except (LedgerlineError, TaskError) as error:
                raise TaskError("States.ExceedToleratedFailureThreshold", "too many items failed") from error

    def _holds(self, rule: Data, data: Data) -> bool:
        compared = {kind: expected for kind, expected in rule.items() if kind not in ("Variable", "Next", "Comment")}
        ((kind, expected),) = compared.items()
        if kind == "IsPresent":
            return (rule["Variable"][2:] in data) == expected
        return _COMPARISONS[kind](self._value(rule["Variable"], data), expected)

    def _filled(self, template: Any, data: Data) -> Any:
        """*template* with the values of its paths: the fields whose names end in ``.$``."""
        if not isinstance(template, dict):
            return template
        pairs = [
            (name[:-2], self._value(part, data)) if name.endswith(".$") else (name, self._filled(part, data))
            for name, part in template.items()
        ]
        return dict(pairs)

    def _value(self, path: str, data: Data) -> Any:
        formatted = re.fullmatch(r"States\.Format\('\{\}', (.+)\)", path)
        if formatted:
            return str(self._value(formatted[1], data))
        value: Any = self._context if path.startswith("$$") else data
        for dotted, quoted in re.findall(r"\.(\w+)|\['([^']+)'\]", path):
            value = value[dotted or quoted]
        return value


def _put(data: Data, path: Optional[str], result: Any) -> Data:
    if path is None:
        return data
    return dict(result) if path == "$" else {**data, path[2:]: result}


def _name(error: Exception) -> str:
    return error.name if isinstance(error, TaskError) else type(error).__name__


def _names(rule: Data, error: Exception) -> bool:
    """Whether a Retry or Catch is one of this error."""
    return any(name in ("States.ALL", "States.TaskFailed", _name(error)) for name in rule["ErrorEquals"])
