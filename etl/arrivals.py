"""The rules that start the workflow: an object under ``incoming/`` (E5), an execution that ended badly, and the sweep's schedule (E25)."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from etl import names
from etl.target import Target
from runtime.core import keys
from runtime.core.models import EXECUTION_ENDED, SWEEP_DUE

RETRY_ATTEMPTS = 185
MAX_EVENT_AGE = Duration.hours(24)
SWEEP_EVERY = Duration.minutes(15)

#: Matches the input of an execution that was itself started by the end of another. When such an execution ends badly, an alarm
#: calls a person and nothing is started again. Quotes of a nested event are escaped, so only the top level matches.
_STARTED_BY_AN_END = f'*"detail-type":*"{EXECUTION_ENDED}"*'


class Arrivals(Construct):
    """Three rules, their role, and a queue for events that could not be delivered (a standard queue: rules accept no other)."""

    def __init__(self, scope: Construct, construct_id: str, *, target: Target, bucket_name: str, machine: sfn.IStateMachine) -> None:
        super().__init__(scope, construct_id)
        self.dead_events = sqs.Queue(
            self,
            "DeadEvents",
            queue_name=names.physical("events-dlq", target.suffix),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self,
            "Role",
            role_name=names.physical("arrivals", target.suffix),
            assumed_by=iam.ServicePrincipal("events.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": target.account}}),
            description="Starts the workflow",
        )

        def start(given: events.RuleTargetInput | None = None) -> targets.SfnStateMachine:
            return targets.SfnStateMachine(
                machine,
                input=given,
                role=role,
                dead_letter_queue=self.dead_events,
                retry_attempts=RETRY_ATTEMPTS,
                max_event_age=MAX_EVENT_AGE,
            )

        self.arrived = events.Rule(
            self,
            "Arrived",
            rule_name=names.physical("arrived", target.suffix),
            description=f"An object landed under {keys.INCOMING}",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [bucket_name]}, "object": {"key": [{"prefix": keys.INCOMING}]}},
            ),
            targets=[start()],
        )
        self.ended_badly = events.Rule(
            self,
            "EndedBadly",
            rule_name=names.physical("ended-badly", target.suffix),
            description="An execution of the workflow failed, timed out or was aborted",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=[EXECUTION_ENDED],
                detail={
                    "stateMachineArn": [machine.state_machine_arn],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                    "input": [{"anything-but": {"wildcard": _STARTED_BY_AN_END}}],
                },
            ),
            targets=[start()],
        )
        self.sweep_due = events.Rule(
            self,
            "SweepDue",
            rule_name=names.physical("sweep-due", target.suffix),
            description="Looks for files that nobody works on",
            schedule=events.Schedule.rate(SWEEP_EVERY),
            targets=[start(events.RuleTargetInput.from_object({"detail-type": SWEEP_DUE, "source": "ledgerline.schedule", "detail": {}}))],
        )
