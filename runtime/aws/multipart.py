"""Writes one object in parts, from a stream of unknown length or from the bytes of other objects."""

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

#: Concurrent uploads of a stream's parts; each part is in memory.
UPLOADS = 4
#: Concurrent copies of parts; S3 does the work.
COPIES = 16
#: Bytes. S3's minimum for every part except the last.
LEAST_PART_BYTES = 5 * 1024 * 1024

#: Sends one part; its argument holds the client's parameters that identify the part.
Send = Callable[[Any], "CompletedPartTypeDef"]


class Piece(NamedTuple):
    """Bytes ``[start, end)`` of the object at ``key``."""

    key: str
    start: int
    end: int


def upload_parts(client: S3Client, bucket: str, key: str, parts: Iterable[bytes], content_type: str) -> str:
    """Write *parts* as one object; return its version id. Every part except the last has at least 5 MiB.

    S3 checks each part's SHA-256 on arrival. After an error of *parts* or S3 there is no object.
    """
    return _in_parts(client, bucket, key, (functools.partial(_put, client, part) for part in parts), content_type, UPLOADS)


def join_objects(client: S3Client, bucket: str, key: str, sources: Sequence[tuple[str, int]], content_type: str) -> str:
    """Concatenate *sources* (keys and sizes of objects in *bucket*) as one object; return its version id.

    S3 copies the ranges that are long enough for a part. Shorter ones are read, joined with their neighbours and uploaded.
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
    """The parts of the concatenation of *sources*: whole sources if they are long enough.

    A short source is filled up from its successors. Only the last part may be shorter than S3's minimum.
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
    """Send all parts, *at_once* of them concurrently, and complete the object; abort the upload after any error."""
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
        # An upload that cannot be aborted here is aborted by the bucket's lifecycle. The first error is the one to raise.
        with contextlib.suppress(ClientError, BotoCoreError):
            client.abort_multipart_upload(**upload)
        raise
    return done["VersionId"]
