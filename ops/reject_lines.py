"""The rejected rows of a file, read back from ``rejected/`` one line at a time."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ops.record_text import record_text
from runtime.core.models import ChunkStatus

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Bytes of one read: a line may hold a record of megabytes, and is joined from its pieces.
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Reason:
    """``column`` is None where the whole record is at fault."""

    column: str | None
    code: str
    message: str


@dataclass(frozen=True)
class RejectedRow:
    r"""``row`` counts the file's rows from 1, the header excluded; None while an earlier chunk is unfinished.

    ``offset`` and ``length`` are bytes in the original, or in the text decoded from it; ``raw`` is the record's text, or its bytes
    with those that are not UTF-8 escaped (``\xe4``), or in hexadecimal (``X'C1'``) where records are no text: only then is there
    ``record``, its bytes.
    """

    row: int | None
    chunk_id: str
    offset: int
    length: int
    raw: str
    reasons: tuple[Reason, ...]
    record: bytes | None = None

    def to_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "record"}

    def text(self, encoding: str) -> str:
        """What a person can read of the record; *encoding* is the file's."""
        return self.raw if self.record is None else record_text(self.record, encoding)


def rejected_rows(s3: S3Client, bucket: str, chunks: Iterable[dict[str, Any]]) -> Iterator[RejectedRow]:
    """The rejected rows of finished *chunks*, which are in file order; one line in memory at a time."""
    rows_before: int | None = 0
    for chunk in chunks:
        if chunk["status"] != ChunkStatus.DONE:
            rows_before = None
            continue
        if chunk.get("rejects"):
            for line in _lines(s3, bucket, chunk["rejects"]):
                yield parse(line, str(chunk["chunk_id"]), rows_before)
        if rows_before is not None:
            rows_before += int(chunk["rows_read"])


def parse(line: bytes, chunk_id: str, rows_before: int | None) -> RejectedRow:
    entry = json.loads(line)
    return RejectedRow(
        row=None if rows_before is None else rows_before + int(entry["row"]) + 1,
        chunk_id=chunk_id,
        offset=int(entry["offset"]),
        length=int(entry["length"]),
        raw=_raw(entry),
        reasons=tuple(Reason(error.get("column") or None, str(error["code"]), str(error["message"])) for error in entry["errors"]),
        record=bytes.fromhex(entry["raw_hex"]) if "raw_hex" in entry else None,
    )


def _raw(entry: dict[str, Any]) -> str:
    if "raw_hex" in entry:
        return f"X'{entry['raw_hex']}'"
    return str(entry["raw"]) if "raw" in entry else base64.b64decode(entry["raw_base64"]).decode("utf-8", "backslashreplace")


def _lines(s3: S3Client, bucket: str, written: dict[str, Any]) -> Iterator[bytes]:
    version = {"VersionId": written["version_id"]} if written.get("version_id") else {}
    body = s3.get_object(Bucket=bucket, Key=written["key"], **version)["Body"]
    try:
        yield from (line for line in body.iter_lines(chunk_size=_READ_BYTES) if line)
    finally:
        body.close()
