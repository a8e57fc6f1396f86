"""One object in parts: from a stream of unknown length, or from the bytes of other objects."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable, Iterable, NamedTuple, Sequence

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

#: Parts of a stream on their way at once: each is held in memory.
UPLOADS = 4
#: Parts that S3 copies at once: what is waited for is S3.
COPIES = 16
#: The least that every part but the last has.
LEAST_PART_BYTES = 5 * 1024 * 1024

#: Sends one part, given the client's arguments that say which.
Send = Callable[[Any], "CompletedPartTypeDef"]


class Piece(NamedTuple):
    """Bytes ``[start, end)`` of the object at ``key``."""

    key: str
    start: int
    end: int


def upload_parts(client: S3Client, bucket: str, key: str, parts: Iterable[bytes], content_type: str) -> str:
    """Write *parts*, each of at least 5 MiB but the last, as one object; return its version id.

    S3 checks each part's SHA-256 on arrival. Whatever *parts* or S3 raise leaves no object.
    """
    return _in_parts(client, bucket, key, (functools.partial(_put, client, part) for part in parts), content_type, UPLOADS)


def join_objects(client: S3Client, bucket: str, key: str, sources: Sequence[tuple[str, int]], content_type: str) -> str:
    """Write the bytes of *sources* (keys and sizes of objects of *bucket*), in their order, as one object; return its version id.

    S3 itself copies what is long enough to be a part; only what is shorter is read and sent with its neighbours.
    """
    parts = joined(sources)
    if sum(piece.end - piece.start for part in parts for piece in part) < LEAST_PART_BYTES:
        body = b"".join(_read(client, bucket, piece) for part in parts for piece in part)
        return client.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)["VersionId"]

    def send(part: list[Piece], which: Any) -> CompletedPartTypeDef:
        if len(part) == 1 and part[0].end - part[0].start >= LEAST_PART_BYTES:
            return _copy(client, bucket, part[0], which)
        return _put(client, b"".join(_read(client, bucket, piece) for piece in part), which)

    return _in_parts(client, bucket, key, (functools.partial(send, part) for part in parts), content_type, COPIES)


def joined(sources: Sequence[tuple[str, int]]) -> list[list[Piece]]:
    """The parts of an object that has the bytes of *sources* in their order: whole sources where they are long enough.

    A short one takes from its successor what it lacks. Only the last part may be shorter than S3 allows.
    """
    parts: list[list[Piece]] = []
    short: list[Piece] = []
    for key, size in sources:
        start = 0
        if short:
            start = min(size, LEAST_PART_BYTES - sum(piece.end - piece.start for piece in short))
            short.append(Piece(key, 0, start))
            if sum(piece.end - piece.start for piece in short) == LEAST_PART_BYTES:
                parts.append(short)
                short = []
        if size - start >= LEAST_PART_BYTES:
            parts.append([Piece(key, start, size)])
        elif start < size:
            short.append(Piece(key, start, size))
    return [*parts, short] if short else parts


def _read(client: S3Client, bucket: str, piece: Piece) -> bytes:
    return client.get_object(Bucket=bucket, Key=piece.key, Range=f"bytes={piece.start}-{piece.end - 1}")["Body"].read()


def _put(client: S3Client, part: bytes, which: Any) -> CompletedPartTypeDef:
    checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
    sent = client.upload_part(**which, Body=part, ChecksumSHA256=checksum)
    return {"PartNumber": which["PartNumber"], "ETag": sent["ETag"], "ChecksumSHA256": checksum}


def _copy(client: S3Client, bucket: str, piece: Piece, which: Any) -> CompletedPartTypeDef:
    source: Any = {"Bucket": bucket, "Key": piece.key}
    sent = client.upload_part_copy(**which, CopySource=source, CopySourceRange=f"bytes={piece.start}-{piece.end - 1}")["CopyPartResult"]
    part: CompletedPartTypeDef = {"PartNumber": which["PartNumber"], "ETag": sent["ETag"]}
    if "ChecksumSHA256" in sent:
        part["ChecksumSHA256"] = sent["ChecksumSHA256"]
    return part


def _in_parts(client: S3Client, bucket: str, key: str, sends: Iterable[Send], content_type: str, at_once: int) -> str:
    """Send all parts, some *at_once*, and complete the object; whatever goes wrong leaves none."""
    begun = client.create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type, ChecksumAlgorithm="SHA256")
    upload: Any = {"Bucket": bucket, "Key": key, "UploadId": begun["UploadId"]}
    try:
        sent: list[CompletedPartTypeDef] = []
        waiting: deque[Future[CompletedPartTypeDef]] = deque()
        with ThreadPoolExecutor(at_once) as pool:
            for number, send in enumerate(sends, 1):
                if len(waiting) == at_once:
                    sent.append(waiting.popleft().result())
                waiting.append(pool.submit(send, {**upload, "PartNumber": number}))
            sent.extend(part.result() for part in waiting)
        done = client.complete_multipart_upload(**upload, MultipartUpload={"Parts": sent})
    except BaseException:
        # What cannot be given up here, the bucket's lifecycle gives up after days; the error that counts is the first.
        with contextlib.suppress(ClientError, BotoCoreError):
            client.abort_multipart_upload(**upload)
        raise
    return done["VersionId"]
