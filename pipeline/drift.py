"""The daily build that compares every target's stack with its template (D10)."""

from __future__ import annotations

from typing import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from etl import names
from etl.target import Target
from pipeline.accounts import assume, stage_role
from pipeline.notifications import Notifications
from pipeline.scheduled import ScheduledBuild
from pipeline.settings import PipelineSettings
from stages.etl_stage import EtlStage

#: CloudFormation reads each resource with the permissions of the caller: these are the read actions of a stage's resource types,
#: with the resources that they are allowed on.
_READ: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Stacks": (
        (
            "cloudformation:DescribeStackResourceDrifts",
            "cloudformation:DescribeStacks",
            "cloudformation:DetectStackDrift",
            "cloudformation:DetectStackResourceDrift",
        ),
        ("arn:aws:cloudformation:{region}:{account}:stack/etl-{suffix}/*",),
    ),
    "Trails": (
        (
            "cloudtrail:GetEventConfiguration",
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetInsightSelectors",
            "cloudtrail:GetTrail",
            "cloudtrail:GetTrailStatus",
            "cloudtrail:ListTags",
        ),
        ("arn:aws:cloudtrail:{region}:{account}:trail/etl-*-{suffix}",),
    ),
    "Watching": (
        ("cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"),
        ("arn:aws:cloudwatch:{region}:{account}:alarm:*", "arn:aws:cloudwatch::{account}:dashboard/etl-*-{suffix}"),
    ),
    "Tables": (
        (
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:DescribeContributorInsights",
            "dynamodb:DescribeKinesisStreamingDestination",
            "dynamodb:DescribeTable",
            "dynamodb:DescribeTimeToLive",
            "dynamodb:GetResourcePolicy",
            "dynamodb:ListTagsOfResource",
        ),
        ("arn:aws:dynamodb:{region}:{account}:table/etl-*-{suffix}",),
    ),
    "Rules": (
        ("events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"),
        ("arn:aws:events:{region}:{account}:rule/etl-*-{suffix}",),
    ),
    "Roles": (
        ("iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
        ("arn:aws:iam::{account}:role/etl-*-{suffix}",),
    ),
    "Keys": (
        ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"),
        ("arn:aws:kms:{region}:{account}:key/*",),
    ),
    "Functions": (
        (
            "lambda:GetFunction",
            "lambda:GetFunctionCodeSigningConfig",
            "lambda:GetFunctionRecursionConfig",
            "lambda:GetFunctionScalingConfig",
            "lambda:GetLayerVersion",
            "lambda:GetRuntimeManagementConfig",
        ),
        ("arn:aws:lambda:{region}:{account}:function:etl-*-{suffix}", "arn:aws:lambda:{region}:{account}:layer:etl-*-{suffix}:*"),
    ),
    "Logs": (
        ("logs:GetDataProtectionPolicy", "logs:ListTagsForResource"),
        ("arn:aws:logs:{region}:{account}:log-group:*",),
    ),
    "Buckets": (
        (
            "s3:GetAccelerateConfiguration",
            "s3:GetAnalyticsConfiguration",
            "s3:GetBucketAbac",
            "s3:GetBucketCORS",
            "s3:GetBucketLogging",
            "s3:GetBucketMetadataTableConfiguration",
            "s3:GetBucketNotification",
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPolicy",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetBucketWebsite",
            "s3:GetEncryptionConfiguration",
            "s3:GetIntelligentTieringConfiguration",
            "s3:GetInventoryConfiguration",
            "s3:GetLifecycleConfiguration",
            "s3:GetMetricsConfiguration",
            "s3:GetReplicationConfiguration",
            "s3:ListBucket",
            "s3:ListTagsForResource",
        ),
        ("arn:aws:s3:::etl-*-{account}-{region}-{suffix}",),
    ),
    "Topics": (
        ("sns:GetDataProtectionPolicy", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"),
        ("arn:aws:sns:{region}:{account}:etl-*-{suffix}",),
    ),
    "Queues": (("sqs:GetQueueAttributes", "sqs:ListQueueTags"), ("arn:aws:sqs:{region}:{account}:etl-*-{suffix}*",)),
    "Parameters": (("ssm:GetParameters", "ssm:ListTagsForResource"), ("arn:aws:ssm:{region}:{account}:parameter/etl/{suffix}/*",)),
    "Machines": (
        ("states:DescribeStateMachine", "states:ListTagsForResource"),
        ("arn:aws:states:{region}:{account}:stateMachine:etl-*-{suffix}",),
    ),
    # The service authorizes these on no resource.
    "Unnamed": (
        (
            "cloudformation:BatchDescribeTypeConfigurations",
            "cloudformation:DescribeStackDriftDetectionStatus",
            "cloudtrail:DescribeTrails",
            "kms:ListAliases",
            "logs:DescribeIndexPolicies",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
        ),
        ("*",),
    ),
}


class DriftDetection(ScheduledBuild):
    """Daily, before the working day of either region."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: PipelineSettings, stages: Sequence[EtlStage], notifications: Notifications
    ) -> None:
        kind = "drift"
        name = names.physical(kind, settings.suffix)
        roles = {
            stage.target: stage_role(stage, kind, settings=settings, trusted=name, statements=statements([stage.target]))
            for stage in stages
        }
        super().__init__(
            scope,
            construct_id,
            kind=kind,
            settings=settings,
            notifications=notifications,
            schedule=events.Schedule.cron(hour="4", minute="30"),
            timeout=Duration.hours(1),
            description="Reports stages that differ from their templates",
            role_description="Reads the resources of the stages to compare them with their templates",
            variables={"LEDGERLINE_STAGES": " ".join(_stage_argument(*each) for each in roles.items())},
            statements=_own_statements(roles),
        )


def _stage_argument(target: Target, role: str | None) -> str:
    """``suffix=region`` or ``suffix=region=role``, which ``buildspec/drift.sh`` splits again."""
    return "=".join(filter(None, (target.suffix, target.region, role)))


def _own_statements(roles: Mapping[Target, str | None]) -> list[iam.PolicyStatement]:
    here, elsewhere = [target for target, role in roles.items() if role is None], [role for role in roles.values() if role]
    return [*(statements(here) if here else []), *([assume(*elsewhere)] if elsewhere else [])]


def statements(stages: Sequence[Target]) -> list[iam.PolicyStatement]:
    """To read the resources of *stages*, by their names where the service authorizes single resources."""
    return [
        iam.PolicyStatement(
            sid=f"Read{sid}",
            actions=list(actions),
            resources=list(
                dict.fromkeys(
                    pattern.format(region=stage.region, account=stage.account, suffix=stage.suffix)
                    for pattern in patterns
                    for stage in stages
                )
            ),
        )
        for sid, (actions, patterns) in _READ.items()
    ]
