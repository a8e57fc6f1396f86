"""A review put where everybody who may approve can open it for as long as the artifacts are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ops.errors import NothingToPublish

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: What the console shows in the browser, by the file's suffix.
CONTENT_TYPES = {".html": "text/html; charset=utf-8", ".md": "text/markdown; charset=utf-8", ".txt": "text/plain; charset=utf-8"}
PAGE = "review.html"


def publish(directory: Path, *, bucket: str, prefix: str, region: str, s3: S3Client) -> str:
    """Upload the review under *prefix*; returns the page's address in the S3 console.

    A presigned link would die with the credentials of the build that made it, in an hour; the console asks whoever looks.
    Raises NothingToPublish.
    """
    if not (directory / PAGE).is_file():
        raise NothingToPublish(directory, PAGE)
    for path in sorted(directory.iterdir()):
        if path.suffix in CONTENT_TYPES:
            s3.put_object(Bucket=bucket, Key=f"{prefix}/{path.name}", Body=path.read_bytes(), ContentType=CONTENT_TYPES[path.suffix])
    key = quote(f"{prefix}/{PAGE}", safe="")
    return f"https://{region}.console.aws.amazon.com/s3/object/{quote(bucket)}?region={region}&prefix={key}"
