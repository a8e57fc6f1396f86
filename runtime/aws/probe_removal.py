"""Removes the objects and items of probes from the bucket and the table."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Iterator, Sequence

from runtime.core import keys
from runtime.core.models import file_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

_BATCH_OBJECTS, _BATCH_ITEMS = 1000, 25


def prefixes(dataset: str, run_id: str, identity: str) -> list[str]:
    """Every prefix under which a probe of *run_id*, registered as *identity*, has objects."""
    arrivals = [f"{area}{dataset}/{run_id}/" for area in (keys.INCOMING, keys.PROCESSED, keys.FAILED)]
    outputs = [f"{area}{dataset}/{identity}/" for area in (keys.CURATED, keys.REJECTED, keys.STAGING)]
    return [
        *arrivals,
        *outputs,
        keys.commit_manifest(dataset, identity),
        keys.reject_report(dataset, identity),
        f"{keys.MANIFESTS}{identity}.",
    ]


def stale_probes(s3: S3Client, bucket: str, dataset: str, source_name: str, before: datetime) -> list[tuple[str, str]]:
    """(run id, file id) of probes uploaded before *before*, left by checks that timed out or failed."""
    probes = set()
    for area in (keys.INCOMING, keys.PROCESSED, keys.FAILED):
        root = f"{area}{dataset}/"
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=root):
            for version in page.get("Versions", []):
                run_id, _, name = version["Key"][len(root) :].partition("/")
                if version["LastModified"] < before and name:
                    arrived = area == keys.INCOMING
                    identity = file_id(source_name, version["Key"], version["VersionId"]) if arrived else name.partition("-")[0]
                    probes.add((run_id, identity))
    return sorted(probes)


def remove(s3: S3Client, dynamodb: DynamoDBClient, bucket: str, table: str, under: Sequence[str], identity: str) -> list[str]:
    """Delete a probe's objects and items; return one message for each object that could not be deleted."""
    problems = _delete_objects(s3, bucket, under)
    _delete_items(dynamodb, table, identity)
    return problems


def _delete_objects(s3: S3Client, bucket: str, under: Sequence[str]) -> list[str]:
    versions = (version for prefix in under for version in _versions(s3, bucket, prefix))
    problems = []
    while batch := list(islice(versions, _BATCH_OBJECTS)):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        problems += [f"clean-up: {error.get('Key')} was not deleted: {error.get('Code')}" for error in answer.get("Errors", [])]
    return problems


def _versions(s3: S3Client, bucket: str, prefix: str) -> Iterator[Any]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            yield {"Key": version["Key"], "VersionId": version["VersionId"]}


def _delete_items(dynamodb: DynamoDBClient, table: str, identity: str) -> None:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="file_id = :file",
        ExpressionAttributeValues={":file": {"S": identity}},
        ProjectionExpression="file_id, chunk_id",
        ConsistentRead=True,
    )
    items = (item for page in pages for item in page["Items"])
    while batch := list(islice(items, _BATCH_ITEMS)):
        waiting: Any = {table: [{"DeleteRequest": {"Key": item}} for item in batch]}
        while waiting:
            waiting = dynamodb.batch_write_item(RequestItems=waiting).get("UnprocessedItems")
