"""Executions that go on one AWS call at a time, so that any order of any two of them can be made, and made again.

An invocation is one call of a function: it runs in a thread of its own, but only while it is let, up to
its next call to AWS. An execution is what Step Functions makes of invocations: retries, and an end.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import sys
import threading
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Callable, Iterator, List, Optional, Protocol, Tuple
from unittest import mock

from boto3.s3.transfer import TransferConfig
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from runtime.aws import item_table, object_store
from runtime.aws.object_store import ObjectStore
from runtime.aws.tracking import Tracking, utc_now
from runtime.core.errors import DeploymentFault, LedgerlineError, Throttled, TransientError
from runtime.core.models import EXECUTION_ENDED
from runtime.formats.registry import FORMATS
from runtime.steps.stage import Stage
from tests.faults.network import DEADLY, Killed, Send, connect, is_write, served
from tests.support.workflow import BUCKET, SETTINGS, TABLE, Road, WorkerLost, Workflow

RETRIES = 3


class Sender(Protocol):
    def send(self, request: AWSPreparedRequest) -> AWSResponse: ...


class Invocation:
    """One call of a step. *done* once it returned, raised or died."""

    def __init__(self, wire: Wire, call: Tuple[Any, ...]) -> None:
        self._wire, self._call = wire, call
        self._turn, self._rest = threading.Semaphore(0), threading.Semaphore(0)
        self._send: Send = served
        self.answer: Any = None
        self.error: Optional[BaseException] = None
        self.dead = self.done = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._let()

    def go_on(self, send: Send) -> None:
        """Have the call that it waits for treated as *send* does, and let it run to its next one."""
        self._send = send
        self._let()

    def _let(self) -> None:
        self._wire.invocation = self
        self._turn.release()
        self._rest.acquire()
        self._wire.invocation = None
        if self.done:
            self._thread.join()

    def _run(self) -> None:
        self._turn.acquire()
        try:
            step, *arguments = self._call
            self.answer = step(*arguments)
        except BaseException as error:  # noqa: BLE001  whoever waits for the answer raises it
            self.error = error
        self.done = True
        self._rest.release()

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        if self.dead:
            raise Killed
        self._rest.release()
        self._turn.acquire()
        self.dead = self._send in DEADLY
        return self._send(request)


class Wire:
    """Where the workers' requests arrive: they are the invocation's that has its turn, or the test's own. ``writes`` counts."""

    invocation: Optional[Sender] = None
    writes = 0

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        self.writes += is_write(request)
        return self.invocation.send(request) if self.invocation else served(request)


@dataclass
class WiredWorkflow(Workflow):
    """A stage whose workers call AWS over *wire*, and whose road goes on to the queue."""

    now: Callable[[], datetime] = utc_now

    def __post_init__(self) -> None:
        self.wire = Wire()
        self.sent: List[dict[str, Any]] = []
        self._worker_table = connect(item_table.make_client(), self.wire.send)
        store = ObjectStore(connect(object_store.make_client(), self.wire.send), BUCKET)
        self.stage = Stage(SETTINGS, store, Tracking(self._worker_table, TABLE, self.now))

    def road(self, event: dict[str, Any], execution: str) -> Road:
        """The states behind RecordFailure and FinalizeFile as well: PublishResult and RecordDelivery."""
        state = yield from super().road(event, execution)
        if "outcome" in state and state["outcome"]["publish"]:
            yield self._publish, state
        return state

    def _publish(self, state: dict[str, Any]) -> None:
        self.sent.append(state["outcome"])
        try:
            self._worker_table.update_item(
                TableName=TABLE,
                Key={"file_id": {"S": state["file_id"]}, "chunk_id": {"S": "#file"}},
                UpdateExpression="SET published_at = :now ADD revision :one",
                ConditionExpression="attempt = :attempt",
                ExpressionAttributeValues={
                    ":now": {"S": "2026-11-20T13:00:00Z"},
                    ":one": {"N": "1"},
                    ":attempt": {"N": str(state["attempt"])},
                },
            )
        except self._worker_table.exceptions.ConditionalCheckFailedException:
            return  # the file is another attempt's by now
        except Killed:
            raise
        except Exception as error:  # States.TaskFailed, whatever it was
            raise WorkerLost from error


class Execution:
    """One execution; ``status`` is Step Functions' own."""

    def __init__(self, workflow: WiredWorkflow, event: dict[str, Any]) -> None:
        self.workflow, self.event = workflow, event
        self.arn = workflow.next_execution()
        self.status = "RUNNING"
        self.retries = 0
        self._road = workflow.road(event, self.arn)
        self._walk(lambda: next(self._road))

    def go_on(self, send: Send) -> None:
        self.invocation.go_on(send)
        self._settle()

    def lose_touch(self) -> Invocation:
        """Step Functions gives this worker up and retries; the worker knows nothing of it. Returns it."""
        left = self.invocation
        self._retry(WorkerLost())
        self._settle()
        return left

    def stop(self, status: str) -> Invocation:
        """ABORTED by an operator, or TIMED_OUT. Returns the worker, which nobody stopped."""
        self.status = status
        return self.invocation

    def report(self) -> dict[str, Any]:
        """What EventBridge tells of an execution that ended badly."""
        detail = {"executionArn": self.arn, "status": self.status, "input": json.dumps(self.event)}
        return {"detail-type": EXECUTION_ENDED, "source": "aws.states", "detail": detail}

    def _settle(self) -> None:
        """Go on from invocations that have ended."""
        while self.status == "RUNNING" and self.invocation.done:
            ended = self.invocation
            error = WorkerLost() if ended.dead else ended.error
            if error is None:
                self._walk(functools.partial(self._road.send, ended.answer))
            elif isinstance(error, (TransientError, DeploymentFault, WorkerLost)):
                self._retry(error)
            elif isinstance(error, LedgerlineError):
                self._walk(functools.partial(self._road.throw, error))
            else:
                raise error

    def _retry(self, error: Exception) -> None:
        if self.retries == RETRIES and isinstance(error, Throttled):
            self.retries = 0  # E23: it waits, and begins anew
            self.invocation = Invocation(self.workflow.wire, self._call)
        elif self.retries == RETRIES:
            self._walk(functools.partial(self._road.throw, error))
        else:
            self.retries += 1
            self.invocation = Invocation(self.workflow.wire, self._call)

    def _walk(self, forward: Callable[[], Tuple[Any, ...]]) -> None:
        try:
            self._call = forward()
        except StopIteration as end:
            self.status = "FAILED" if end.value.get("outcome", {}).get("status") == "FAILED" else "SUCCEEDED"
        except (LedgerlineError, WorkerLost):
            self.status = "FAILED"
        else:
            self.retries = 0
            self.invocation = Invocation(self.workflow.wire, self._call)
            self._settle()


@contextlib.contextmanager
def one_call_at_a_time() -> Iterator[None]:
    """No pools and no waiting: what a worker does is the same sequence of calls each time."""
    for form in FORMATS.values():  # a module that is imported later would bring its pools
        for name in form.modules:
            importlib.import_module(name)
    with contextlib.ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith("runtime.") and hasattr(module, "ThreadPoolExecutor"):
                stack.enter_context(mock.patch.object(module, "ThreadPoolExecutor", _InOrder))
        in_order = functools.partial(TransferConfig, use_threads=False)
        stack.enter_context(mock.patch("runtime.aws.object_store.TransferConfig", in_order))
        stack.enter_context(mock.patch("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None)))
        yield


class _InOrder(Executor):
    """An executor that has no threads."""

    def __init__(self, workers: int) -> None:
        """As many as may be."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **named))
        except Exception as error:  # noqa: BLE001  the future hands it on
            future.set_exception(error)
        return future
