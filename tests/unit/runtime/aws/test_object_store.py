from __future__ import annotations

import hashlib
import io
import itertools
from contextlib import nullcontext
from threading import Barrier
from types import SimpleNamespace
from typing import Any, Callable, Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from runtime.aws import object_store
from runtime.aws.multipart import UPLOADS
from runtime.aws.object_store import PART_BYTES, ObjectStore, RangedFile, StoredSource
from runtime.core.errors import AccessRefused, ObjectArchived, ObjectMissing, ReconciliationFailed, StorageThrottled, StorageUnavailable
from runtime.core.models import ObjectRef
from tests.support.workflow import BUCKET, Workflow


@pytest.fixture
def workflow(workflow_on_moto: Workflow) -> Workflow:
    """Another's S3 and DynamoDB, whose answers are nearer to AWS's."""
    return workflow_on_moto


@pytest.fixture
def store(workflow: Workflow) -> ObjectStore:
    return workflow.stage.store


def put(workflow: Workflow, key: str, body: bytes) -> ObjectRef:
    return ObjectRef(BUCKET, key, workflow.s3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"])


def test_reads_name_their_version_so_an_overwrite_is_not_seen(workflow: Workflow, store: ObjectStore) -> None:  # E21
    first = put(workflow, "incoming/a", b"first")
    put(workflow, "incoming/a", b"second!")
    assert store.read(first) == b"first"
    assert store.read_range(first, 1, 3) == b"ir"
    assert store.head(first).size == 5


def test_a_stream_gives_every_byte_once_and_in_order(workflow: Workflow, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "PART_BYTES", 7)
    body = bytes(range(256)) * 3
    ref = put(workflow, "incoming/a", body)
    parts = list(store.stream(ref, 3, 700))
    assert b"".join(parts) == body[3:700]
    assert max(map(len, parts)) == 7


def test_a_stream_reads_ahead_of_who_takes_it() -> None:
    """The first two reads wait for each other; one at a time, they would wait for ever."""
    together, numbers = Barrier(2), itertools.count()

    class Client:
        def get_object(self, Range: str, **_: object) -> dict[str, Any]:  # noqa: N803 - S3's name
            if next(numbers) < together.parties:
                together.wait(timeout=20)
            first, last = map(int, Range.removeprefix("bytes=").split("-"))
            return {"Body": io.BytesIO(bytes(last + 1 - first))}

    store = ObjectStore(Client(), BUCKET)  # type: ignore[arg-type]
    parts = list(store.stream(ObjectRef(BUCKET, "incoming/a", "v"), 0, 6 * PART_BYTES))
    assert list(map(len, parts)) == [PART_BYTES] * 6


def test_a_written_object_is_told_by_its_digest(store: ObjectStore) -> None:
    written = store.write_addressed(lambda digest: f"curated/{digest[:8]}", b"body", "text/plain")
    digest = hashlib.sha256(b"body").hexdigest()
    assert (written.key, written.size, written.sha256) == (f"curated/{digest[:8]}", 4, digest)
    assert store.read(ObjectRef(BUCKET, written.key)) == b"body"


def versions(workflow: Workflow, key: str) -> list[str]:
    return [entry["VersionId"] for entry in workflow.s3.list_object_versions(Bucket=BUCKET, Prefix=key).get("Versions", [])]


def test_a_move_takes_that_version_only_and_leaves_no_delete_marker(workflow: Workflow, store: ObjectStore) -> None:  # E22
    first = put(workflow, "incoming/a", b"first")
    second = put(workflow, "incoming/a", b"second")
    moved = store.move(first, "processed/1-a")
    assert store.read(moved) == b"first"
    assert versions(workflow, "incoming/a") == [second.version_id]
    assert "DeleteMarkers" not in workflow.s3.list_object_versions(Bucket=BUCKET, Prefix="incoming/a")


def test_a_move_may_be_repeated_at_any_point(workflow: Workflow, store: ObjectStore) -> None:
    first = put(workflow, "incoming/a", b"first")
    moved = store.move(first, "processed/1-a")
    assert store.move(first, "processed/1-a") == moved
    assert versions(workflow, "processed/1-a") == [moved.version_id]


def test_a_copy_that_was_made_before_the_crash_is_checked_not_repeated(workflow: Workflow, store: ObjectStore) -> None:
    first = put(workflow, "incoming/a", b"first")
    copied = put(workflow, "processed/1-a", b"first")
    assert store.move(first, "processed/1-a") == copied
    assert versions(workflow, "incoming/a") == []


def test_an_original_is_not_deleted_when_its_copy_differs(workflow: Workflow, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    first = put(workflow, "incoming/a", b"first")
    monkeypatch.setattr(workflow.s3, "copy", lambda *_args, **_more: put(workflow, "processed/1-a", b"fir"))
    with pytest.raises(ReconciliationFailed):
        store.move(first, "processed/1-a")
    assert versions(workflow, "incoming/a") == [first.version_id]


#: What a sender may say of an object.
DESCRIBED: Mapping[str, Any] = {
    "Metadata": {"sender": "acme"},
    "ContentType": "text/csv",
    "ContentEncoding": "gzip",
    "ContentLanguage": "de",
    "ContentDisposition": 'attachment; filename="day.csv"',
    "CacheControl": "no-store",
}


def multipart(workflow: Workflow, key: str, *parts: bytes) -> ObjectRef:
    """An object uploaded in parts, whose ETag is one of parts."""
    name = {"Bucket": BUCKET, "Key": key}
    upload = workflow.s3.create_multipart_upload(**name, **DESCRIBED)["UploadId"]
    done = []
    for number, body in enumerate(parts, 1):
        etag = workflow.s3.upload_part(**name, UploadId=upload, PartNumber=number, Body=body)["ETag"]
        done.append({"PartNumber": number, "ETag": etag})
    finished = workflow.s3.complete_multipart_upload(**name, UploadId=upload, MultipartUpload={"Parts": done})
    return ObjectRef(BUCKET, key, finished["VersionId"])


PART = 5 * 1024 * 1024


def test_an_original_of_many_parts_is_moved_whole_and_keeps_what_is_said_of_it(workflow: Workflow, store: ObjectStore) -> None:
    original = multipart(workflow, "incoming/a", b"a" * PART, b"b" * PART, b"c")
    before = store.head(original)
    assert before.etag.endswith("-3")
    moved = store.move(original, "processed/1-a")
    assert store.read(moved) == b"a" * PART + b"b" * PART + b"c"
    assert described(workflow, "processed/1-a") == DESCRIBED


def described(workflow: Workflow, key: str) -> Mapping[str, Any]:
    found = workflow.s3.head_object(Bucket=BUCKET, Key=key)
    return {name: found[name] for name in DESCRIBED}


def test_a_copy_in_one_piece_keeps_what_is_said_of_it(workflow: Workflow, store: ObjectStore) -> None:  # E22
    version = workflow.s3.put_object(Bucket=BUCKET, Key="incoming/a", Body=b"a", **DESCRIBED)["VersionId"]
    store.move(ObjectRef(BUCKET, "incoming/a", version), "processed/1-a")
    assert described(workflow, "processed/1-a") == DESCRIBED


def test_a_copy_of_the_same_size_with_other_bytes_is_no_copy(workflow: Workflow, store: ObjectStore) -> None:
    """In parts of another length no ETag can tell; then the bytes are compared."""
    original = multipart(workflow, "incoming/a", b"a" * PART, b"b")
    planted = put(workflow, "processed/1-a", b"a" * PART + b"x")
    moved = store.move(original, "processed/1-a")
    assert moved.version_id != planted.version_id
    assert store.read(moved) == b"a" * PART + b"b"


def test_what_is_gone_is_missing_and_not_worth_a_retry(workflow: Workflow, store: ObjectStore) -> None:
    first = put(workflow, "incoming/a", b"first")
    workflow.s3.delete_object(Bucket=BUCKET, Key="incoming/a", VersionId=first.version_id)
    for read in (store.head, store.read, lambda ref: store.read_range(ref, 0, 1), lambda ref: store.move(ref, "processed/a")):
        with pytest.raises(ObjectMissing):
            read(first)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("SlowDown", 503, StorageThrottled),
        ("503", 503, StorageThrottled),
        ("500", 500, StorageUnavailable),
        ("ServiceUnavailable", 503, StorageUnavailable),
        ("ThrottlingException", 400, StorageThrottled),
        ("InternalError", 500, StorageUnavailable),
        ("RequestTimeout", 400, StorageUnavailable),
        ("AccessDenied", 403, AccessRefused),
        ("InvalidRange", 416, AccessRefused),
        ("InvalidObjectState", 403, ObjectArchived),
        ("ObjectNotInActiveTierError", 403, ObjectArchived),
        ("NoSuchVersion", 404, ObjectMissing),
    ],
)
def test_s3s_answers_become_errors_that_say_whether_to_try_again(code: str, status: int, expected: type[Exception]) -> None:  # G2
    class Client:
        def get_object(self, **_: object) -> None:
            raise ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetObject")  # type: ignore[typeddict-item]

    with pytest.raises(expected):
        ObjectStore(Client(), BUCKET).read(ObjectRef(BUCKET, "k", "v"))  # type: ignore[arg-type]


def test_a_broken_connection_is_worth_a_retry() -> None:
    class Client:
        def get_object(self, **_: object) -> None:
            raise ReadTimeoutError(endpoint_url="s3")

    with pytest.raises(StorageUnavailable):
        ObjectStore(Client(), BUCKET).read(ObjectRef(BUCKET, "k", "v"))  # type: ignore[arg-type]


def test_a_parquet_footer_is_read_without_reading_the_file(
    workflow: Workflow, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:  # E20
    sink = pa.BufferOutputStream()
    values = [f"{number * 7919:x}" for number in range(100_000)]
    pq.write_table(pa.table({"a": values}), sink)
    body = sink.getvalue().to_pybytes()
    ref = put(workflow, "curated/a.parquet", body)
    fetched = []
    read_range = store.read_range
    monkeypatch.setattr(store, "read_range", lambda ref, start, end: fetched.append(end - start) or read_range(ref, start, end))
    file = RangedFile(store, ref, len(body))
    assert pq.read_metadata(pa.PythonFile(file, "r")).num_rows == len(values)
    assert sum(fetched) < len(body) / 2


def test_a_source_stops_at_its_end(workflow: Workflow, store: ObjectStore) -> None:
    ref = put(workflow, "incoming/a", b"12345")
    assert StoredSource(store, ref, 5).read(3, 99) == b"45"


class _Lazy:
    """An executor that does its work when the result is asked for, and so shows who waits for what."""

    waiting = 0

    def submit(self, call: Callable[..., object], *arguments: object) -> Any:
        self.waiting += 1

        def result() -> object:
            self.waiting -= 1
            return call(*arguments)

        return SimpleNamespace(result=result)


def test_few_parts_are_in_memory_however_many_there_are(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = _Lazy()
    monkeypatch.setattr("runtime.aws.multipart.ThreadPoolExecutor", lambda _workers: nullcontext(lazy))

    def parts() -> Iterator[bytes]:
        for number in range(10):
            assert lazy.waiting <= UPLOADS
            yield bytes([number]) * (5 * 1024 * 1024)

    version = store.write_parts("staging/x/decoded.csv", parts(), "text/csv")
    ref = ObjectRef(BUCKET, "staging/x/decoded.csv", version)
    assert store.head(ref).size == 10 * 5 * 1024 * 1024
    assert store.read_range(ref, 5 * 1024 * 1024 - 1, 5 * 1024 * 1024 + 1) == b"\x00\x01"


@pytest.mark.parametrize("code", ["SlowDown", "AccessDenied"])
def test_what_s3_says_while_parts_are_written_is_one_of_our_errors(
    workflow: Workflow, store: ObjectStore, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def refuse(**_: object) -> None:
        answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        raise ClientError(answer, "UploadPart")

    monkeypatch.setattr(workflow.s3, "upload_part", refuse)
    with pytest.raises(StorageThrottled if code == "SlowDown" else AccessRefused):
        store.write_parts("staging/x/decoded.csv", iter([b"a"]), "text/csv")
    assert "Uploads" not in workflow.s3.list_multipart_uploads(Bucket=BUCKET)
    assert versions(workflow, "staging/") == []
