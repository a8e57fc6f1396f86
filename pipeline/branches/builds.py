"""The three builds of branches: one deploys a branch's stage, one destroys it, and the reaper destroys what is left (D6).

A branch has no pipeline. A webhook starts its builds for GitHub, EventBridge for CodeCommit. GitHub sends no event for a
deleted branch, whose stage the reaper destroys.
"""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from etl import names
from pipeline.branches import permissions
from pipeline.branches.sources import BranchSource
from pipeline.builds import ENVIRONMENT, buildspec, log_options
from pipeline.notifications import Notifications
from pipeline.settings import CODECOMMIT, BranchSettings, PipelineSettings

DEPLOY, DESTROY, REAP = "deploy-branch", "destroy-branch", "reap-branches"
#: Time for its own work and for waiting up to an hour for another build on the same stage.
TIMEOUT = Duration.hours(3)


class BranchBuilds(Construct):
    """``locks`` is the table by which only one build at a time works on a stage (docs/adr/0014)."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: PipelineSettings, branches: BranchSettings, notifications: Notifications
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._source = BranchSource(self, settings.source, settings.region)
        self.locks = self._lock_table()
        deploy = self._project(DEPLOY, self._source.pushes(), permissions.deployment(settings, branches))
        destroy = self._project(DESTROY, self._source.closed_pull_requests())
        reap = self._project(REAP, self._source.main())
        self._source.trigger(deploy=deploy, destroy=destroy)
        schedule = events.Schedule.rate(Duration.hours(branches.reap_every_hours))
        events.Rule(self, "Reap", description="Reaps stages of branches", schedule=schedule, targets=[targets.CodeBuildProject(reap)])
        # Nobody watches these two, and a stage that they fail to destroy costs money.
        notifications.notify_of_failed_builds("DestroyBranch", destroy)
        notifications.notify_of_failed_builds("ReapBranches", reap)
        if settings.source.kind == CODECOMMIT:
            # GitHub shows the state of the build at the commit; CodeCommit does not.
            notifications.notify_of_failed_builds("DeployBranch", deploy)

    def _lock_table(self) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            "Locks",
            table_name=names.physical("branch-locks", self._settings.suffix),
            partition_key=dynamodb.Attribute(name="stage", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _project(self, kind: str, source: codebuild.ISource, more: list[iam.PolicyStatement] | None = None) -> codebuild.Project:
        suffix = self._settings.suffix
        name = names.physical(kind, suffix)
        role = iam.Role(
            self,
            f"{_pascal(kind)}Role",
            role_name=name,
            assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
            description=f"What the build {name} may do",
            inline_policies=self._source.policies(),
        )
        project = codebuild.Project(
            self,
            _pascal(kind),
            project_name=name,
            role=role,
            source=source,
            build_spec=buildspec(kind.replace("-", "_")),
            environment=ENVIRONMENT,
            environment_variables={
                variable: codebuild.BuildEnvironmentVariable(value=value)
                for variable, value in {
                    "LEDGERLINE_REPOSITORY_URL": self._source.url,
                    "LEDGERLINE_SOURCE_BRANCH": self._settings.source.branch,
                    "LEDGERLINE_BRANCH_LOCKS": self.locks.table_name,
                }.items()
            },
            logging=log_options(self, kind, suffix),
            timeout=TIMEOUT,
        )
        for statement in [*permissions.teardown(self._settings, self.locks.table_arn), *(more or [])]:
            project.add_to_role_policy(statement)
        self._source.authenticate(project)
        return project


def _pascal(kind: str) -> str:
    """``deploy-branch`` is the construct ``DeployBranch``."""
    return kind.title().replace("-", "")
