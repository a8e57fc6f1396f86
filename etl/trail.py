"""Who read or changed which object and which item (G7): a CloudTrail trail of data events."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from etl import names
from etl.target import Target

PREFIX = "trail"

_Field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty


class Trail(Construct):
    """Writes to the log bucket, whose policy admits this trail only."""

    def __init__(
        self, scope: Construct, construct_id: str, *, target: Target, data: s3.IBucket, logs: s3.Bucket, table: dynamodb.ITable
    ) -> None:
        super().__init__(scope, construct_id)
        name = names.physical("trail", target.suffix)
        arn = Stack.of(self).format_arn(service="cloudtrail", resource="trail", resource_name=name)
        writer = iam.ServicePrincipal("cloudtrail.amazonaws.com")
        from_here = {"aws:SourceArn": arn}
        logs.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TrailLooksUp",
                principals=[writer],
                actions=["s3:GetBucketAcl"],
                resources=[logs.bucket_arn],
                conditions={"StringEquals": from_here},
            )
        )
        logs.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TrailDelivers",
                principals=[writer],
                actions=["s3:PutObject"],
                resources=[logs.arn_for_objects(f"{PREFIX}/AWSLogs/{target.account}/*")],
                conditions={"StringEquals": {**from_here, "s3:x-amz-acl": "bucket-owner-full-control"}},
            )
        )
        self.trail = cloudtrail.CfnTrail(
            self,
            "Resource",
            trail_name=name,
            s3_bucket_name=logs.bucket_name,
            s3_key_prefix=PREFIX,
            is_logging=True,
            is_multi_region_trail=False,
            include_global_service_events=False,
            enable_log_file_validation=True,
            advanced_event_selectors=[
                _data_events("Objects", "AWS::S3::Object", _Field(field="resources.ARN", starts_with=[data.arn_for_objects("")])),
                _data_events("Items", "AWS::DynamoDB::Table", _Field(field="resources.ARN", equal_to=[table.table_arn])),
            ],
        )
        # CloudTrail checks that it may write when the trail is created.
        self.trail.node.add_dependency(logs)


def _data_events(name: str, resource_type: str, which: _Field) -> cloudtrail.CfnTrail.AdvancedEventSelectorProperty:
    return cloudtrail.CfnTrail.AdvancedEventSelectorProperty(
        name=name,
        field_selectors=[
            _Field(field="eventCategory", equal_to=["Data"]),
            _Field(field="resources.type", equal_to=[resource_type]),
            which,
        ],
    )
