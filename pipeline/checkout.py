"""Access to the repository, for the pipeline and for CodeBuild projects outside it, which check the branch out themselves."""

from __future__ import annotations

from typing import cast

from aws_cdk import CfnResource
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from constructs import Construct

from pipeline.settings import Source

#: AWS renamed the service; which name it authorizes depends on the age of the connection.
_CONNECTION_ACTIONS = tuple(
    f"{service}:{action}"
    for service in ("codeconnections", "codestar-connections")
    for action in ("GetConnection", "GetConnectionToken", "UseConnection")
)


def branch_source(scope: Construct, source: Source) -> codebuild.ISource:
    """The head of the delivered branch, without history or webhook."""
    if source.connection_arn is None:
        repository = codecommit.Repository.from_repository_name(scope, "Repository", source.repository)
        return codebuild.Source.code_commit(repository=repository, branch_or_ref=source.branch, clone_depth=1)
    owner, _, name = source.repository.partition("/")
    return codebuild.Source.git_hub(
        owner=owner, repo=name, branch_or_ref=source.branch, clone_depth=1, webhook=False, report_build_status=False
    )


def connection_statement(sid: str, arn: str) -> iam.PolicyStatement:
    """To check out through the connection."""
    return iam.PolicyStatement(sid=sid, actions=list(_CONNECTION_ACTIONS), resources=[arn])


def authenticate(project: codebuild.Project, arn: str) -> CfnResource:
    """Let *project* use the connection for cloning and webhooks, which the CDK's construct does not support; returns its resource."""
    resource = cast("CfnResource", project.node.default_child)
    resource.add_property_override("Source.Auth", {"Type": "CODECONNECTIONS", "Resource": arn})
    return resource


def use_connection(project: codebuild.Project, role: iam.Role, source: Source) -> None:
    """Let *project* check out through the connection of *source*, if it has one.

    CodeBuild tries the connection when the project is created, so the permission must exist before.
    """
    if source.connection_arn is None:
        return
    policy = iam.Policy(project, "Connection", roles=[role], statements=[connection_statement("UseConnection", source.connection_arn)])
    authenticate(project, source.connection_arn).node.add_dependency(policy)


def fetch_through_connection(pipeline: codepipeline.Pipeline, source: Source) -> None:
    """Let the pipeline's source action use the connection, under the service's name in its ARN.

    The CDK grants the action of the old name only, while ARNs have had the new one since July 2024.
    """
    if source.connection_arn is None:
        return
    service = source.connection_arn.split(":")[2]
    fetch = iam.PolicyStatement(sid="UseConnection", actions=[f"{service}:UseConnection"], resources=[source.connection_arn])
    for construct in pipeline.node.find_child("Source").node.find_all():
        if isinstance(construct, iam.Role):
            construct.add_to_policy(fetch)
