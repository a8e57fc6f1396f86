"""Messages between the states of the workflow, and the statuses of files and chunks.

File tasks, chunk tasks, redrive requests, snapshots, published documents and the items of the tracking table carry a schema
number. Events of AWS (arrivals, ended executions) carry none. Readers of tasks, requests and snapshots accept the number
before :data:`SCHEMA` as well, so a file in progress survives a deployment and a rollback.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Any, Mapping

from runtime.core.errors import InvalidInput, UnsupportedSchema

SCHEMA = 1
#: N and N-1; there is no 0. A new number is accepted here one delivery before it is written (docs/adr/0001).
ACCEPTED_SCHEMAS = (1,)

FILE_ITEM = "#file"
EVENT_PREFIX = "#event#"
#: Partition key of bookmarks: where work that spans several calls goes on.
BOOKMARKS = "#bookmarks"
#: Partition key of pending-work notes, deleted once the outcome is published and the original is moved.
OWED = "#owed"
#: The sparse indexes of the tracking table: only files have a ``file_status``, and a ``dataset`` once it is known.
FILES_BY_STATUS = "files-by-status"
FILES_BY_DATASET = "files-by-dataset"


class FileStatus:
    """Statuses of a file. The last three are final; COMMITTED is followed only by SUCCEEDED."""

    REGISTERED = "REGISTERED"
    VALIDATED = "VALIDATED"
    PROCESSING = "PROCESSING"
    COMMITTED = "COMMITTED"
    SUCCEEDED = "SUCCEEDED"
    REJECTED = "REJECTED"
    FAILED = "FAILED"

    OPEN = (REGISTERED, VALIDATED, PROCESSING)
    ENDED = (SUCCEEDED, REJECTED, FAILED)
    ALL = (*OPEN, COMMITTED, *ENDED)


class ChunkStatus:
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    #: The chunk does not end on a record boundary: the plan is wrong there.
    MISALIGNED = "MISALIGNED"
    FAILED = "FAILED"


_FILE_ID = re.compile(r"[0-9a-f]{32}")
_CHUNK_ID = re.compile(r"[0-9]{5}")
#: Maximum length of an S3 key, and a range of integers that DynamoDB can store.
_TEXT_BYTES = 1024
_WHOLE_NUMBERS = range(-(2**63), 2**63)


def check_schema(message: Mapping[str, Any]) -> None:
    if not isinstance(message, Mapping):
        raise InvalidInput(f"it is a {type(message).__name__}, not an object")
    number = message.get("schema")
    if type(number) is not int or number not in ACCEPTED_SCHEMAS:
        raise UnsupportedSchema(number if type(number) is int else type(number).__name__, ACCEPTED_SCHEMAS)


def _text(name: str, value: object) -> str:
    """*value* as text that S3 and DynamoDB accept. Raises TypeError or ValueError; their messages do not quote the value."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is a {type(value).__name__}, not text")
    if len(value.encode("utf-8", "surrogatepass")) > _TEXT_BYTES or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{name} is longer than {_TEXT_BYTES} bytes, or not Unicode")
    return value


def _whole_number(name: str, value: object) -> int:
    if type(value) is not int or value not in _WHOLE_NUMBERS:
        raise ValueError(f"{name} is no whole number of 64 bits")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} is neither true nor false")
    return value


def _matching(name: str, value: object, form: re.Pattern[str]) -> str:
    text = _text(name, value)
    if not form.fullmatch(text):
        raise ValueError(f"{name} does not match {form.pattern}")
    return text


@dataclass(frozen=True)
class ObjectRef:
    """One version of one object. ``version_id`` is never None for an original."""

    bucket: str
    key: str
    version_id: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ObjectRef:
        bucket, key = _text("bucket", data["bucket"]), _text("key", data["key"])
        version_id = data.get("version_id")
        return cls(bucket, key, None if version_id is None else _text("version_id", version_id))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def file_id(source_name: str, key: str, version_id: str) -> str:
    """The id of one object version: 32 hexadecimal digits, the same in every region."""
    return hashlib.sha256(f"{source_name}\n{key}\n{version_id}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Arrival:
    """The arrival of an object, as its EventBridge event describes it.

    ``size`` in bytes. ``requester`` and ``source_ip`` are those of the upload, according to S3.
    """

    original: ObjectRef
    size: int
    etag: str
    event_time: str
    requester: str
    source_ip: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Arrival:
        """Read an S3 "Object Created" event; raise InvalidInput for any other event."""
        try:
            detail, obj = event["detail"], event["detail"]["object"]
            if event["detail-type"] != "Object Created":
                raise InvalidInput("not an S3 Object Created event: detail-type is another")
            original = {"bucket": detail["bucket"]["name"], "key": obj["key"], "version_id": obj.get("version-id")}
            return cls(
                original=ObjectRef.from_dict(original),
                size=_whole_number("size", obj.get("size", 0)),
                etag=_text("etag", obj.get("etag", "")),
                event_time=_text("time", event["time"]),
                requester=_text("requester", detail.get("requester", "")),
                source_ip=_text("source-ip-address", detail.get("source-ip-address", "")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"not an S3 Object Created event: {error!r}") from error


#: Detail type of the schedule's event.
SWEEP_DUE = "Sweep Due"
#: Detail type of EventBridge's report that an execution has ended.
EXECUTION_ENDED = "Step Functions Execution Status Change"
#: Detail type of the request to continue a file.
REDRIVE_REQUESTED = "Redrive Requested"


@dataclass(frozen=True)
class Redrive:
    """The request to continue a file that ended badly.

    ``attempt`` is the attempt that has ended; one request for each attempt takes effect.
    ``from_start`` starts again with validation; otherwise finished chunks are kept.
    """

    file_id: str
    attempt: int
    requester: str
    from_start: bool

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Redrive:
        try:
            if event["detail-type"] != REDRIVE_REQUESTED:
                raise InvalidInput(f"detail-type is {event['detail-type']!r}, not {REDRIVE_REQUESTED!r}")
            detail = event["detail"]
            check_schema(detail)
            return cls(
                _matching("file_id", detail["file_id"], _FILE_ID),
                _whole_number("attempt", detail["attempt"]),
                _text("requester", detail["requester"]),
                _flag("from_start", detail["from_start"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"not a request for a redrive: {error!r}") from error

    def to_event(self) -> dict[str, Any]:
        return {"detail-type": REDRIVE_REQUESTED, "source": "ledgerline.ops", "detail": {"schema": SCHEMA, **asdict(self)}}


def named_file(message: Mapping[str, Any]) -> str:
    """The ``file_id`` of *message*; raise InvalidInput if it is not a valid id."""
    try:
        return _matching("file_id", message["file_id"], _FILE_ID)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"not a file's id: {error!r}") from error


@dataclass(frozen=True)
class FileTask:
    """The message from one state to the next: the file, its attempt and the execution that owns it. Everything else is in the table."""

    file_id: str
    attempt: int
    execution: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> FileTask:
        check_schema(event)
        try:
            return cls(
                _matching("file_id", event["file_id"], _FILE_ID),
                _whole_number("attempt", event["attempt"]),
                _text("execution", event["execution"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"not a file task: {error!r}") from error

    def to_dict(self, **more: Any) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self), **more}


@dataclass(frozen=True)
class ChunkTask:
    """One item of the manifest: bytes ``[start, end)`` of one object version.

    ``plan`` is the number of the file's plan, from 1. ``last`` is true if ``end`` is the end of the file,
    where the last record may lack its newline. ``reading_key`` names the snapshot of contract and layout.
    """

    file_id: str
    chunk_id: str
    plan: int
    source: ObjectRef
    start: int
    end: int
    last: bool
    reading_key: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ChunkTask:
        check_schema(data)
        try:
            return cls(
                file_id=_matching("file_id", data["file_id"], _FILE_ID),
                chunk_id=_matching("chunk_id", data["chunk_id"], _CHUNK_ID),
                plan=_whole_number("plan", data["plan"]),
                source=ObjectRef.from_dict(data["source"]),
                start=_whole_number("start", data["start"]),
                end=_whole_number("end", data["end"]),
                last=_flag("last", data["last"]),
                reading_key=_text("reading_key", data["reading_key"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"not a chunk task: {error!r}") from error

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}


def chunk_id(index: int) -> str:
    """``00000``, ``00001``, ...: sorts in the order of the chunks, up to 100,000 chunks (5 TB in chunks of 50 MB)."""
    return f"{index:05d}"
