"""Empty a bucket for good: every version, every delete marker, every upload that was never finished."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: What one DeleteObjects takes.
_BATCH = 1000


def empty(s3: S3Client, bucket: str) -> int:
    """Returns how many objects, versions and markers were removed."""
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    removed = 0
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    versions = ({"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in pages.search("[Versions, DeleteMarkers][][]") if entry)
    while batch := list(islice(versions, _BATCH)):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})  # type: ignore[typeddict-item]
        removed += len(batch)
    return removed
