"""The store in memory gives the answers that moto gives: each scenario's calls are made on both and compared."""

from __future__ import annotations

import base64
import hashlib

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from runtime.core.models import FILES_BY_DATASET, FILES_BY_STATUS
from tests.support.item_sizes import LIMIT, ItemPastLimit
from tests.support.memory import MemoryAws
from tests.support.workflow import BUCKET, TABLE, make_clients, make_store

MIB = 1024 * 1024
#: What each store chooses for itself.
CHOSEN = {"VersionId", "LastModified", "UploadId", "NextVersionIdMarker", "NextContinuationToken"}
#: What only one of them says, and the runtime does not read of these answers. moto keeps no checksum of a plain PUT; S3 does.
UNREAD = {
    "ResponseMetadata",
    "ServerSideEncryption",
    "StorageClass",
    "ChecksumAlgorithm",
    "ChecksumType",
    "ChecksumCRC32",
    "ChecksumSHA256",
}
UNREAD |= {"Bucket", "Location", "Name", "Owner", "Initiator", "Initiated", "Prefix", "Delimiter", "EncodingType", "MaxKeys", "KeyCount"}
UNREAD |= {
    "KeyMarker",
    "VersionIdMarker",
    "MaxUploads",
    "UploadIdMarker",
    "AcceptRanges",
    "CopySourceVersionId",
    "Deleted",
    "ScannedCount",
    "ConsumedCapacity",
}


class Calls:
    """Makes calls and keeps their answers, without what differs from store to store."""

    def __init__(self, s3, dynamodb):
        self.clients = {"s3": s3, "dynamodb": dynamodb}
        self.made = []

    def __call__(self, service, operation, **arguments):
        try:
            answer = getattr(self.clients[service], operation)(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            reasons = [reason["Code"] for reason in error.response.get("CancellationReasons", [])]
            self.made.append((operation, code, error.response["ResponseMetadata"]["HTTPStatusCode"], reasons))
            return {}
        if "Body" in answer:
            answer["Body"] = answer["Body"].read()
        self.made.append((operation, answer["ResponseMetadata"]["HTTPStatusCode"], facts(answer)))
        return answer

    def s3(self, operation, **arguments):
        return self("s3", operation, **{"Bucket": BUCKET, **arguments})

    def table(self, operation, **arguments):
        return self("dynamodb", operation, **{"TableName": TABLE, **arguments})


def facts(answer):
    if isinstance(answer, list):
        return [facts(part) for part in answer]
    if isinstance(answer, dict):
        kept = {name: facts(value) for name, value in answer.items() if name not in UNREAD and value not in (None, [], {}, "", False)}
        return {name: "chosen" if name in CHOSEN else value for name, value in kept.items()}
    return answer


def objects(calls):
    key = "incoming/a b+ü/../x.csv"
    first = calls.s3("put_object", Key=key, Body=b"0123456789", ContentType="text/csv", Metadata={"of": "acme"})["VersionId"]
    second = calls.s3("put_object", Key=key, Body=b"abc", ContentEncoding="gzip")["VersionId"]
    calls.s3("put_object", Key="other", Body=b"abc", ChecksumSHA256=base64.b64encode(hashlib.sha256(b"abc").digest()).decode())
    for version in ({}, {"VersionId": first}, {"VersionId": second}, {"VersionId": "nobody"}):
        calls.s3("head_object", Key=key, **version)
    calls.s3("head_object", Key="other", ChecksumMode="ENABLED")
    for start, end in ((0, 3), (2, 2), (5, 100)):
        calls.s3("get_object", Key=key, VersionId=first, Range=f"bytes={start}-{end}")
    for missing in ("nothing", key + "/"):
        calls.s3("get_object", Key=missing)
        calls.s3("head_object", Key=missing)
    calls.s3("get_object", Key=key, Range="bytes=100-")
    calls.s3("copy_object", Key="copy", CopySource={"Bucket": BUCKET, "Key": key, "VersionId": first})
    calls.s3("copy_object", Key="plain", CopySource={"Bucket": BUCKET, "Key": key}, MetadataDirective="REPLACE", ContentType="x/y")
    calls.s3("copy_object", Key="lost", CopySource={"Bucket": BUCKET, "Key": "nothing"})
    for name in ("copy", "plain"):
        calls.s3("get_object", Key=name)
    calls.s3("list_object_versions", Prefix="incoming/")
    calls.s3("delete_object", Key=key, VersionId=second)
    calls.s3("get_object", Key=key)
    marker = calls.s3("delete_object", Key=key)["VersionId"]
    calls.s3("get_object", Key=key)
    calls.s3("head_object", Key=key, VersionId=marker)
    calls.s3("delete_object", Key=key, VersionId="nobody")
    calls.s3("list_object_versions")
    calls.s3("list_objects_v2", Prefix="")
    calls.s3("delete_objects", Delete={"Objects": [{"Key": key, "VersionId": marker}, {"Key": "copy"}]})
    calls.s3("list_objects_v2", Prefix="c")
    calls.s3("put_object", Key="cold", Body=b"abc", StorageClass="GLACIER")
    calls.s3("get_object", Key="cold")
    calls.s3("copy_object", Key="warm", CopySource={"Bucket": BUCKET, "Key": "cold"})


def listings(calls):
    for key in ("p/a", "p/b", "p/b", "p/b", "p/c/d", "p/e", "q"):
        calls.s3("put_object", Key=key, Body=key.encode())
    page = calls.s3("list_object_versions", Prefix="p/", MaxKeys=3)
    calls.s3("list_object_versions", Prefix="p/", KeyMarker=page["NextKeyMarker"], VersionIdMarker=page["NextVersionIdMarker"])
    page = calls.s3("list_objects_v2", Prefix="p/", MaxKeys=2)
    calls.s3("list_objects_v2", Prefix="p/", ContinuationToken=page["NextContinuationToken"])
    calls.s3("list_object_versions", Prefix="nothing/")


def parts(calls):
    calls.s3("put_object", Key="source", Body=b"s" * (6 * MIB))
    upload = calls.s3("create_multipart_upload", Key="whole", ContentType="a/b")["UploadId"]
    of = {"Key": "whole", "UploadId": upload}
    first = calls.s3("upload_part", PartNumber=1, Body=b"x" * (5 * MIB), **of)["ETag"]
    source = {"Bucket": BUCKET, "Key": "source"}
    copied = calls.s3("upload_part_copy", PartNumber=2, CopySource=source, CopySourceRange=f"bytes=5-{5 * MIB + 4}", **of)
    last = calls.s3("upload_part", PartNumber=3, Body=b"end", **of)["ETag"]
    calls.s3("list_multipart_uploads")
    etags = [first, copied["CopyPartResult"]["ETag"], last]
    named = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]}
    calls.s3("complete_multipart_upload", MultipartUpload=named, **of)
    calls.s3("head_object", Key="whole")
    calls.s3("get_object", Key="whole", Range=f"bytes={10 * MIB - 1}-{10 * MIB + 2}")
    short = {"Key": "short", "UploadId": calls.s3("create_multipart_upload", Key="short")["UploadId"]}
    etags = [calls.s3("upload_part", PartNumber=number, Body=b"short", **short)["ETag"] for number in (1, 2)]
    named = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]}
    calls.s3("complete_multipart_upload", MultipartUpload=named, **short)
    calls.s3("abort_multipart_upload", **short)
    calls.s3("list_multipart_uploads")


def item(file, chunk, **more):
    return {"file_id": {"S": file}, "chunk_id": {"S": chunk}, **more}


def items(calls):
    new = "attribute_not_exists(file_id)"
    for _ in range(2):
        calls.table("put_item", Item=item("f", "#file", plan={"N": "1"}, size={"M": {"rows": {"N": "3"}}}), ConditionExpression=new)
    calls.table("get_item", Key=item("f", "#file"), ConsistentRead=True)
    calls.table("get_item", Key=item("f", "nothing"), ConsistentRead=True)
    older = {"ConditionExpression": "attribute_not_exists(file_id) OR #plan < :plan", "ExpressionAttributeNames": {"#plan": "plan"}}
    for plan in ("1", "10", "9"):
        calls.table("put_item", Item=item("f", "#file", plan={"N": plan}), ExpressionAttributeValues={":plan": {"N": plan}}, **older)
    for value in ({"N": "10"}, {"S": "10"}, {"N": "10.0"}, {"NULL": True}):
        condition = "#plan = :is AND NOT #status IN (:done, :is) AND (attribute_exists(#plan) OR #plan <> :is)"
        calls.table(
            "update_item",
            Key=item("f", "#file"),
            UpdateExpression="SET #status = :done, deep = :deep ADD attempts :one",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#plan": "plan", "#status": "status"},
            ExpressionAttributeValues={":is": value, ":done": {"S": "DONE"}, ":one": {"N": "1"}, ":deep": {"M": {"rows": {"N": "3"}}}},
        )
    calls.table(
        "update_item",
        Key=item("f", "#file"),
        UpdateExpression="SET deep.#rows = :four REMOVE attempts",
        ExpressionAttributeNames={"#rows": "rows"},
        ExpressionAttributeValues={":four": {"N": "4"}},
    )
    calls.table("update_item", Key=item("new", "0"), UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}})
    calls.table("scan", ConsistentRead=True)
    for at in ("1", "2"):
        values = {":at": {"N": at}}
        calls.table("delete_item", Key=item("new", "0"), ConditionExpression="n = :at", ExpressionAttributeValues=values)
    wanted = {"Keys": [item("f", "#file"), item("g", "#file")], "ProjectionExpression": "file_id"}
    calls("dynamodb", "batch_get_item", RequestItems={TABLE: wanted})
    calls.table("put_item", Item=item("f", "empty index key", dataset={"NULL": True}))


def queries(calls):
    for index, chunk in enumerate(("#file", "event#2", "event#10", "000000", "000001", "000010", ":")):
        more = {"file_status": {"S": "DONE" if index % 2 else "OPEN"}, "created_at": {"S": f"2026-11-{30 - index}"}} if index < 5 else {}
        calls.table("put_item", Item=item("f", chunk, dataset={"S": "payments"}, **more))
    for condition, values in (
        ("chunk_id BETWEEN :low AND :high", {":low": "0", ":high": ":"}),
        ("begins_with(chunk_id, :low)", {":low": "event#"}),
        ("chunk_id > :low", {":low": "000000"}),
    ):
        typed = {":file": {"S": "f"}, **{name: {"S": value} for name, value in values.items()}}
        calls.table("query", KeyConditionExpression=f"file_id = :file AND {condition}", ExpressionAttributeValues=typed)
    for index, name, value in ((FILES_BY_STATUS, "file_status", "DONE"), (FILES_BY_DATASET, "dataset", "payments")):
        values = {":v": {"S": value}}
        calls.table("query", IndexName=index, KeyConditionExpression=f"{name} = :v", ExpressionAttributeValues=values)
    for number in range(8):
        calls.table("put_item", Item=item("large", str(number), text={"S": "x" * 300_000}))
    ask = {"KeyConditionExpression": "file_id = :file", "ExpressionAttributeValues": {":file": {"S": "large"}}}
    page = calls.table("query", **ask)
    calls.table("query", ExclusiveStartKey=page["LastEvaluatedKey"], **ask)


def transactions(calls):
    def write(number, condition, values=None):
        more = {"ExpressionAttributeValues": values} if values else {}
        return {"Put": {"TableName": TABLE, "Item": item("f", str(number), n={"N": "1"}), "ConditionExpression": condition, **more}}

    new = "attribute_not_exists(file_id)"
    calls("dynamodb", "transact_write_items", TransactItems=[write(1, new), write(2, new)])
    calls("dynamodb", "transact_write_items", TransactItems=[write(3, new), write(2, new)])
    same = "n = :n AND attribute_exists(chunk_id)"
    calls("dynamodb", "transact_write_items", TransactItems=[write(1, same, {":n": {"N": "1"}}), write(4, new)])
    calls.table("scan", ConsistentRead=True)


@pytest.fixture
def account(monkeypatch):
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.mark.parametrize("scenario", [objects, listings, parts, items, queries, transactions])
def test_the_same_calls_get_the_same_answers_as_from_moto(scenario, account):
    with mock_aws():
        moto = Calls(*make_store())
        scenario(moto)
    memory = MemoryAws()
    ours = Calls(*map(memory.serve, make_clients()))
    scenario(ours)
    for made, expected in zip(ours.made, moto.made, strict=True):
        assert made == expected


def test_what_it_does_not_know_fails_the_test(account):
    s3, dynamodb = map(MemoryAws().serve, make_clients())
    key, values = item("f", "0"), {":n": {"N": "1"}}
    with pytest.raises(AssertionError, match="belongs"):
        dynamodb.put_item(TableName=TABLE, Item=key, ConditionExpression="size(x) > :n", ExpressionAttributeValues=values)
    with pytest.raises(KeyError, match="DescribeTable"):
        dynamodb.describe_table(TableName=TABLE)
    with pytest.raises(AssertionError, match="tagging"):
        s3.get_object_tagging(Bucket=BUCKET, Key="x")


def test_an_item_past_dynamodbs_limit_fails_the_test(account):
    _, dynamodb = map(MemoryAws().serve, make_clients())
    with pytest.raises(ItemPastLimit):
        dynamodb.put_item(TableName=TABLE, Item=item("f", "0", text={"S": "x" * LIMIT}))


def test_damaged_bytes_are_refused(account):
    s3, _ = map(MemoryAws().serve, make_clients())
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket=BUCKET, Key="x", Body=b"abd", ChecksumSHA256=base64.b64encode(hashlib.sha256(b"abc").digest()).decode())
