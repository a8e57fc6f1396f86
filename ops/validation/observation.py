"""What a stage made of the probe, read the way a consumer reads it."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.reject_lines import RejectedRow, rejected_rows

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from ops.follow import Progress


@dataclass(frozen=True)
class Observation:
    """``file`` is the ``#file`` item; ``original`` the bytes where the original now is; ``problems`` what was found while reading."""

    file: dict[str, Any]
    accepted: list[dict[str, Any]]
    rejected: list[RejectedRow]
    original: bytes
    problems: list[str]


def observe(s3: S3Client, bucket: str, progress: Progress) -> Observation:
    """Read a succeeded file: its Parquet through the commit manifest, its rejects, its original."""
    file, problems = progress.file or {}, []
    manifest = json.loads(_get(s3, bucket, {"key": file["commit_manifest"]}))
    accepted = []
    for written in manifest["objects"]:
        body = _get(s3, bucket, written)
        if hashlib.sha256(body).hexdigest() != written["sha256"]:
            problems.append(f"{written['key']}: its SHA-256 is not the one in the commit manifest")
        rows = _parquet_rows(body)
        if len(rows) != written["rows"]:
            problems.append(f"{written['key']}: expected {written['rows']} rows, as the commit manifest says, found {len(rows)}")
        accepted += rows
    return Observation(file, accepted, list(rejected_rows(s3, bucket, progress.chunks)), _get(s3, bucket, file["location"]), problems)


def _get(s3: S3Client, bucket: str, written: dict[str, Any]) -> bytes:
    version = {"VersionId": written["version_id"]} if written.get("version_id") else {}
    return s3.get_object(Bucket=bucket, Key=written["key"], **version)["Body"].read()


def _parquet_rows(body: bytes) -> list[dict[str, Any]]:
    import pyarrow.parquet  # noqa: PLC0415 - only validation needs it, and it takes a while to load

    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist()
    return rows
