"""The data bucket, and the bucket for its access logs and audit trail."""

from __future__ import annotations

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from etl import names
from etl.target import Target
from runtime.core import keys

ACCESS_LOGS = "access/"

#: Days. The first is required (E4); the others leave time to look into a file that failed.
PROCESSED_TO_GLACIER = 30
STAGING_DAYS = 14
MANIFEST_DAYS = 60
NONCURRENT_DAYS = 30
INCOMPLETE_UPLOAD_DAYS = 2
LOG_DAYS = 365

#: Storage classes whose objects must be restored before they can be read (not so those of Glacier Instant Retrieval).
ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")


class Storage(Construct):
    """``data`` holds the files of every state; ``logs`` holds access logs and the audit trail.

    The data bucket depends on the log bucket and is therefore deleted first: a bucket that another
    still logs into fills again after it is emptied, and cannot be deleted.
    """

    def __init__(self, scope: Construct, construct_id: str, *, target: Target) -> None:
        super().__init__(scope, construct_id)
        log_name = names.bucket("logs", target.account, target.region, target.suffix)
        data_name = names.bucket("data", target.account, target.region, target.suffix)
        self.logs = s3.Bucket(
            self,
            "Logs",
            bucket_name=log_name,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="expire",
                    expiration=Duration.days(LOG_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(INCOMPLETE_UPLOAD_DAYS),
                )
            ],
            removal_policy=RemovalPolicy.DESTROY,
            auto_delete_objects=True,
        )
        self.logs.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AccessLogDelivery",
                principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[self.logs.arn_for_objects(f"{ACCESS_LOGS}*")],
                conditions={
                    # By name: a reference would make the log bucket depend on the data bucket, which depends on it.
                    "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{data_name}"},
                    "StringEquals": {"aws:SourceAccount": target.account},
                },
            )
        )
        self.data = s3.Bucket(
            self,
            "Data",
            bucket_name=data_name,
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=_lifecycle(),
            # S3 leaves objects under 128 KB in Standard unless the bucket says otherwise; E4 makes no such exception.
            transition_default_minimum_object_size=s3.TransitionDefaultMinimumObjectSize.VARIES_BY_STORAGE_CLASS,
            removal_policy=RemovalPolicy.DESTROY,
            auto_delete_objects=True,
        )
        self._refuse_unreadable()
        data = cast("s3.CfnBucket", self.data.node.default_child)
        data.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
        data.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=self.logs.bucket_name, log_file_prefix=ACCESS_LOGS
        )
        self.data.node.add_dependency(self.logs)

    def _refuse_unreadable(self) -> None:
        """Refuse uploads that the stage could neither read nor move: those encrypted under another key, and those into an archive.

        S3 would accept an upload into an archive, whose bytes take hours and a request to restore. The sender gets an error at once.
        """
        other = "s3:x-amz-server-side-encryption"
        refused: dict[str, dict[str, object]] = {
            "RefuseArchives": {"StringEquals": {"s3:x-amz-storage-class": list(ARCHIVES)}},
            "RefuseOtherKeys": {"StringNotEquals": {other: "AES256"}, "Null": {other: "false"}},
            "RefuseCustomerKeys": {"Null": {f"{other}-customer-algorithm": "false"}},
        }
        for sid, conditions in refused.items():
            self.data.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=["s3:PutObject"],
                    resources=[self.data.arn_for_objects("*")],
                    conditions=conditions,
                )
            )


def _lifecycle() -> list[s3.LifecycleRule]:
    def expire(rule_id: str, prefix: str, days: int) -> s3.LifecycleRule:
        return s3.LifecycleRule(id=rule_id, prefix=prefix, expiration=Duration.days(days))

    return [
        s3.LifecycleRule(
            id="processed-to-glacier",
            prefix=keys.PROCESSED,
            transitions=[s3.Transition(storage_class=s3.StorageClass.GLACIER, transition_after=Duration.days(PROCESSED_TO_GLACIER))],
        ),
        expire("expire-staging", keys.STAGING, STAGING_DAYS),
        expire("expire-manifests", keys.MANIFESTS, MANIFEST_DAYS),
        s3.LifecycleRule(
            id="expire-leftovers",
            noncurrent_version_expiration=Duration.days(NONCURRENT_DAYS),
            abort_incomplete_multipart_upload_after=Duration.days(INCOMPLETE_UPLOAD_DAYS),
            expired_object_delete_marker=True,
        ),
    ]
