"""A bucket that still holds objects, or versions of deleted ones, cannot be deleted with its stack."""

from __future__ import annotations

from typing import Any

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from local.gaps.gap import Gap, must_hold


def _fix() -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    original = handlers["delete"]
    must_hold(original is provisioners._s3_delete, "the bucket's delete handler")

    def delete(name: str, properties: dict[str, Any]) -> None:
        held = len(s3._buckets.get(name, {}).get("objects", ()))
        held += sum(len(versions) for (bucket, _), versions in s3._object_versions.items() if bucket == name)
        if held:
            raise ValueError(f"BucketNotEmpty: {name} holds {held} objects and versions. You must delete all versions in the bucket.")
        original(name, properties)

    handlers["delete"] = delete


GAP = Gap("full buckets", "a stack's deletion throws away a bucket with everything in it, where AWS would refuse", _fix)
