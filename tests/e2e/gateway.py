"""A gateway between a stage's functions and the emulator: each call can be passed on, held, or answered with an error.

So faults happen where they would on AWS, beyond the SDK, and at a moment that is known and not guessed.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from tests.e2e.deployed import DeployedStage
from tests.e2e.files import DEADLINE_SECONDS

_HOP_BY_HOP = {"connection", "expect", "host", "keep-alive", "transfer-encoding", "content-length"}


class Call(NamedTuple):
    """One request of a function: DynamoDB's by operation, S3's by method and key."""

    method: str
    path: str
    operation: str

    @property
    def key(self) -> str:
        return self.path.split("?")[0].lstrip("/").partition("/")[2]


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes


#: What becomes of a call: an answer in the emulator's place, or None to pass it on.
Rule = Callable[[Call], "Answer | None"]


def dynamodb_throttled(_: Call) -> Answer:
    refusal = {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "a test's"}
    return Answer(400, "application/x-amz-json-1.0", json.dumps(refusal).encode())


def s3_aborted(_: Call) -> Answer:
    """What may pass, and what the SDK does not try again by itself."""
    return Answer(409, "application/xml", b"<Error><Code>OperationAborted</Code><Message>a test's</Message></Error>")


@dataclass
class Refusals:
    """Answers the first calls of each operation with *answer*, as many as *first* says."""

    first: dict[str, int]
    answer: Rule
    refused: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: Call) -> Answer | None:
        with self._lock:
            if self.refused[call.operation] >= self.first.get(call.operation, 0):
                return None
            self.refused[call.operation] += 1
        return self.answer(call)


@dataclass
class Hold:
    """Keeps the calls that *which* names from going on until it is released."""

    which: Callable[[Call], bool]
    held: list[Call] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def __call__(self, call: Call) -> Answer | None:
        if self.which(call) and not self.released.is_set():
            self.held.append(call)
            assert self.released.wait(DEADLINE_SECONDS), f"{call} was held and never released"
        return None


class Gateway:
    def __init__(self, stage: DeployedStage) -> None:
        self._stage = stage
        self._target = urlsplit(stage.endpoint).netloc
        self.rule: Rule = lambda _: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def between(self, *functions: str, rule: Rule) -> Iterator[None]:
        """Send every call of these functions through the gateway, where *rule* decides."""
        client, before = self._stage.client("lambda"), {}
        self.rule = rule
        for function in functions:
            name = f"etl-{function.replace('_', '-')}-{self._stage.suffix}"
            before[name] = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            client.update_function_configuration(
                FunctionName=name, Environment={"Variables": {**before[name], "AWS_ENDPOINT_URL": self.endpoint}}
            )
        try:
            yield
        finally:
            self.rule = lambda _: None
            for name, variables in before.items():
                client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    def kill_workers(self) -> int:
        """SIGKILL every process of a function whose calls go through this gateway; return how many there were."""
        marked = f"AWS_ENDPOINT_URL={self.endpoint}".encode()
        found = 0
        for environment in Path("/proc").glob("[0-9]*/environ"):
            with suppress(FileNotFoundError, PermissionError, ProcessLookupError):
                if marked in environment.read_bytes().split(b"\0"):
                    os.kill(int(environment.parent.name), signal.SIGKILL)
                    found += 1
        return found

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                # A worker that was killed reads no answer.
                with suppress(ConnectionError):
                    super().handle_one_request()

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                answer = gateway.rule(Call(self.command, unquote(self.path), operation))
                if answer is None:
                    self._forward(body)
                    return
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def _forward(self, body: bytes) -> None:
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
                connection = http.client.HTTPConnection(gateway._target, timeout=DEADLINE_SECONDS)
                try:
                    connection.request(self.command, self.path, body=body or None, headers=headers)
                    answer = connection.getresponse()
                    content = answer.read()
                finally:
                    connection.close()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in _HOP_BY_HOP:
                        self.send_header(name, value)
                length = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(content))
                self.send_header("Content-Length", length)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Say nothing: what was called is in the rule."""

        return Handler
