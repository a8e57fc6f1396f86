"""Builds that run on a schedule, outside the pipeline: what they have in common, and the daily scan for known vulnerabilities (G8)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from etl import names
from pipeline.builds import ENVIRONMENT, buildspec, log_options
from pipeline.checkout import branch_source, use_connection
from pipeline.notifications import Notifications
from pipeline.settings import PipelineSettings


class ScheduledBuild(Construct):
    """Runs ``buildspec/<kind>.sh`` of the delivered branch. The script publishes its findings; a rule reports builds that fail."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        kind: str,
        settings: PipelineSettings,
        notifications: Notifications,
        schedule: events.Schedule,
        timeout: Duration,
        description: str,
        role_description: str,
        variables: Mapping[str, str] = MappingProxyType({}),
        statements: Sequence[iam.PolicyStatement] = (),
    ) -> None:
        """*variables* are the build's beside ``LEDGERLINE_TOPIC``; *statements* are what it may do beside publishing to that topic."""
        super().__init__(scope, construct_id)
        name = names.physical(kind, settings.suffix)
        role = iam.Role(
            self,
            "Role",
            role_name=name,
            assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
            description=role_description,
        )
        self.project = codebuild.Project(
            self,
            "Project",
            project_name=name,
            description=description,
            role=role,
            source=branch_source(self, settings.source),
            build_spec=buildspec(kind),
            environment=ENVIRONMENT,
            environment_variables={
                variable: codebuild.BuildEnvironmentVariable(value=value)
                for variable, value in {**variables, "LEDGERLINE_TOPIC": notifications.topic.topic_arn}.items()
            },
            logging=log_options(self, kind, settings.suffix),
            timeout=timeout,
            concurrent_build_limit=1,
        )
        use_connection(self.project, role, settings.source)
        for statement in statements:
            role.add_to_policy(statement)
        notifications.topic.grant_publish(role)
        notifications.notify_of_failed_builds(construct_id, self.project)
        rule = events.Rule(self, "Schedule", rule_name=names.physical(f"{kind}-schedule", settings.suffix), schedule=schedule)
        rule.add_target(targets.CodeBuildProject(self.project))


class AdvisoryScan(ScheduledBuild):
    """Daily, since advisories are published about versions that have been locked for months; an hour after the drift detection."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: PipelineSettings, notifications: Notifications) -> None:
        super().__init__(
            scope,
            construct_id,
            kind="advisories",
            settings=settings,
            notifications=notifications,
            schedule=events.Schedule.cron(hour="5", minute="30"),
            timeout=Duration.minutes(30),
            description="Reports known vulnerabilities of the locked dependencies",
            role_description="Reads the locks of the delivered branch and reports known vulnerabilities",
        )
