"""What travels between the states of the workflow, and the states a file can be in.

Everything that is written down carries :data:`SCHEMA`; handlers accept it and its predecessor,
so a file in progress survives a deployment and a rollback.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Mapping

from runtime.errors import InvalidInput, UnsupportedSchema

SCHEMA = 1
#: N and N-1; there is no 0. A new number is accepted here one delivery before it is written (docs/adr/0064).
ACCEPTED_SCHEMAS = (1,)

FILE_ITEM = "#file"
EVENT_PREFIX = "#event#"
#: No file's id: what work that goes on over several calls remembers.
BOOKMARKS = "#bookmarks"
#: The sparse index of the tracking table: only files have a ``file_status``.
FILES_BY_STATUS = "files-by-status"


class FileStatus:
    """States of a file. The last three are ends; after COMMITTED only SUCCEEDED can follow."""

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
    #: The chunk was read to its end and does not end on a record boundary: the plan is wrong there.
    MISALIGNED = "MISALIGNED"
    FAILED = "FAILED"


def check_schema(message: Mapping[str, Any]) -> None:
    found = message.get("schema")
    if found not in ACCEPTED_SCHEMAS:
        raise UnsupportedSchema(found, ACCEPTED_SCHEMAS)


@dataclass(frozen=True)
class ObjectRef:
    """One version of one object. ``version_id`` is never None for an original."""

    bucket: str
    key: str
    version_id: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ObjectRef:
        return cls(data["bucket"], data["key"], data.get("version_id"))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def file_id(source_name: str, key: str, version_id: str) -> str:
    """32 hexadecimal digits that name one object version, the same in every region."""
    return hashlib.sha256(f"{source_name}\n{key}\n{version_id}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Arrival:
    """An object that landed, as its EventBridge event tells it.

    Size in bytes. ``requester`` and ``source_ip`` are who S3 says put it there.
    """

    original: ObjectRef
    size: int
    etag: str
    event_time: str
    requester: str
    source_ip: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Arrival:
        """Read an S3 "Object Created" event; raise InvalidInput when it is not one."""
        try:
            detail, obj = event["detail"], event["detail"]["object"]
            if event["detail-type"] != "Object Created":
                raise InvalidInput(f"detail-type is {event['detail-type']!r}, not 'Object Created'")
            return cls(
                original=ObjectRef(detail["bucket"]["name"], obj["key"], obj.get("version-id")),
                size=int(obj.get("size", 0)),
                etag=str(obj.get("etag", "")),
                event_time=str(event["time"]),
                requester=str(detail.get("requester", "")),
                source_ip=str(detail.get("source-ip-address", "")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"not an S3 Object Created event: {error!r}") from error


#: Detail type of the schedule's event.
SWEEP_DUE = "Sweep Due"
#: Detail type of the event that asks for a file to be taken up again.
REDRIVE_REQUESTED = "Redrive Requested"


@dataclass(frozen=True)
class Redrive:
    """Somebody's wish that a file which ended badly is taken up again.

    ``attempt`` is the one that was seen to have ended: of two wishes that saw the same, one counts.
    ``from_start`` begins again with validation; otherwise what is finished stays.
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
            return cls(str(detail["file_id"]), int(detail["attempt"]), str(detail["requester"]), bool(detail["from_start"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"not a request for a redrive: {error!r}") from error

    def to_event(self) -> dict[str, Any]:
        return {"detail-type": REDRIVE_REQUESTED, "source": "ledgerline.ops", "detail": {"schema": SCHEMA, **asdict(self)}}


@dataclass(frozen=True)
class Decoding:
    """What makes text of an original that has none at any offset: ``gz`` is undone first, then UTF-16 becomes UTF-8.

    One of the two may be None.
    """

    compression: str | None
    encoding: str | None


@dataclass(frozen=True)
class Layout:
    """How the bytes of one file are written: what validation found, within what its contract allows.

    ``header_end`` is the offset of the first byte after the header line; ``columns`` are the
    header's names in file order; ``delimiter`` and ``quote`` are one ASCII character each. With a
    ``decoding`` all this, ``encoding`` too, is about the decoded text.
    """

    encoding: str
    delimiter: str
    quote: str
    header_end: int
    columns: tuple[str, ...]
    decoding: Decoding | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Layout:
        decoding = data.get("decoding")
        return cls(
            encoding=data["encoding"],
            delimiter=data["delimiter"],
            quote=data["quote"],
            header_end=int(data["header_end"]),
            columns=tuple(data["columns"]),
            decoding=Decoding(decoding["compression"], decoding["encoding"]) if decoding else None,
        )

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "columns": list(self.columns)}


@dataclass(frozen=True)
class FileTask:
    """What one state hands to the next: which file, and on whose behalf. The rest is in the table."""

    file_id: str
    attempt: int
    execution: str

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> FileTask:
        check_schema(event)
        try:
            return cls(str(event["file_id"]), int(event["attempt"]), str(event["execution"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"not a file task: {error!r}") from error

    def to_dict(self, **more: Any) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self), **more}


@dataclass(frozen=True)
class ChunkTask:
    """One item of the manifest: bytes ``[start, end)`` of one object version.

    ``plan`` counts the plans of a file from 1. ``last`` says that ``end`` is the end of the file,
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
                file_id=str(data["file_id"]),
                chunk_id=str(data["chunk_id"]),
                plan=int(data["plan"]),
                source=ObjectRef.from_dict(data["source"]),
                start=int(data["start"]),
                end=int(data["end"]),
                last=bool(data["last"]),
                reading_key=str(data["reading_key"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput(f"not a chunk task: {error!r}") from error

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}


def chunk_id(index: int) -> str:
    """``00000``, ``00001``, ...: sorts as it counts, up to 100,000 chunks (5 TB of 50 MB)."""
    return f"{index:05d}"
