"""The data bucket: reads of versions, writes under keys that contain a digest, and moves that check the copy before they delete.

boto3's errors become the project's errors here; callers never see a ClientError.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import io
import itertools
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, NamedTuple, Sequence, TypeVar

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from runtime.aws.multipart import join_objects, upload_parts
from runtime.core.errors import (
    THROTTLING_CODES,
    AccessRefused,
    LedgerlineError,
    ObjectArchived,
    ObjectMissing,
    ReconciliationFailed,
    StorageThrottled,
    StorageUnavailable,
)
from runtime.core.models import ObjectRef

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Bytes of one ranged GET of a stream: large enough for S3's throughput, small enough to overlap.
PART_BYTES = 8 * 1024 * 1024
#: Ranged GETs in progress ahead of a stream's reader.
READ_AHEAD = 3
#: Maximum bytes that S3 copies in one request. Only objects that were uploaded in parts can be larger.
MAX_COPY_BYTES = 5 * 1024 * 1024 * 1024

_MISSING = {"404", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}
_REFUSED = {"403", "AccessDenied"}
#: S3's codes for a read and for a copy of an object in an archive.
_ARCHIVED = {"InvalidObjectState", "ObjectNotInActiveTierError"}

T = TypeVar("T")


@dataclass(frozen=True)
class StoredObject:
    """One object version. ``checksum`` is ``ALGORITHM:value``, or empty; ``described`` is the metadata that its sender set."""

    ref: ObjectRef
    size: int
    etag: str
    checksum: str
    described: Mapping[str, Any]


class Arrived(NamedTuple):
    """One version of one object as a listing shows it; size in bytes."""

    ref: ObjectRef
    size: int
    etag: str
    modified: datetime


class VersionPage(NamedTuple):
    """``after`` is where the next page begins; None on the last one."""

    objects: list[Arrived]
    after: tuple[str, str] | None


@dataclass(frozen=True)
class Written:
    """An object as it was written: size in bytes, SHA-256 in hexadecimal."""

    key: str
    size: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        return {"key": self.key, "size": self.size, "sha256": self.sha256}


def make_client() -> S3Client:
    """A client that retries a few times itself; the workflow retries after that."""
    config = Config(retries={"mode": "standard", "max_attempts": 4}, max_pool_connections=48, connect_timeout=5, read_timeout=60)
    return boto3.client("s3", config=config)


def upload(client: S3Client, bucket: str, key: str, body: bytes, content_type: str) -> str:
    """Put an object as a partner would; return its version id."""
    return client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)["VersionId"]


class ObjectStore:
    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def head(self, ref: ObjectRef) -> StoredObject:
        """Describe one version (the current one if ``ref`` names none); raise ObjectMissing if it does not exist."""
        answer = self._call(
            "HeadObject", ref, lambda: self._client.head_object(Bucket=ref.bucket, Key=ref.key, ChecksumMode="ENABLED", **_version(ref))
        )
        checksum = next((f"{name[8:]}:{answer[name]}" for name in _CHECKSUMS if answer.get(name)), "")  # type: ignore[literal-required]
        version = ObjectRef(ref.bucket, ref.key, answer.get("VersionId"))
        described: dict[str, Any] = {name: answer[name] for name in _DESCRIBED if answer.get(name)}  # type: ignore[literal-required]
        return StoredObject(version, int(answer["ContentLength"]), answer["ETag"].strip('"'), checksum, described)

    def versions(self, prefix: str, after: tuple[str, str] | None = None) -> Iterator[VersionPage]:
        """Every version of every object under *prefix*, including overwritten ones, in the order of their keys.

        Starts after *after*, a key and one of its versions; with an empty version, after that key.
        """
        listed = ObjectRef(self.bucket, prefix)
        while True:
            markers = zip(("KeyMarker", "VersionIdMarker"), after or ())
            start: Any = {name: marker for name, marker in markers if marker}
            ask = functools.partial(self._client.list_object_versions, Bucket=self.bucket, Prefix=prefix, **start)
            answer = self._call("ListObjectVersions", listed, ask)
            after = (answer["NextKeyMarker"], answer["NextVersionIdMarker"]) if answer["IsTruncated"] else None
            yield VersionPage([_arrived(self.bucket, version) for version in answer.get("Versions", [])], after)
            if after is None:
                return

    def read_range(self, ref: ObjectRef, start: int, end: int) -> bytes:
        """Bytes ``[start, end)`` of one version."""
        if end <= start:
            return b""

        def get() -> bytes:
            answer = self._client.get_object(Bucket=ref.bucket, Key=ref.key, Range=f"bytes={start}-{end - 1}", **_version(ref))
            return answer["Body"].read()

        body = self._call("GetObject", ref, get)
        if len(body) != end - start:
            raise StorageUnavailable("GetObject", ref.key, f"{len(body)} of {end - start} bytes")
        return body

    def read(self, ref: ObjectRef) -> bytes:
        """The whole of a small object."""

        def get() -> bytes:
            return self._client.get_object(Bucket=ref.bucket, Key=ref.key, **_version(ref))["Body"].read()

        return self._call("GetObject", ref, get)

    def stream(self, ref: ObjectRef, start: int, end: int) -> Iterator[bytes]:
        """Bytes ``[start, end)`` in order, in parts of PART_BYTES, reading ahead while the caller works."""
        offsets = iter(range(start, end, PART_BYTES))
        with ThreadPoolExecutor(READ_AHEAD) as pool:

            def submit(offset: int) -> Any:
                return pool.submit(self.read_range, ref, offset, min(offset + PART_BYTES, end))

            waiting = deque(map(submit, itertools.islice(offsets, READ_AHEAD)))
            while waiting:
                ready = [waiting.popleft().result()]
                following = next(offsets, None)
                if following is not None:
                    waiting.append(submit(following))
                # Popped, so that this generator holds no reference to the part while the caller works on it.
                yield ready.pop()

    def write(self, key: str, body: bytes, content_type: str) -> Written:
        """Put an object; S3 checks the SHA-256 on arrival."""
        return self.write_addressed(lambda _: key, body, content_type)

    def write_addressed(self, key_of: Callable[[str], str], body: bytes, content_type: str) -> Written:
        """Put an object under a key made from its SHA-256 (64 hexadecimal digits), so different content has different keys."""
        digest = hashlib.sha256(body)
        key = key_of(digest.hexdigest())
        checksum = base64.b64encode(digest.digest()).decode()

        def put() -> object:
            return self._client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, ChecksumSHA256=checksum)

        self._call("PutObject", ObjectRef(self.bucket, key), put)
        return Written(key, len(body), digest.hexdigest())

    def write_parts(self, key: str, parts: Iterable[bytes], content_type: str) -> str:
        """Put one object from *parts* of PART_BYTES; the last may be shorter. Return its version id.

        Errors of *parts* are raised; then there is no object.
        """
        return self._call(
            "PutObject", ObjectRef(self.bucket, key), lambda: upload_parts(self._client, self.bucket, key, parts, content_type)
        )

    def join(self, key: str, sources: Sequence[tuple[str, int]], content_type: str) -> str:
        """Concatenate *sources*, keys and sizes of objects in the bucket, as one object; return its version id."""
        return self._call(
            "PutObject", ObjectRef(self.bucket, key), lambda: join_objects(self._client, self.bucket, key, sources, content_type)
        )

    def move(self, source: ObjectRef, key: str) -> ObjectRef:
        """Copy one version to *key*, check the copy, then delete that version; return the copy.

        Idempotent after an interruption at any point. Raises ObjectMissing if neither the original nor a copy exists.
        """
        copy = ObjectRef(self.bucket, key)
        # An original that is gone was moved by an earlier try, or just now by another worker.
        with contextlib.suppress(ObjectMissing):
            self._check_copy(self.head(source), copy)
            self.delete(source)
        # After the deletion, since while the original existed another worker could copy it again, and older versions expire.
        return self.head(copy).ref

    def delete(self, ref: ObjectRef) -> None:
        """Delete one version without leaving a delete marker. Idempotent."""
        self._call(
            "DeleteObject",
            ref,
            lambda: self._client.delete_object(Bucket=ref.bucket, Key=ref.key, VersionId=ref.version_id or "null"),
        )

    def _check_copy(self, original: StoredObject, target: ObjectRef) -> None:
        """Copy *original* unless an equal copy exists; raise ReconciliationFailed if the copy differs."""
        try:
            copy = self.head(target)
        except ObjectMissing:
            copy = None
        if copy is None or not self._same(original, copy):
            self._copy(original, target.key)
            copy = self.head(target)
        if not self._same(original, copy):
            raise ReconciliationFailed(
                target.key, "the copy of the original", f"{original.size} bytes {original.etag}", f"{copy.size} bytes {copy.etag}"
            )

    def _copy(self, original: StoredObject, key: str) -> None:
        """Copy on the server, in parts as long as the original's, so that equal bytes have equal ETags."""
        ref = original.ref
        source: Any = {"Bucket": ref.bucket, "Key": ref.key, "VersionId": ref.version_id}
        part_bytes = self._part_bytes(ref) if "-" in original.etag else MAX_COPY_BYTES
        config = TransferConfig(multipart_threshold=part_bytes, multipart_chunksize=part_bytes, max_concurrency=16)
        # A copy in parts would lose the sender's metadata.
        extra: Any = {**original.described, "MetadataDirective": "REPLACE"}

        def copy() -> None:
            self._client.copy(source, self.bucket, key, ExtraArgs=extra, Config=config)

        self._call("CopyObject", ObjectRef(self.bucket, key), copy)

    def _part_bytes(self, ref: ObjectRef) -> int:
        """Length of the first part of an object that was uploaded in parts."""

        def first_part() -> Any:
            return self._client.head_object(Bucket=ref.bucket, Key=ref.key, PartNumber=1, **_version(ref))

        return int(self._call("HeadObject", ref, first_part)["ContentLength"])

    def _same(self, original: StoredObject, copy: StoredObject) -> bool:
        """Whether two objects contain the same bytes, by checksums or ETags of the whole objects if possible, else by reading both.

        A checksum of parts (``value-12``) also depends on the length of the parts, so it can only prove equality.
        """
        if original.size != copy.size:
            return False
        if original.etag == copy.etag:
            return True
        algorithm, _, value = original.checksum.partition(":")
        other_algorithm, _, other = copy.checksum.partition(":")
        if algorithm and algorithm == other_algorithm and "-" not in value + other:
            return value == other
        if "-" not in original.etag + copy.etag:
            return False
        pairs = zip(self.stream(original.ref, 0, original.size), self.stream(copy.ref, 0, copy.size))
        return all(ours == theirs for ours, theirs in pairs)

    def _call(self, operation: str, ref: ObjectRef, call: Callable[[], T]) -> T:
        try:
            return call()
        except ClientError as error:
            raise _translated(operation, ref, error) from error
        except (BotoCoreError, HTTPError) as error:
            raise StorageUnavailable(operation, ref.key, type(error).__name__) from error


def _version(ref: ObjectRef) -> Any:
    return {"VersionId": ref.version_id} if ref.version_id else {}


def _arrived(bucket: str, version: Mapping[str, Any]) -> Arrived:
    ref = ObjectRef(bucket, version["Key"], version["VersionId"])
    return Arrived(ref, int(version["Size"]), version["ETag"].strip('"'), version["LastModified"])


#: Metadata that an object's sender may set; a copy keeps it.
_DESCRIBED = ("Metadata", "ContentType", "ContentEncoding", "ContentLanguage", "ContentDisposition", "CacheControl")
_CHECKSUMS = ("ChecksumCRC64NVME", "ChecksumSHA256", "ChecksumCRC32C", "ChecksumCRC32", "ChecksumSHA1")


def _translated(operation: str, ref: ObjectRef, error: ClientError) -> LedgerlineError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING:
        return ObjectMissing(ref.key, ref.version_id)
    if code in _ARCHIVED:
        return ObjectArchived(ref.key)
    if code in _REFUSED:
        return AccessRefused(f"S3 {operation}", f"{ref.bucket}/{ref.key}")
    # S3 answers a HEAD without a body, so its code is the status: throttling and an outage look the same.
    if status == 429 or code in THROTTLING_CODES or code == "503":
        return StorageThrottled(operation, ref.key, code)
    if status >= 500 or code in {"RequestTimeout", "RequestTimeTooSkewed", "ConditionalRequestConflict", "OperationAborted"}:
        return StorageUnavailable(operation, ref.key, code)
    return AccessRefused(f"S3 {operation} ({code})", f"{ref.bucket}/{ref.key}")


class StoredSource:
    """One object version as a ``runtime.formats.source.ByteSource``."""

    def __init__(self, store: ObjectStore, ref: ObjectRef, size: int) -> None:
        self._store, self._ref, self.size = store, ref, size

    def read(self, start: int, end: int) -> bytes:
        return self._store.read_range(self._ref, start, min(end, self.size))


class RangedFile(io.RawIOBase):
    """A stored object as a seekable file that fetches what is read: for Parquet footers."""

    def __init__(self, store: ObjectStore, ref: ObjectRef, size: int) -> None:
        self._store, self._ref, self._size, self._position = store, ref, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        end = self._size if size is None or size < 0 else min(self._position + size, self._size)
        body = self._store.read_range(self._ref, self._position, end)
        self._position += len(body)
        return body
