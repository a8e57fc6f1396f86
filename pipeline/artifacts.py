"""Artifact buckets of our own, one a region: those that the CDK would make outlive their stack."""

from __future__ import annotations

from aws_cdk import Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from etl import names
from pipeline.settings import PipelineSettings

EXPIRE_DAYS = 30


class ArtifactBucket(s3.Bucket):
    """Holds what the pipeline's actions hand to each other."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: PipelineSettings, region: str) -> None:
        super().__init__(
            scope,
            construct_id,
            bucket_name=names.bucket("pipe", settings.account, region, settings.suffix),
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="expire",
                    expiration=Duration.days(EXPIRE_DAYS),
                    noncurrent_version_expiration=Duration.days(1),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=RemovalPolicy.DESTROY,
            auto_delete_objects=True,
        )


class SupportStack(Stack):
    """What the pipeline needs in a region that it deploys to and does not live in."""

    def __init__(self, scope: Construct, *, settings: PipelineSettings, region: str) -> None:
        super().__init__(
            scope,
            f"Support-{region}",
            stack_name=names.physical(f"pipe-{region}", settings.suffix),
            env=Environment(account=settings.account, region=region),
            description=f"Artifacts of the Ledgerline delivery for {region}",
            tags=dict(settings.tags),
        )
        self.bucket = ArtifactBucket(self, "Artifacts", settings=settings, region=region)
