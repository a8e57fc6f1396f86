"""What is between a worker and AWS: the store is in this process, the way to it can break.

The clients are the real ones with the runtime's own configuration, so the SDK's retries are part of what is tested.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any, Callable, Iterator, Tuple
from unittest import mock

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto import mock_aws
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber
from moto.moto_api._internal import mock_random

from tests.support.memory import MemoryAws
from tests.support.workflow import make_clients, make_store

Send = Callable[[AWSPreparedRequest], AWSResponse]


class Killed(Exception):
    """The worker's process is gone in the middle of a call. Every later call of that worker raises it too."""


def _served_by_moto(request: AWSPreparedRequest) -> AWSResponse:
    response = botocore_stubber("before-send", request)
    assert response is not None, request.url
    return response


_store: Send = _served_by_moto


@contextlib.contextmanager
def store(kind: str) -> Iterator[Callable[[], Tuple[Any, Any]]]:
    """A store, "memory" or "moto". Gives a function that empties it and returns the test's own clients, whose way never breaks."""
    with mock_aws(), mock.patch(f"{__name__}._store", _store):
        clients = make_clients()
        if kind == "memory":
            memory = MemoryAws()
            globals()["_store"] = memory.send
            for client in clients:
                memory.serve(client)

        def emptied() -> Tuple[Any, Any]:
            if kind == "memory":
                memory.reset()
                return clients
            BackendDict.reset()
            mock_random.seed(7)  # of version ids
            return make_store(clients)

        yield emptied


def served(request: AWSPreparedRequest) -> AWSResponse:
    """The call as it should be. Always us-east-1's store, always in this process."""
    return _store(request)


def refused(request: AWSPreparedRequest) -> AWSResponse:
    """The connection broke before AWS had the request."""
    raise ConnectionClosedError(endpoint_url=request.url, request=request)


def lost(request: AWSPreparedRequest) -> AWSResponse:
    """AWS did it; the answer never came. The SDK asks again."""
    served(request)
    raise ReadTimeoutError(endpoint_url=request.url)


def unavailable(request: AWSPreparedRequest) -> AWSResponse:
    return _error(request, 500, "InternalError", "ServiceUnavailable")


def throttled(request: AWSPreparedRequest) -> AWSResponse:
    return _error(request, 503, "SlowDown", "ThrottlingException", 400)


def refused_access(request: AWSPreparedRequest) -> AWSResponse:
    """Nothing that a retry could mend."""
    return _error(request, 403, "AccessDenied", "AccessDeniedException", 400)


def conflicted(request: AWSPreparedRequest) -> AWSResponse:
    """A transaction that met another one on its item; S3 knows none."""
    if _operation(request) != "TransactWriteItems":
        return unavailable(request)
    reasons = {"CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}]}
    return _dynamodb_error(request, 400, "TransactionCanceledException", reasons)


def killed_before(request: AWSPreparedRequest) -> AWSResponse:
    raise Killed


def killed_after(request: AWSPreparedRequest) -> AWSResponse:
    served(request)
    raise Killed


FAULTS = {
    fault.__name__: fault for fault in (refused, lost, unavailable, throttled, refused_access, conflicted, killed_before, killed_after)
}
DEADLY = (killed_before, killed_after)


def connect(client: Any, send: Send) -> Any:
    """*client*, one that the runtime made, with its requests going to *send*."""
    client.meta.events.unregister("before-send", botocore_stubber)
    client._endpoint.http_session = _Session(send)
    return client


class _Session:
    def __init__(self, send: Send) -> None:
        self.send = send


def is_write(request: AWSPreparedRequest) -> bool:
    operation = _operation(request)
    return (
        operation in {"PutItem", "UpdateItem", "TransactWriteItems", "DeleteItem"} if operation else request.method not in ("GET", "HEAD")
    )


def described(request: AWSPreparedRequest) -> str:
    """``PutObject``-like words for a list of what was disturbed: the operation, and the first folder of a key."""
    operation = _operation(request)
    if operation:
        return operation
    folder = request.url.split("/", 3)[-1].split("/")[0].split("?")[0]
    copied = b"x-amz-copy-source" in request.headers or "x-amz-copy-source" in request.headers
    return f"{'COPY' if copied else request.method} {folder}/"


def _operation(request: AWSPreparedRequest) -> str:
    target = request.headers.get("X-Amz-Target", b"")
    return (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]


def _error(request: AWSPreparedRequest, status: int, s3_code: str, dynamodb_code: str, dynamodb_status: int = 0) -> AWSResponse:
    if _operation(request):
        return _dynamodb_error(request, dynamodb_status or status, dynamodb_code, {})
    # S3 gives no HEAD a body, so nobody learns the code of what it says to one.
    body = "" if request.method == "HEAD" else f"<Error><Code>{s3_code}</Code><Message>a test's</Message></Error>"
    return AWSResponse(request.url, status, {"Content-Type": "application/xml"}, MockRawResponse(body))


def _dynamodb_error(request: AWSPreparedRequest, status: int, code: str, more: dict[str, Any]) -> AWSResponse:
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "a test's", **more})
    return AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, MockRawResponse(body))
