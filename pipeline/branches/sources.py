"""The source code of the branches' builds, and the events that start them, for GitHub and for CodeCommit."""

from __future__ import annotations

import re
from typing import cast

from aws_cdk import CfnResource
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from pipeline.checkout import authenticate, connection_statement
from pipeline.settings import GITHUB, Source

_EVENT = codebuild.EventAction


class BranchSource:
    """``url`` is the address that git fetches from inside a build, with CodeBuild's credential helper."""

    def __init__(self, scope: Construct, source: Source, region: str) -> None:
        self._scope, self._source = scope, source
        self._github = source.kind == GITHUB
        host = "https://github.com" if self._github else f"https://git-codecommit.{region}.amazonaws.com/v1/repos"
        self.url = f"{host}/{source.repository}" + (".git" if self._github else "")
        self._repository = None if self._github else codecommit.Repository.from_repository_name(scope, "Repository", source.repository)

    def pushes(self) -> codebuild.ISource:
        """The commit that was pushed to any branch but the pipeline's own, and to no tag."""
        branches = codebuild.FilterGroup.in_event_of(_EVENT.PUSH).and_head_ref_is("^refs/heads/.+")
        # Anchored: main must not exclude maintenance.
        return self._of([branches.and_head_ref_is_not(f"^refs/heads/{re.escape(self._source.branch)}$")])

    def closed_pull_requests(self) -> codebuild.ISource:
        return self._of([codebuild.FilterGroup.in_event_of(_EVENT.PULL_REQUEST_CLOSED, _EVENT.PULL_REQUEST_MERGED)])

    def main(self) -> codebuild.ISource:
        """The pipeline's own branch, whose code is reviewed."""
        return self._of([])

    def _of(self, webhook: list[codebuild.FilterGroup]) -> codebuild.ISource:
        if self._repository is not None:
            return codebuild.Source.code_commit(repository=self._repository, branch_or_ref=self._source.branch)
        owner, _, name = self._source.repository.partition("/")
        return codebuild.Source.git_hub(
            owner=owner,
            repo=name,
            branch_or_ref=self._source.branch,
            clone_depth=1,
            webhook=bool(webhook),
            webhook_filters=webhook or None,
        )

    def policies(self) -> dict[str, iam.PolicyDocument]:
        """Inline policies of a project's role. For CodeCommit there are none: its source grants what is needed.

        CodeBuild tries the connection when the project is created, and a separate policy would be created after the project.
        """
        arn = self._source.connection_arn
        return {"connection": iam.PolicyDocument(statements=[connection_statement("ReadRepository", arn)])} if arn else {}

    def authenticate(self, project: codebuild.Project) -> None:
        """Let the project use the source's connection, if it has one."""
        if self._source.connection_arn is not None:
            authenticate(project, self._source.connection_arn)

    def trigger(self, *, deploy: codebuild.Project, destroy: codebuild.Project) -> None:
        """Start builds by CodeCommit's events. GitHub starts them by webhooks; for a fork's pull request a member must comment first."""
        if self._repository is None:
            policy = {"RequiresCommentApproval": "FORK_PULL_REQUESTS"}
            cast("CfnResource", destroy.node.default_child).add_property_override("Triggers.PullRequestBuildPolicy", policy)
            return
        self._on("Pushed", self._repository, ["referenceCreated", "referenceUpdated"], deploy, commit=True)
        self._on("Deleted", self._repository, ["referenceDeleted"], destroy, commit=False)

    def _on(
        self, rule_id: str, repository: codecommit.IRepository, changes: list[str], project: codebuild.Project, *, commit: bool
    ) -> None:
        branch = {"name": "LEDGERLINE_BRANCH", "type": "PLAINTEXT", "value": events.EventField.from_path("$.detail.referenceName")}
        version = {"sourceVersion": events.EventField.from_path("$.detail.commitId")} if commit else {}
        events.Rule(
            self._scope,
            rule_id,
            description=f"A branch of {self._source.repository} was {rule_id.lower()}",
            event_pattern=events.EventPattern(
                source=["aws.codecommit"],
                detail_type=["CodeCommit Repository State Change"],
                resources=[repository.repository_arn],
                detail={
                    "event": changes,
                    "referenceType": ["branch"],
                    "referenceName": [{"anything-but": [self._source.branch]}],
                },
            ),
            targets=[
                targets.CodeBuildProject(
                    project, event=events.RuleTargetInput.from_object({"environmentVariablesOverride": [branch], **version})
                )
            ],
        )
