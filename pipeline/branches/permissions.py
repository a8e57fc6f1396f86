"""What the builds of branches may do: list resources, delete those of branches, and assume the roles of the branches' bootstrap.

A pattern for a bucket has its only wildcard at the end: ``etl-*-br-*`` would also match keys in another stage's bucket, which
are chosen by senders.
"""

from __future__ import annotations

from aws_cdk import aws_iam as iam

from etl import names
from etl.target import Target
from pipeline import slugs, validation
from pipeline.branches.target import STAGE
from pipeline.settings import BranchSettings, PipelineSettings

#: Matches the suffix of every branch.
ANY = f"{slugs.PREFIX}*"
BUCKETS = ("data", "logs")
#: The bootstrap's roles that the CDK CLI assumes.
ASSUMED = ("deploy", "file-publishing")

#: The calls of ``ops.branches.inventory``. Services authorize listing for all resources or for none.
LISTED = (
    "cloudformation:DescribeStacks",
    "cloudformation:ListStacks",
    "cloudtrail:ListTrails",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListDashboards",
    "dynamodb:ListTables",
    "events:ListRules",
    "iam:ListRoles",
    "kms:ListAliases",
    "lambda:ListFunctions",
    "lambda:ListLayers",
    "logs:DescribeLogGroups",
    "s3:ListAllMyBuckets",
    "sns:ListTopics",
    "sqs:ListQueues",
    "ssm:DescribeParameters",
    "states:ListStateMachines",
)


def teardown(settings: PipelineSettings, locks_arn: str) -> list[iam.PolicyStatement]:
    """To delete a stage and check that nothing of it is left. CloudFormation deletes with the bootstrap's role, not with this one."""
    place = f"{settings.region}:{settings.account}"
    buckets = [f"arn:aws:s3:::{names.bucket(kind, settings.account, settings.region, ANY)}" for kind in BUCKETS]
    stacks = [f"arn:aws:cloudformation:{place}:stack/{names.stack(ANY)}/*"]
    groups = [f"arn:aws:logs:{place}:log-group:{path}/etl-*-{ANY}" for path in ("/aws/lambda", "/aws/vendedlogs/states")]
    rows: dict[str, tuple[list[str], list[str]]] = {
        "List": (list(LISTED), ["*"]),
        "DeleteStacks": (["cloudformation:DeleteStack", "cloudformation:ListStackResources"], stacks),
        "FindObjects": (["s3:ListBucketVersions", "s3:ListBucketMultipartUploads"], buckets),
        "RemoveObjects": (["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"], [f"{name}/*" for name in buckets]),
        "RemoveLogs": (["logs:DeleteLogGroup"], groups),
        "Lock": (["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"], [locks_arn]),
    }
    return [iam.PolicyStatement(sid=sid, actions=actions, resources=resources) for sid, (actions, resources) in rows.items()]


def deployment(settings: PipelineSettings, branches: BranchSettings) -> list[iam.PolicyStatement]:
    """To deploy through the branches' bootstrap, and to validate the deployed stage."""
    place = f"{settings.account}-{settings.region}"
    roles = [f"arn:aws:iam::{settings.account}:role/cdk-{branches.qualifier}-{role}-role-{place}" for role in ASSUMED]
    every = Target(name=STAGE, account=settings.account, region=settings.region, suffix=ANY, source_name=ANY)
    assume = iam.PolicyStatement(sid="AssumeBranchRoles", actions=["sts:AssumeRole"], resources=roles)
    return [assume, *validation.statements(every), *validation.memory_statements(every)]
