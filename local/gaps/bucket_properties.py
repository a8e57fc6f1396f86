"""What a template says of a bucket is what the bucket then has: tags, lifecycle, encryption, access logging."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from local.gaps.gap import Gap, must_contain, must_hold

#: Stands for encryption by the account's own S3 key, which the emulator does not have: the bucket stays without.
_AWS_MANAGED_KEY = b""


def _fix() -> None:
    known = provisioners._S3_BUCKET_CONFIGURATIONS
    must_hold([row[0] for row in known] == ["CorsConfiguration", "PublicAccessBlockConfiguration", "WebsiteConfiguration"], "bucket table")
    must_contain(provisioners._s3_apply_configurations, "in _S3_BUCKET_CONFIGURATIONS")
    provisioners._S3_BUCKET_CONFIGURATIONS = (
        *known,
        ("Tags", _tagging, s3._put_bucket_tagging, s3._delete_bucket_tagging),
        ("LifecycleConfiguration", _lifecycle, s3._put_bucket_lifecycle, s3._delete_bucket_lifecycle),
        ("BucketEncryption", _encryption, _put_encryption, s3._delete_bucket_encryption),
        ("LoggingConfiguration", _logging, s3._put_bucket_logging, _stop_logging),
    )


def _tagging(tags: list[dict[str, str]]) -> bytes:
    return _xml("Tagging", {"TagSet": {"Tag": [{"Key": tag["Key"], "Value": tag["Value"]} for tag in tags]}})


def _lifecycle(configuration: dict[str, Any]) -> bytes:
    return _xml("LifecycleConfiguration", {"Rule": [_lifecycle_rule(rule) for rule in configuration["Rules"]]})


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation's names of a rule's parts to those of the S3 API."""
    noncurrent = rule.get("NoncurrentVersionExpiration", {})
    return {
        "ID": rule.get("Id"),
        "Filter": {"Prefix": rule.get("Prefix", "")},
        "Status": rule["Status"],
        "Transition": [{"Days": step["TransitionInDays"], "StorageClass": step["StorageClass"]} for step in rule.get("Transitions", [])],
        "Expiration": {"Days": rule.get("ExpirationInDays"), "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker")},
        "NoncurrentVersionExpiration": {"NoncurrentDays": noncurrent.get("NoncurrentDays")},
        "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload", {}),
    }


def _put_encryption(bucket: str, configuration: bytes) -> None:
    if configuration != _AWS_MANAGED_KEY:
        s3._put_bucket_encryption(bucket, configuration)


def _encryption(configuration: dict[str, Any]) -> bytes:
    defaults = [rule["ServerSideEncryptionByDefault"] for rule in configuration["ServerSideEncryptionConfiguration"]]
    if any(default["SSEAlgorithm"] == "aws:kms" and not default.get("KMSMasterKeyID") for default in defaults):
        return _AWS_MANAGED_KEY
    rules = [{"ApplyServerSideEncryptionByDefault": default} for default in defaults]
    return _xml("ServerSideEncryptionConfiguration", {"Rule": rules})


def _logging(configuration: dict[str, Any]) -> bytes:
    target = {"TargetBucket": configuration.get("DestinationBucketName"), "TargetPrefix": configuration.get("LogFilePrefix")}
    return _xml("BucketLoggingStatus", {"LoggingEnabled": target})


def _stop_logging(bucket: str) -> None:
    s3._put_bucket_logging(bucket, _xml("BucketLoggingStatus", {}))


def _xml(root: str, content: dict[str, Any]) -> bytes:
    element = Element(root)
    _fill(element, content)
    document: bytes = tostring(element, encoding="utf-8")
    return document


def _fill(parent: Element, content: dict[str, Any]) -> None:
    """Lists repeat their element; None, empty lists and parts with nothing in them are left out."""
    for name, value in content.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                if any(part is not None and part != [] for part in item.values()):
                    _fill(SubElement(parent, name), item)
            elif item is not None:
                SubElement(parent, name).text = str(item).lower() if isinstance(item, bool) else str(item)


GAP = Gap("bucket properties", "tags, lifecycle rules, encryption and access logging of a bucket are dropped from the template", _fix)
