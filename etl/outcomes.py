"""Where the outcome of a file is published: a queue for programs, a topic for people."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from etl import names
from etl.target import Target

RETENTION = Duration.days(14)
RECEIVES_BEFORE_DEAD = 5


class Outcomes(Construct):
    """``results``: every file's outcome, in order per partner (E17). ``alerts``: failures and alarms (E19)."""

    def __init__(self, scope: Construct, construct_id: str, *, target: Target) -> None:
        super().__init__(scope, construct_id)
        self.dead_results = self._fifo("DeadResults", names.physical("results-dlq", target.suffix))
        self.results = self._fifo(
            "Results",
            names.physical("results", target.suffix),
            sqs.DeadLetterQueue(queue=self.dead_results, max_receive_count=RECEIVES_BEFORE_DEAD),
        )
        self.key = kms.Key(
            self,
            "AlertsKey",
            alias=f"alias/{names.physical('alerts', target.suffix)}",
            description=f"Encrypts the alerts topic of stage {target.suffix}",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=RemovalPolicy.DESTROY,
        )
        # Alarms cannot publish under the AWS-managed key, whose policy cannot be changed.
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublishEncrypted",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": target.account}},
            )
        )
        self.alerts = sns.Topic(self, "Alerts", topic_name=names.physical("alerts", target.suffix), master_key=self.key, enforce_ssl=True)
        self.alerts.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.alerts.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": target.account}},
            )
        )

    def _fifo(self, construct_id: str, name: str, dead_letters: sqs.DeadLetterQueue | None = None) -> sqs.Queue:
        return sqs.Queue(
            self,
            construct_id,
            queue_name=f"{name}.fifo",
            fifo=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=RETENTION,
            dead_letter_queue=dead_letters,
            removal_policy=RemovalPolicy.DESTROY,
        )
