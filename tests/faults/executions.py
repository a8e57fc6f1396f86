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
from typing import Any, Callable, Dict, Iterator, List, Optional, Protocol
from unittest import mock

from boto3.s3.transfer import TransferConfig
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from runtime.aws import item_table, object_store
from runtime.aws.object_store import ObjectStore
from runtime.aws.tracking import Tracking, utc_now
from runtime.core.errors import LedgerlineError
from runtime.core.models import EXECUTION_ENDED
from runtime.formats.registry import FORMATS
from runtime.steps.stage import Stage
from tests.faults.network import DEADLY, Killed, Send, connect, is_write, served
from tests.support.state_machine import Call, TaskError, WorkerLost
from tests.support.workflow import BUCKET, SETTINGS, TABLE, Workflow


class Sender(Protocol):
    def send(self, request: AWSPreparedRequest) -> AWSResponse: ...


class Invocation:
    """One call of a step. *done* once it returned, raised or died."""

    def __init__(self, wire: Wire, call: Call) -> None:
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
        #: Parameters of each message to the results queue, and the files of each try to note a delivery.
        self.sent: List[Dict[str, Any]] = []
        self.deliveries: List[str] = []
        self._worker_table = connect(item_table.make_client(), self.wire.send)
        store = ObjectStore(connect(object_store.make_client(), self.wire.send), BUCKET)
        self.stage = Stage(SETTINGS, store, Tracking(self._worker_table, TABLE, self.now))

    def call_of(self, state: str, payload: Dict[str, Any]) -> Optional[Call]:
        """PublishResult and RecordDelivery as well."""
        if state == "PublishResult":
            return self._publish, payload
        if state == "RecordDelivery":
            return self._record_delivery, payload
        return super().call_of(state, payload)

    def _publish(self, message: Dict[str, Any]) -> None:
        self.sent.append(message)

    def _record_delivery(self, update: Dict[str, Any]) -> None:
        self.deliveries.append(update["Key"]["file_id"]["S"])
        try:
            self._worker_table.update_item(**{**update, "TableName": TABLE})
        except self._worker_table.exceptions.ConditionalCheckFailedException:
            raise TaskError("DynamoDB.ConditionalCheckFailedException") from None
        except Killed:
            raise
        except Exception as error:
            raise TaskError(f"DynamoDB.{type(error).__name__}") from error


class Execution:
    """One execution; ``status`` is Step Functions' own."""

    def __init__(self, workflow: WiredWorkflow, event: dict[str, Any]) -> None:
        self.workflow, self.event = workflow, event
        self.arn = workflow.next_execution()
        self.status = "RUNNING"
        self._road = workflow.road(event, self.arn)
        self._walk(lambda: next(self._road))

    def go_on(self, send: Send) -> None:
        self.invocation.go_on(send)
        self._settle()

    def lose_touch(self) -> Invocation:
        """Step Functions gives this worker up and retries; the worker knows nothing of it. Returns it."""
        left = self.invocation
        self._walk(functools.partial(self._road.throw, WorkerLost()))
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
            elif isinstance(error, (LedgerlineError, TaskError)):
                self._walk(functools.partial(self._road.throw, error))
            else:
                raise error

    def _walk(self, forward: Callable[[], Call]) -> None:
        try:
            call = forward()
        except StopIteration as end:
            self.status = end.value.status
        except (LedgerlineError, TaskError):
            self.status = "FAILED"
        else:
            self.invocation = Invocation(self.workflow.wire, call)
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
