"""CloudFormation is answered, whatever happens: a stack that waits for nobody is worse than one that fails (D7)."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Iterator

import pytest

from runtime.aws import custom_resource
from runtime.handlers import check_deployment

Requests = list[tuple[str, dict[str, str], dict[str, Any]]]


@pytest.fixture
def cloudformation() -> Iterator[tuple[str, Requests]]:
    """A URL that takes answers, and what it was given."""
    taken: Requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/answer?signature=x", taken
    server.shutdown()
    thread.join()
    server.server_close()


def request(url: str, kind: str = "Update") -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "arn:stack",
        "RequestId": "5b2c6f0e-0000-4000-8000-000000000000",
        "LogicalResourceId": "Check",
    }


def test_an_answer_names_the_request_and_has_no_content_type_since_its_url_was_signed_without_one(
    cloudformation: tuple[str, Requests],
) -> None:
    url, taken = cloudformation
    custom_resource.answer(request(url), "thing", None)
    ((path, headers, answer),) = taken
    assert path == "/answer?signature=x"
    assert headers["Content-Type"] == ""
    assert answer == {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": "thing",
        "StackId": "arn:stack",
        "RequestId": "5b2c6f0e-0000-4000-8000-000000000000",
        "LogicalResourceId": "Check",
    }


def test_a_problem_is_one_line_that_fits_into_what_cloudformation_takes(cloudformation: tuple[str, Requests]) -> None:
    url, taken = cloudformation
    custom_resource.answer(request(url), "thing", "first\nsecond " + "é" * 5000)
    answer = taken[0][2]
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("first second é")
    assert len(json.dumps(answer)) > len(answer["Reason"])
    assert len(json.dumps(answer).encode()) <= 4096 * 2


def test_an_answer_that_is_not_taken_is_sent_again_and_the_last_refusal_is_raised() -> None:
    slept: list[float] = []
    tries = iter([urllib.error.URLError("reset"), TimeoutError("slow"), None])

    def send(_: urllib.request.Request) -> None:
        error = next(tries)
        if error:
            raise error

    custom_resource.answer(request("https://x"), "thing", None, send=send, sleep=slept.append)
    assert slept == [1.0, 2.0]

    def refuse(_: urllib.request.Request) -> None:
        raise urllib.error.URLError("gone")

    with pytest.raises(OSError, match="gone"):
        custom_resource.answer(request("https://x"), "thing", None, send=refuse, sleep=slept.append)
    assert slept == [1.0, 2.0, 1.0, 2.0, 4.0, 8.0]


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@pytest.mark.parametrize(
    ("found", "status", "reason"),
    [
        ([], "SUCCESS", ""),
        (["rows_read: expected 264, found 263", "x"], "FAILED", "cannot process a file: rows_read: expected 264, found 263; x"),
    ],
)
def test_what_the_check_finds_is_what_cloudformation_is_told(
    cloudformation: tuple[str, Requests], monkeypatch: pytest.MonkeyPatch, found: list[str], status: str, reason: str
) -> None:
    url, taken = cloudformation
    seen: list[float] = []
    monkeypatch.setattr("runtime.steps.deployment_check.check", lambda event, seconds: seen.append(seconds) or found)
    check_deployment.handler(request(url), Context())
    assert (taken[0][2]["Status"], seen) == (status, [900.0])
    assert reason in taken[0][2]["Reason"]


def test_a_check_that_cannot_be_made_fails_the_deployment_at_once(
    cloudformation: tuple[str, Requests], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a layer that does not load: nothing of the check can be imported."""
    url, taken = cloudformation
    monkeypatch.setitem(__import__("sys").modules, "runtime.steps.deployment_check", None)
    check_deployment.handler(request(url, "Create"), Context())
    assert taken[0][2]["Status"] == "FAILED"
    assert "the check could not be made: ModuleNotFoundError" in taken[0][2]["Reason"]


def test_a_deletion_is_granted_without_a_look(cloudformation: tuple[str, Requests], monkeypatch: pytest.MonkeyPatch) -> None:
    url, taken = cloudformation
    monkeypatch.setitem(__import__("sys").modules, "runtime.steps.deployment_check", None)
    check_deployment.handler(request(url, "Delete"), Context())
    assert (taken[0][2]["Status"], taken[0][2]["PhysicalResourceId"]) == ("SUCCESS", check_deployment.PHYSICAL_ID)
