"""A build on a schedule that looks for known vulnerabilities of what was delivered (G8)."""

from __future__ import annotations

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

#: Daily, an hour after drift: advisories are published about versions that have been locked for months.
SCHEDULE = events.Schedule.cron(hour="5", minute="30")
TIMEOUT = Duration.minutes(30)


class AdvisoryScan(Construct):
    """``project`` tells the topic what it found; a build that could not ask is reported by the topic's rule."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: PipelineSettings, notifications: Notifications) -> None:
        super().__init__(scope, construct_id)
        kind = "advisories"
        name = names.physical(kind, settings.suffix)
        role = iam.Role(
            self,
            "Role",
            role_name=name,
            assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
            description="Reads the delivered branch's locks, and tells of known vulnerabilities",
        )
        self.project = codebuild.Project(
            self,
            "Project",
            project_name=name,
            description="Reports known vulnerabilities of the locked dependencies",
            role=role,
            source=branch_source(self, settings.source),
            build_spec=buildspec(kind),
            environment=ENVIRONMENT,
            environment_variables={"LEDGERLINE_TOPIC": codebuild.BuildEnvironmentVariable(value=notifications.topic.topic_arn)},
            logging=log_options(self, kind, settings.suffix),
            timeout=TIMEOUT,
            concurrent_build_limit=1,
        )
        use_connection(self.project, role, settings.source)
        notifications.topic.grant_publish(role)
        notifications.tell_of_failed_builds("Advisories", self.project)
        schedule = events.Rule(self, "Schedule", rule_name=names.physical("advisories-schedule", settings.suffix), schedule=SCHEDULE)
        schedule.add_target(targets.CodeBuildProject(self.project))
