"""The tracking table: an item per file, per chunk and per event. ``docs/commit-protocol.md`` says who writes which."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from etl import names
from etl.target import Target
from runtime.core.models import FILES_BY_DATASET, FILES_BY_STATUS


class Tracking(Construct):
    """The indexes are sparse: only ``#file`` items carry ``file_status`` or ``dataset``, so they list files and nothing else."""

    def __init__(self, scope: Construct, construct_id: str, *, target: Target) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            table_name=names.physical("tracking", target.suffix),
            partition_key=_text("file_id"),
            sort_key=_text("chunk_id"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            deletion_protection=False,
            removal_policy=RemovalPolicy.DESTROY,
        )
        for index, attribute in ((FILES_BY_STATUS, "file_status"), (FILES_BY_DATASET, "dataset")):
            self.table.add_global_secondary_index(
                index_name=index,
                partition_key=_text(attribute),
                sort_key=_text("created_at"),
                projection_type=dynamodb.ProjectionType.ALL,
            )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
