"""One object from a stream whose length nobody knows yet, in parts, with a few of them in memory."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Iterable

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

#: Parts on their way at once.
UPLOADS = 4


def upload_parts(client: S3Client, bucket: str, key: str, parts: Iterable[bytes], content_type: str) -> str:
    """Write *parts*, each of at least 5 MiB but the last, as one object; return its version id.

    S3 checks each part's SHA-256 on arrival. Whatever *parts* or S3 raise leaves no object.
    """
    begun = client.create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type, ChecksumAlgorithm="SHA256")
    upload_id = begun["UploadId"]

    def put(number: int, part: bytes) -> CompletedPartTypeDef:
        checksum = base64.b64encode(hashlib.sha256(part).digest()).decode()
        sent = client.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=part, ChecksumSHA256=checksum)
        return {"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": checksum}

    try:
        sent: list[CompletedPartTypeDef] = []
        waiting: deque[Future[CompletedPartTypeDef]] = deque()
        with ThreadPoolExecutor(UPLOADS) as pool:
            for number, part in enumerate(parts, 1):
                if len(waiting) == UPLOADS:
                    sent.append(waiting.popleft().result())
                waiting.append(pool.submit(put, number, part))
            sent.extend(part.result() for part in waiting)
        done = client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": sent})
    except BaseException:
        # What cannot be given up here, the bucket's lifecycle gives up after days; the error that counts is the first.
        with contextlib.suppress(ClientError, BotoCoreError):
            client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
        raise
    return done["VersionId"]
