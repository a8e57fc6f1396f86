"""Forged messages of the workflow: an execution's input, a state's data, a chunk of a manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Dict, Tuple, Type

from runtime.core.errors import InvalidInput, LedgerlineError, OwnershipLost, UnsupportedSchema
from runtime.core.models import EXECUTION_ENDED
from tests.hostile.case import Line

TITLE = "Forged messages"
PROMISE = "The message is refused, nothing is read or written, and the honest file still succeeds."


@dataclass(frozen=True)
class Planned:
    """A file whose chunks are planned: its event, PlanChunks' answer, and the items of its manifest."""

    event: Dict[str, Any]
    state: Dict[str, Any]
    chunks: Tuple[Dict[str, Any], ...]


@dataclass(frozen=True)
class Forgery:
    """``forge`` makes the message for ``step`` from the messages of an honest file and of another partner's file."""

    sends: str
    step: str
    forge: Callable[[Planned, Planned], Any]
    error: Type[LedgerlineError]
    words: str

    @property
    def lines(self) -> Tuple[Line, ...]:
        ending = f"`{self.error.__name__}`"
        return (Line(self.sends, f"nothing is read or written, {ending}: {self.words}", ending),)


def _arrival(said: str, words: str, forge: Callable[[Dict[str, Any]], Any], error: Type[LedgerlineError] = InvalidInput) -> Forgery:
    """*forge* gets a copy of an honest event and returns the event to send."""
    return Forgery(
        f"an event {said}",
        "register_file",
        lambda ours, _: {"event": forge(json.loads(json.dumps(ours.event))), "execution": "arn:forged"},
        error,
        words,
    )


def _of_object(**changes: Any) -> Callable[[Dict[str, Any]], Any]:
    def forge(event: Dict[str, Any]) -> Dict[str, Any]:
        event["detail"]["object"].update({name.replace("_", "-"): value for name, value in changes.items()})
        return event

    return forge


def _in_bucket(name: Any) -> Callable[[Dict[str, Any]], Any]:
    return lambda event: {**event, "detail": {**event["detail"], "bucket": {"name": name}}}


def _without_version(event: Dict[str, Any]) -> Dict[str, Any]:
    del event["detail"]["object"]["version-id"]
    return event


def _chunk(said: str, words: str, error: Type[LedgerlineError] = InvalidInput, **changes: Any) -> Forgery:
    return _chunk_of_both(said, words, lambda ours, _: {**ours.chunks[0], **changes}, error)


def _chunk_of_both(said: str, words: str, forge: Callable[[Planned, Planned], Any], error: Type[LedgerlineError] = InvalidInput) -> Forgery:
    return Forgery(
        f"a chunk {said}", "process_chunk", lambda ours, theirs: {"chunk": forge(ours, theirs), "execution": "arn:forged"}, error, words
    )


def _task(said: str, words: str, error: Type[LedgerlineError] = InvalidInput, step: str = "finalize_file", **changes: Any) -> Forgery:
    return Forgery(f"a task {said}", step, lambda ours, _: {**ours.state, **changes}, error, words)


def _report(said: str, words: str, detail: Any) -> Forgery:
    event = {"detail-type": EXECUTION_ENDED, "detail": detail}
    return Forgery(
        f"a report of an execution's end {said}",
        "record_failure",
        lambda *_: {"event": event, "execution": "arn:forged"},
        InvalidInput,
        words,
    )


_NO_EVENT = "not an S3 Object Created event"
_NO_CHUNK = "not a chunk task"
_NO_TASK = "not a file task"
_NO_ORIGINAL = "which is no original of its file"
_NOT_PLANNED = "is not as this stage planned it"
_ENDED = {"executionArn": "arn:dead", "status": "FAILED"}

CASES = (
    _arrival("that is a list", _NO_EVENT, lambda _: []),
    _arrival("that is text", _NO_EVENT, lambda _: "{}"),
    _arrival("that is null", _NO_EVENT, lambda _: None),
    _arrival("that is empty", _NO_EVENT, lambda _: {}),
    _arrival("of a deletion", _NO_EVENT, lambda event: {**event, "detail-type": "Object Deleted"}),
    _arrival("whose detail is a list", _NO_EVENT, lambda event: {**event, "detail": []}),
    _arrival("from another bucket", "bucket 'elsewhere' is not this stage's", _in_bucket("elsewhere")),
    _arrival("from a bucket that is a number", _NO_EVENT, _in_bucket(5)),
    _arrival("without a version id", "names no version", _without_version),
    _arrival("with an empty version id", "names no version", _of_object(version_id="")),
    _arrival("with the version id of an unversioned object", "names no version", _of_object(version_id="null")),
    _arrival("with a version id that is a number", _NO_EVENT, _of_object(version_id=5)),
    _arrival("for an object that is not under `incoming/`", "is not under incoming/", _of_object(key="curated/payments/x.parquet")),
    _arrival("with a key that is a list", _NO_EVENT, _of_object(key=["incoming/"])),
    _arrival("with a key of 1,025 bytes", _NO_EVENT, _of_object(key="incoming/" + "a" * 1016)),
    _arrival("with a key that is no Unicode", _NO_EVENT, _of_object(key="incoming/\ud800")),
    _arrival("with a size that is text", _NO_EVENT, _of_object(size="many")),
    _arrival("with a size of 400 digits", _NO_EVENT, _of_object(size=10**400)),
    _arrival("with an infinite size", _NO_EVENT, _of_object(size=float("inf"))),
    _arrival(
        "with a requester that is an object", _NO_EVENT, lambda event: {**event, "detail": {**event["detail"], "requester": {"a": 1}}}
    ),
    Forgery("no chunk", "process_chunk", lambda *_: {}, UnsupportedSchema, "Message schema 'NoneType'"),
    _chunk_of_both("that is a list", "it is a list", lambda *_: []),
    _chunk("of the next schema", "Message schema 2 is not among [1]", UnsupportedSchema, schema=2),
    _chunk("of no schema", "Message schema 'NoneType'", UnsupportedSchema, schema=None),
    _chunk("whose schema is `true`", "Message schema 'bool'", UnsupportedSchema, schema=True),
    _chunk_of_both("without an end", _NO_CHUNK, lambda ours, _: {name: value for name, value in ours.chunks[0].items() if name != "end"}),
    _chunk_of_both(
        "in another bucket",
        _NO_ORIGINAL,
        lambda ours, _: {**ours.chunks[0], "source": {**ours.chunks[0]["source"], "bucket": "elsewhere"}},
    ),
    _chunk_of_both(
        "with another partner's object as its source",
        _NO_ORIGINAL,
        lambda ours, theirs: {**ours.chunks[0], "source": theirs.chunks[0]["source"]},
    ),
    _chunk_of_both(
        "with another partner's file, read as ours",
        _NO_ORIGINAL,
        lambda ours, theirs: {**ours.chunks[0], "file_id": theirs.chunks[0]["file_id"]},
    ),
    _chunk_of_both(
        "read by another file's contract",
        _NOT_PLANNED,
        lambda ours, theirs: {**ours.chunks[0], "reading_key": theirs.chunks[0]["reading_key"]},
    ),
    _chunk_of_both(
        "without a version",
        _NO_ORIGINAL,
        lambda ours, _: {**ours.chunks[0], "source": {**ours.chunks[0]["source"], "version_id": None}},
    ),
    _chunk("whose source is text", _NO_CHUNK, source="incoming/payments/acme/day.csv"),
    _chunk("of a file that is not there", "was not planned by this stage", file_id="f" * 32),
    _chunk("whose file id is a path", _NO_CHUNK, file_id="../" * 10 + "aa"),
    _chunk("whose id is the file's own item", _NO_CHUNK, chunk_id="#file"),
    _chunk("that begins before the file", _NOT_PLANNED, start=-1),
    _chunk("that ends where it begins", _NOT_PLANNED, end=0),
    _chunk("that ends beyond the file", _NOT_PLANNED, end=10**12),
    _chunk("whose end has 400 digits", _NO_CHUNK, end=10**400),
    _chunk("whose start is text", _NO_CHUNK, start="0"),
    _chunk("whose start is a fraction", _NO_CHUNK, start=0.5),
    _chunk("that claims to be the last", _NOT_PLANNED, last=True),
    _chunk("whose `last` is text", _NO_CHUNK, last="false"),
    _chunk("of a plan that was not made", _NOT_PLANNED, plan=2),
    _task("of the next schema", "Message schema 2 is not among [1]", UnsupportedSchema, schema=2),
    _task("of a file that is not there", "not registered", OwnershipLost, file_id="f" * 32),
    _task("of another attempt", "is no longer attempt 2's", OwnershipLost, attempt=2),
    _task("whose attempt is text", _NO_TASK, attempt="1"),
    _task("whose attempt is infinite", _NO_TASK, attempt=float("inf")),
    _task("whose file id is empty", _NO_TASK, file_id=""),
    _task("whose file id is a megabyte", _NO_TASK, file_id="f" * 1_000_000),
    _task("whose execution is a list", _NO_TASK, execution=[]),
    _task("to plan again from where no chunk begins", "begins where it is to be planned again", step="plan_chunks", exact_from=7),
    _task("to plan again from before the file", "begins where it is to be planned again", step="plan_chunks", exact_from=-1),
    _task("to plan again from text", "begins where it is to be planned again", step="plan_chunks", exact_from="0"),
    _report("without a detail", "not the report of an execution's end", None),
    _report("without an execution", "not the report of an execution's end", {"status": "FAILED"}),
    _report("whose input is no JSON", "not the report of an execution's end", {**_ENDED, "input": "{"}),
    _report("whose input is a number", "not the report of an execution's end", {**_ENDED, "input": "5"}),
    _report(
        "of a file id that is none",
        "not a file's id",
        {**_ENDED, "input": json.dumps({"schema": 1, "file_id": "x", "attempt": 1, "execution": "a"})},
    ),
)
