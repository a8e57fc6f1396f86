"""Removing what a probe left in the bucket and in the table, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from runtime import keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

_BATCH_OBJECTS, _BATCH_ITEMS = 1000, 25


def prefixes(dataset: str, run_id: str, file_id: str) -> list[str]:
    """Every prefix under which a probe of *run_id*, registered as *file_id*, has objects."""
    arrivals = [f"{area}{dataset}/{run_id}/" for area in (keys.INCOMING, keys.PROCESSED, keys.FAILED)]
    outputs = [f"{area}{dataset}/{file_id}/" for area in (keys.CURATED, keys.REJECTED, keys.STAGING)]
    return [
        *arrivals,
        *outputs,
        keys.commit_manifest(dataset, file_id),
        keys.reject_report(dataset, file_id),
        f"{keys.MANIFESTS}{file_id}.",
    ]


def delete_objects(s3: S3Client, bucket: str, under: Sequence[str]) -> list[str]:
    """Delete every version of every object under the prefixes; one message for each that could not be deleted."""
    versions = (version for prefix in under for version in _versions(s3, bucket, prefix))
    problems = []
    while batch := list(islice(versions, _BATCH_OBJECTS)):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        problems += [f"clean-up: {error.get('Key')} was not deleted: {error.get('Code')}" for error in answer.get("Errors", [])]
    return problems


def _versions(s3: S3Client, bucket: str, prefix: str) -> Iterator[Any]:
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for found in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            yield {"Key": found["Key"], "VersionId": found["VersionId"]}


def delete_items(dynamodb: DynamoDBClient, table: str, file_id: str) -> None:
    """Delete the file's item, its chunks and its events."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="file_id = :file",
        ExpressionAttributeValues={":file": {"S": file_id}},
        ProjectionExpression="file_id, chunk_id",
        ConsistentRead=True,
    )
    items = (item for page in pages for item in page["Items"])
    while batch := list(islice(items, _BATCH_ITEMS)):
        waiting: Any = {table: [{"DeleteRequest": {"Key": item}} for item in batch]}
        while waiting:
            waiting = dynamodb.batch_write_item(RequestItems=waiting).get("UnprocessedItems")
