"""How the repository is reached: by the pipeline, and by CodeBuild projects outside it, which check the branch out themselves."""

from __future__ import annotations

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from constructs import Construct

from pipeline.settings import Source

#: AWS renamed the service; which of the names is asked for depends on when the connection was made.
_CONNECTION_ACTIONS = tuple(
    f"{service}:{action}"
    for service in ("codeconnections", "codestar-connections")
    for action in ("GetConnection", "GetConnectionToken", "UseConnection")
)


def branch_source(scope: Construct, source: Source) -> codebuild.ISource:
    """The head of the delivered branch, without history and without a webhook."""
    if source.connection_arn is None:
        repository = codecommit.Repository.from_repository_name(scope, "Repository", source.repository)
        return codebuild.Source.code_commit(repository=repository, branch_or_ref=source.branch, clone_depth=1)
    owner, _, name = source.repository.partition("/")
    return codebuild.Source.git_hub(
        owner=owner, repo=name, branch_or_ref=source.branch, clone_depth=1, webhook=False, report_build_status=False
    )


def use_connection(project: codebuild.Project, role: iam.Role, source: Source) -> None:
    """Let *project* check out through the source's connection, which the CDK's own construct does not know.

    CodeBuild tries the connection when the project is made: the permission must be there before.
    """
    if source.connection_arn is None:
        return
    policy = iam.Policy(
        project,
        "Connection",
        roles=[role],
        statements=[iam.PolicyStatement(sid="UseConnection", actions=list(_CONNECTION_ACTIONS), resources=[source.connection_arn])],
    )
    resource = project.node.default_child
    assert isinstance(resource, codebuild.CfnProject)
    resource.add_property_override("Source.Auth", {"Type": "CODECONNECTIONS", "Resource": source.connection_arn})
    resource.node.add_dependency(policy)


def fetch_through_connection(pipeline: codepipeline.Pipeline, source: Source) -> None:
    """Let the pipeline's source action use the connection under the name that its ARN has.

    The CDK grants the older name alone, and IAM compares it with the ARN, which has the newer one since July 2024.
    """
    if source.connection_arn is None:
        return
    service = source.connection_arn.split(":")[2]
    fetch = iam.PolicyStatement(sid="UseConnection", actions=[f"{service}:UseConnection"], resources=[source.connection_arn])
    for construct in pipeline.node.find_child("Source").node.find_all():
        if isinstance(construct, iam.Role):
            construct.add_to_policy(fetch)
