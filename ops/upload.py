"""Putting a file where the stage will see it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig

from ops.errors import UploadRefused
from runtime.contracts.model import RESERVED_PREFIX
from runtime.core.errors import InvalidKey, UnknownDataset
from runtime.core.keys import INCOMING, NO_PARTNER, IncomingKey, parse_incoming

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Bytes of one part; S3 takes 10,000 of them, so up to 160 GB.
PART_BYTES = 16_000_000
_TRANSFER = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=8)


def incoming_key(name: str, dataset: str | None, partner: str | None, known: Collection[str]) -> str:
    """The key for a file called *name*; the header decides its dataset where none is given.

    Raises ValueError for a partner without a dataset, UnknownDataset for one that has no contract
    among *known*, InvalidKey for a name that the stage would refuse.
    """
    if partner and not dataset:
        raise ValueError("--partner needs --dataset: a key names the dataset first")
    if dataset and (dataset not in known or dataset.startswith(RESERVED_PREFIX)):
        raise UnknownDataset(name, dataset, sorted(one for one in known if not one.startswith(RESERVED_PREFIX)))
    key = INCOMING + "/".join(part for part in (dataset, partner, name) if part)
    if parse_incoming(key) != IncomingKey(dataset, partner or NO_PARTNER, name):
        raise InvalidKey(key, f"partner {partner!r} would be read as more than one segment")
    if key.startswith(INCOMING + RESERVED_PREFIX):
        raise InvalidKey(key, f"names that begin with {RESERVED_PREFIX!r} are the system's own; give --dataset")
    return key


def upload(s3: S3Client, path: Path, bucket: str, key: str, advance: Callable[[int], None], sent: list[str]) -> None:
    """Upload *path* in parts; *sent* is given the version id of this very upload as soon as S3 has the whole file.

    ``advance`` is called, from several threads, with the number of bytes that went. A HEAD
    afterwards could name the version of someone else who wrote the same key, so the id is taken
    from the answer to the upload itself. Raises UploadRefused.
    """
    with _noting_versions(s3, sent):
        try:
            s3.upload_file(str(path), bucket, key, Config=_TRANSFER, Callback=advance)
        except S3UploadFailedError as error:
            raise UploadRefused(bucket, key, str(error)) from error
    if not sent:
        raise UploadRefused(bucket, key, "the bucket gave no version id; versioning must be on")


@contextmanager
def _noting_versions(s3: S3Client, versions: list[str]) -> Iterator[None]:
    """Meanwhile, the version ids of the objects that *s3* writes are added to *versions*."""

    def remember(parsed: dict[str, Any], **_: object) -> None:
        if parsed.get("VersionId"):
            versions.append(parsed["VersionId"])

    events = [f"after-call.s3.{operation}" for operation in ("PutObject", "CompleteMultipartUpload")]
    for event in events:
        s3.meta.events.register(event, remember)
    try:
        yield
    finally:
        for event in events:
            s3.meta.events.unregister(event, remember)
