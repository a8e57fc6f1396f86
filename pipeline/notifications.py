"""The topic of the delivery: executions, failed actions and builds, approvals, drift and known vulnerabilities."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from etl import names

#: Not approvals: their action publishes to the topic by itself, with the link.
NOTIFIED_STATES = ("STARTED", "SUCCEEDED", "FAILED")

_PIPELINE, _BUILDS = "aws.codepipeline", "aws.codebuild"


class Notifications(Construct):
    """People subscribe to ``topic``."""

    def __init__(self, scope: Construct, construct_id: str, *, suffix: str) -> None:
        super().__init__(scope, construct_id)
        self._suffix = suffix
        name = names.physical("delivery", suffix)
        key = kms.Key(
            self,
            "Key",
            alias=f"alias/{name}",
            description="Encrypts the notifications of the delivery",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.topic = sns.Topic(self, "Topic", topic_name=name, master_key=key, enforce_ssl=True)

    def notify_of_pipeline(self, name: str) -> None:
        """Notify of executions of the pipeline called *name* that start or end, and of each action that fails."""
        where = f"https://{Stack.of(self).region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/{name}/executions/"
        pipeline, execution = events.EventField.from_path("$.detail.pipeline"), events.EventField.from_path("$.detail.execution-id")
        state, stage, action = (events.EventField.from_path(f"$.detail.{part}") for part in ("state", "stage", "action"))
        reason = events.EventField.from_path("$.detail.execution-result.external-execution-summary")
        self._rule(
            "Executions",
            events.EventPattern(
                source=[_PIPELINE],
                detail_type=["CodePipeline Pipeline Execution State Change"],
                detail={"pipeline": [name], "state": list(NOTIFIED_STATES)},
            ),
            f"Delivery {pipeline} {state}: {where}{execution}/timeline",
        )
        self._rule(
            "FailedActions",
            events.EventPattern(
                source=[_PIPELINE],
                detail_type=["CodePipeline Action Execution State Change"],
                detail={"pipeline": [name], "state": ["FAILED"]},
            ),
            f"Delivery {pipeline}: {action} of {stage} FAILED: {reason} {where}{execution}/timeline",
        )

    def notify_of_failed_builds(self, kind: str, project: codebuild.IProject) -> None:
        """Notify of failed builds of a *project* outside the pipeline; *kind* names the rule."""
        name, state = events.EventField.from_path("$.detail.project-name"), events.EventField.from_path("$.detail.build-status")
        log = events.EventField.from_path("$.detail.additional-information.logs.deep-link")
        self._rule(
            f"Failed{kind}",
            events.EventPattern(
                source=[_BUILDS],
                detail_type=["CodeBuild Build State Change"],
                detail={"project-name": [project.project_name], "build-status": ["FAILED", "FAULT", "TIMED_OUT"]},
            ),
            f"Build {name} {state}: {log}",
        )

    def _rule(self, kind: str, pattern: events.EventPattern, message: str) -> None:
        rule = events.Rule(self, kind, rule_name=names.physical(f"tell-{names.kebab(kind)}", self._suffix), event_pattern=pattern)
        rule.add_target(targets.SnsTopic(self.topic, message=events.RuleTargetInput.from_text(message)))
