"""The pipeline's artifact buckets, one per region. Those that the CDK creates by default outlive their stack."""

from __future__ import annotations

from aws_cdk import Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from etl import names
from etl.target import TAGS
from pipeline.settings import PipelineSettings

EXPIRE_DAYS = 30


class ArtifactBucket(s3.Bucket):
    """Holds the artifacts of the pipeline's actions, under a key of its own if another account reads them."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: PipelineSettings, region: str, keyed: bool) -> None:
        key = ArtifactKey(scope, f"{construct_id}Key", settings=settings) if keyed else None
        super().__init__(
            scope,
            construct_id,
            bucket_name=names.bucket("pipe", settings.account, region, settings.suffix),
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key.named_in(settings.region) if key else None,
            bucket_key_enabled=True if key else None,
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


class ArtifactKey(kms.Key):
    """The key by which another account can read artifacts (D9), which S3's own encryption would not allow.

    The CDK adds the deploy role of each target in another account to the policy, for decryption only. Roles of the
    pipeline's account are authorized by their own policies.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: PipelineSettings) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Encrypts the artifacts that other accounts read",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._name = f"alias/{names.physical('pipe', settings.suffix)}"
        self.alias = kms.Alias(self, "Alias", alias_name=self._name, target_key=self, removal_policy=RemovalPolicy.DESTROY)

    def named_in(self, region: str) -> kms.IKey:
        """The key as the stack of the pipeline's *region* can refer to it: from another region by its alias, since its id is unknown."""
        return self if region == Stack.of(self).region else self.alias

    def grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        """Grant by the key's alias to a role of this account in another region, where the CDK would grant on every key."""
        here, principal = Stack.of(self), grantee.grant_principal
        elsewhere = isinstance(principal, iam.Role) and principal.env.account == here.account and principal.env.region != here.region
        if not elsewhere:
            return super().grant(grantee, *actions)
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[f"arn:aws:kms:{here.region}:{here.account}:key/*"],
            conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": self._name}},
        )


class SupportStack(Stack):
    """The artifact bucket in a region that the pipeline deploys to and is not in itself."""

    def __init__(self, scope: Construct, *, settings: PipelineSettings, region: str, keyed: bool) -> None:
        super().__init__(
            scope,
            f"Support-{region}",
            stack_name=names.physical(f"pipe-{region}", settings.suffix),
            env=Environment(account=settings.account, region=region),
            description=f"Artifacts of the Ledgerline delivery for {region}",
            tags=dict(TAGS),
        )
        self.bucket = ArtifactBucket(self, "Artifacts", settings=settings, region=region, keyed=keyed)
