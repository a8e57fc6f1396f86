"""Functions in processes of their own, which SIGKILL can end in the middle of a call.

The store is this process's. A worker is a fork of it, as warm as Lambda's, and reaches the store by a pipe only.
"""

from __future__ import annotations

import os
import signal
import threading
import warnings
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Dict, List, NamedTuple, Optional

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from runtime.core.errors import error_class
from tests.faults.executions import WiredWorkflow
from tests.faults.network import described, is_write, served
from tests.support.state_machine import Call, WorkerLost
from tests.support.workflow import drive


class Write(NamedTuple):
    """The *ordinal*-th write of the *invocation*-th invocation of an execution, both counted from 0; *finishes*: a chunk."""

    invocation: int
    ordinal: int
    step: str
    what: str
    finishes: bool


class Kill(NamedTuple):
    write: Write
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.write.step} {self.write.what} ({self.write.invocation}.{self.write.ordinal})"


class Processes:
    """Drives an execution: with a process for each invocation, or only for the one in which a worker is to die at *kill*."""

    def __init__(self, workflow: WiredWorkflow, kill: Optional[Kill] = None) -> None:
        self._workflow, self._kill = workflow, kill
        self.writes: List[Write] = []
        self.killed = 0
        self._invocations = 0

    def run(self, event: Dict[str, Any]) -> None:
        drive(self._workflow.road(event, self._workflow.next_execution()), self._invoke)

    def _invoke(self, call: Call) -> Any:
        if not call[0].__module__.startswith("runtime."):
            return call[0](*call[1:])  # what Step Functions does itself
        if self._kill and self._kill.write.invocation != self._invocations:
            self._invocations += 1
            return call[0](*call[1:])  # nobody is killed in it
        kill = self._kill if self._kill and self._kill.write.invocation == self._invocations and not self.killed else None
        ours, theirs = Pipe()
        with warnings.catch_warnings():
            # Python warns of threads that a fork loses; what is idle in Arrow's pool is made anew by Arrow.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            ours.close()
            _work(call, self._workflow, theirs, kill)
        theirs.close()
        try:
            return self._serve(call[0].__name__, ours)
        finally:
            ours.close()
            _, status = os.waitpid(child, 0)
            self.killed += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            self._invocations += 1

    def _serve(self, step: str, worker: Connection) -> Any:
        ordinal = 0
        while True:
            try:
                kind, message = worker.recv()
            except EOFError:
                raise WorkerLost(f"{step} died") from None
            if kind == "answer":
                return message
            if kind == "error":
                name, text = message
                known = error_class(name)
                assert known, f"{step}: {name}: {text}"
                error = known.__new__(known)
                error.args = (text,)
                raise error
            request = AWSPreparedRequest(*message, stream_output=False)
            response = served(request)
            if is_write(request):
                finishes = step == "process" and b"finished_at" in (request.body or b"")
                self.writes.append(Write(self._invocations, ordinal, step, described(request), finishes))
                ordinal += 1
            worker.send((response.status_code, dict(response.headers), response.content))


def _work(call: Call, workflow: WiredWorkflow, store: Connection, kill: Optional[Kill]) -> None:
    """The child's whole life."""
    workflow.wire.invocation = _Caller(store, kill)
    try:
        step, *arguments = call
        store.send(("answer", step(*arguments)))
    except Exception as error:  # noqa: BLE001  as Lambda: its type and its words
        store.send(("error", (type(error).__name__, str(error))))
    finally:
        os._exit(0)


class _Caller:
    """A worker's way to the store, one request at a time."""

    def __init__(self, store: Connection, kill: Optional[Kill]) -> None:
        self._store, self._kill = store, kill
        self._lock = threading.Lock()
        self._writes = 0

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        with self._lock:
            fatal = self._kill is not None and is_write(request) and self._writes == self._kill.write.ordinal
            self._writes += is_write(request)
            if fatal and not self._kill.after:
                os.kill(os.getpid(), signal.SIGKILL)
            body = request.body.read() if hasattr(request.body, "read") else request.body
            self._store.send(("request", (request.method, request.url, request.headers, body)))
            status, headers, content = self._store.recv()
            if fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return AWSResponse(request.url, status, headers, MockRawResponse(content))
