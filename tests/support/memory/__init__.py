"""S3 and DynamoDB in this process, at the wire: real clients send their requests here and get answers of AWS's form.

It knows the calls that the runtime and its tests make, answers them several times faster than moto, and fails the test at any other.
``tests/unit/support/test_memory.py`` makes the same calls here and on moto and compares the answers.
"""

from __future__ import annotations

import io
import threading
from typing import Any, Iterable, Iterator, Mapping

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.support.memory.expressions import Item
from tests.support.memory.s3 import S3
from tests.support.memory.table import Tables


class MemoryAws:
    """Every bucket exists and has versions; every table has the keys and indexes of the tracking table."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Empty all buckets and tables."""
        self._s3, self._tables = S3(), Tables()

    def serve(self, client: Any) -> Any:
        """Send the requests of *client* here; return it."""
        client.meta.events.register_first("before-send.*.*", lambda request, **_: self.send(request))
        return client

    def fill(self, table: str, items: Iterable[Item]) -> None:
        """Put *items*, in the form of the API, without a request for each."""
        for item in items:
            self._tables.store(table, item)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        body = request.body or b""
        body = body.read() if hasattr(body, "read") else body
        body = body.encode() if isinstance(body, str) else bytes(body)
        headers = {_text(name).lower(): _text(value) for name, value in request.headers.items()}
        with self._lock:
            if "x-amz-target" in headers:
                status, answer = self._tables.answer(headers["x-amz-target"].rpartition(".")[2], body)
                described: Mapping[str, str] = {"Content-Type": "application/x-amz-json-1.0"}
            else:
                status, described, answer = self._s3.answer(request.method, request.url, headers, body)
        return AWSResponse(request.url, status, described, _Raw(answer))


class _Raw(io.BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        contents = self.read()
        while contents:
            yield contents
            contents = self.read()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
