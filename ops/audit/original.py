"""The original where it is now: whether it can be read, and whether its bytes are those that arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ops.audit.checks import Unverifiable
from runtime.aws.object_store import StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

Item = Mapping[str, Any]

#: Storage classes whose objects must be restored before they can be read.
_ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
_RESTORED_DAYS = 7


def as_arrived(file: Item, found: StoredObject) -> str | None:
    """Compare what S3 says of the original with what it said when the file was registered."""
    if found.size != file["size"]:
        return f"{file['size']:,} bytes arrived, {found.size:,} are there"
    if found.etag == file["etag"]:
        return None
    if "-" in found.etag + file["etag"]:
        # Cut into other parts, equal bytes have other ETags; a checksum of all bytes still tells.
        arrived = str(file.get("checksum", ""))
        if not (_full(found.checksum) and _full(arrived)):
            raise Unverifiable("its copy is cut into other parts than were uploaded, and S3 has no full checksum of both")
        return None if found.checksum == arrived else f"checksum {arrived} arrived, {found.checksum} is there"
    return f"ETag {file['etag']} arrived, {found.etag} is there"


def refuse_archived(file: Item, s3: S3Client) -> None:
    """Raise Unverifiable, with the way to restore it, when the original cannot be read now."""
    place = file["location"]
    head = s3.head_object(Bucket=place["bucket"], Key=place["key"], VersionId=place["version_id"])
    kind, restore = head.get("StorageClass", "STANDARD"), head.get("Restore", "")
    if kind not in _ARCHIVED or 'ongoing-request="false"' in restore:
        return
    if 'ongoing-request="true"' in restore:
        raise Unverifiable(f"the original is in {kind} and being restored; verify again when that is done (hours)")
    request = f"Days={_RESTORED_DAYS},GlacierJobParameters={{Tier=Standard}}"
    raise Unverifiable(
        f"the original is in {kind}; restore it, which takes hours, and verify again: aws s3api restore-object --bucket {place['bucket']} "
        f"--key '{place['key']}' --version-id {place['version_id']} --restore-request '{request}'"
    )


class Fingerprint:
    """The ETag that S3 would give the bytes that go by: of MD5, in parts of *lengths* where it was uploaded in parts."""

    def __init__(self, lengths: Iterable[int] | None) -> None:
        self._lengths = None if lengths is None else iter(lengths)
        self._room = 0 if self._lengths is None else next(self._lengths, 0)
        self._current = hashlib.md5(usedforsecurity=False)
        self._parts: list[bytes] = []

    def pass_on(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._take(memoryview(piece))
            yield piece

    def _take(self, view: memoryview) -> None:
        while self._lengths is not None and self._room and len(view) >= self._room:
            self._current.update(view[: self._room])
            self._parts.append(self._current.digest())
            view, self._current = view[self._room :], hashlib.md5(usedforsecurity=False)
            self._room = next(self._lengths, 0)
        self._current.update(view)
        self._room -= len(view) if self._lengths is not None else 0

    def etag(self) -> str:
        if self._lengths is None:
            return self._current.hexdigest()
        return f"{hashlib.md5(b''.join(self._parts), usedforsecurity=False).hexdigest()}-{len(self._parts)}"


def fingerprint_of(original: StoredObject, s3: S3Client) -> Fingerprint:
    """What computes the ETag of *original* as S3 did. Its parts are asked for one by one: they may differ in length."""
    _, _, count = original.etag.partition("-")
    if not count:
        return Fingerprint(None)
    ref = original.ref

    def length(part: int) -> int:
        return int(s3.head_object(Bucket=ref.bucket, Key=ref.key, VersionId=ref.version_id or "null", PartNumber=part)["ContentLength"])

    with ThreadPoolExecutor(16) as pool:
        return Fingerprint(list(pool.map(length, range(1, int(count) + 1))))


def _full(checksum: str) -> bool:
    return bool(checksum) and "-" not in checksum.partition(":")[2]
