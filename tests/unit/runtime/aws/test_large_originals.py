"""An original larger than S3 copies in one request is moved (E22), against an S3 that knows sizes and no bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Dict, List, Tuple
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from runtime.aws.object_store import ObjectStore
from runtime.core.errors import ReconciliationFailed
from runtime.core.models import ObjectRef

BUCKET, ORIGINAL = "data", ObjectRef("data", "incoming/transactions/acme/large.csv", "v1")
GIB = 1024**3
SIZE = 6 * GIB + 1
#: S3's own limits.
MOST_COPIED, LEAST_PART, MOST_PARTS = 5 * GIB, 5 * 1024**2, 10_000


@dataclass
class Stored:
    """The parts of an object as its ETag shows them: which bytes of the original each one holds."""

    parts: List[Tuple[int, int]]

    @property
    def size(self) -> int:
        return sum(end - start for start, end in self.parts)

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(repr(self.parts).encode()).hexdigest()[:32]}-{len(self.parts)}"'


@dataclass
class SparseS3:
    """What a move asks of S3, with S3's limits. Reading an object's bytes is refused: 6 GB would take a function minutes."""

    objects: Dict[Tuple[str, str], Stored]
    upload: Dict[int, Tuple[int, int]] = field(default_factory=dict)
    asked: List[str] = field(default_factory=list)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        url = urlsplit(request.url)
        key, query = unquote(url.path).lstrip("/").partition("/")[2], {name: values[0] for name, values in parse_qs(url.query).items()}
        headers = {name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
        copied = headers.get("x-amz-copy-source", "")
        if request.method == "HEAD":
            return self._head(key, query)
        if request.method == "POST" and "uploadId" not in query:
            return self._told(
                "CreateMultipartUpload", "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
            )
        if request.method == "PUT" and copied and "partNumber" in query:
            return self._copy_part(int(query["partNumber"]), copied, headers["x-amz-copy-source-range"])
        if request.method == "POST":
            return self._complete(key)
        if request.method == "DELETE" and "versionId" in query:
            del self.objects[key, query["versionId"]]
            return self._told("DeleteObject", "", 204)
        return self._told(f"{request.method} {sorted(query)}", "<Error><Code>InvalidRequest</Code></Error>", 400)

    def _head(self, key: str, query: Dict[str, str]) -> AWSResponse:
        found = {version: stored for (name, version), stored in self.objects.items() if name == key}
        version = query.get("versionId") or max(found, default="")
        if version not in found:
            return self._told("HeadObject", "", 404)
        stored = found[version]
        start, end = stored.parts[int(query["partNumber"]) - 1] if "partNumber" in query else (0, stored.size)
        told = {"Content-Length": str(end - start), "ETag": stored.etag, "x-amz-version-id": version}
        return self._told("HeadObject", "", 206 if "partNumber" in query else 200, told)

    def _copy_part(self, number: int, source: str, asked: str) -> AWSResponse:
        assert unquote(source) == f"{ORIGINAL.bucket}/{ORIGINAL.key}?versionId={ORIGINAL.version_id}"
        first, last = map(int, asked[len("bytes=") :].split("-"))
        if last - first + 1 > MOST_COPIED:
            return self._told("UploadPartCopy", "<Error><Code>InvalidRequest</Code></Error>", 400)
        self.upload[number] = (first, last + 1)
        return self._told("UploadPartCopy", f'<CopyPartResult><ETag>"{number}"</ETag></CopyPartResult>')

    def _complete(self, key: str) -> AWSResponse:
        parts = [self.upload[number] for number in sorted(self.upload)]
        assert len(parts) <= MOST_PARTS
        assert all(end - start >= LEAST_PART for start, end in parts[:-1])
        self.objects[key, "v1"] = Stored(parts)
        return self._told(
            "CompleteMultipartUpload",
            "<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>",
            200,
            {"x-amz-version-id": "v1"},
        )

    def _told(self, operation: str, body: str, status: int = 200, headers: Any = None) -> AWSResponse:
        self.asked.append(operation)
        told = {"Content-Type": "application/xml", **(headers or {})}
        return AWSResponse("http://s3", status, told, _Raw(body.encode()))


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Any:
        yield self._body


def original(part: int) -> Stored:
    """As its partner uploaded it, in parts of *part* bytes."""
    return Stored([(start, min(start + part, SIZE)) for start in range(0, SIZE, part)])


def store(fake: SparseS3) -> ObjectStore:
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b", config=Config(s3={"addressing_style": "path"})
    )
    client.meta.events.register("before-send.s3", lambda request, **_: fake.send(request))
    return ObjectStore(client, BUCKET)


@pytest.mark.parametrize("part", [8 * 1024**2, 100 * 1000**2, 5 * GIB], ids=["8 MiB", "100 MB", "5 GiB"])
def test_an_original_of_6_gb_is_copied_by_s3_in_parts_like_its_own_and_then_deleted(part: int) -> None:  # E22
    fake = SparseS3({(ORIGINAL.key, "v1"): original(part)})
    moved = store(fake).move(ORIGINAL, "processed/large.csv")
    assert fake.objects == {("processed/large.csv", "v1"): original(part)}
    assert moved == ObjectRef(BUCKET, "processed/large.csv", "v1")
    assert set(fake.asked) == {"HeadObject", "CreateMultipartUpload", "UploadPartCopy", "CompleteMultipartUpload", "DeleteObject"}
    assert fake.asked.index("DeleteObject") > fake.asked.index("CompleteMultipartUpload")


def test_an_original_of_6_gb_whose_copy_lacks_a_byte_stays_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:  # E22
    fake = SparseS3({(ORIGINAL.key, "v1"): original(5 * GIB)})
    monkeypatch.setattr(fake, "upload", _Short())
    with pytest.raises(ReconciliationFailed):
        store(fake).move(ORIGINAL, "processed/large.csv")
    assert fake.objects[ORIGINAL.key, "v1"] == original(5 * GIB)


class _Short(Dict[int, Tuple[int, int]]):
    """Loses the last byte of every part."""

    def __setitem__(self, number: int, part: Tuple[int, int]) -> None:
        super().__setitem__(number, (part[0], part[1] - 1))
