"""Findings of cdk-nag on the builds of branches that stand: path, exact rule and reason, as :mod:`pipeline.acknowledgements` keeps them.

Written out by hand, as there: whoever widens a policy must say here why.
"""

from __future__ import annotations

from typing import Iterator

from pipeline.settings import PipelineSettings

_LISTED = "Services authorize listing on no resource; what is listed is compared with the branch's suffix"
_STACK_ID = "Any branch's stack, whose ARN ends in an id that is given at deployment; main's stacks are none"
_OBJECTS = "Whatever a branch's bucket holds must go before the bucket can; the pattern is literal up to the branch's suffix"
_BRANCHES = "Any branch's: the name ends in a suffix that only branches have, and which branch it is is not known before the push"
_BUILD = "Grant of the CDK for the project's own log groups and report groups, which carry its name"
_NO_ARTIFACTS = "The project makes no artifacts, and its logs are encrypted by CloudWatch"
_ALARMS = "Alarms are listed by prefix, which is authorized for all alarms or for none"

#: Project to its logical id in the pipeline's stack.
_PROJECTS = {
    "DeployBranch": "BranchesDeployBranch5D1AE35D",
    "DestroyBranch": "BranchesDestroyBranchFC6A125C",
    "ReapBranches": "BranchesReapBranchesF36FD1E3",
}
_FUNCTIONS = (
    "check-deployment",
    "finalize-file",
    "plan-chunks",
    "process-chunk",
    "record-failure",
    "register-file",
    "sweep-files",
    "validate-file",
)
_PROBE_AREAS = ("incoming", "processed", "failed", "curated", "rejected", "staging")


def builds(settings: PipelineSettings) -> Iterator[tuple[str, str, str]]:
    place = f"{settings.region}:{settings.account}"
    for project, logical_id in _PROJECTS.items():
        role = f"Pipeline/Branches/{project}Role"
        yield f"Pipeline/Branches/{project}", "AwsSolutions-CB4", _NO_ARTIFACTS
        yield _wildcard(role, f"arn:aws:logs:{place}:log-group:/aws/codebuild/<{logical_id}>:*", _BUILD)
        yield _wildcard(role, f"arn:aws:codebuild:{place}:report-group/<{logical_id}>-*", _BUILD)
        yield _wildcard(role, "*", _LISTED)
        yield _wildcard(role, f"arn:aws:cloudformation:{place}:stack/etl-br-*/*", _STACK_ID)
        for kind in ("data", "logs"):
            bucket = f"arn:aws:s3:::etl-{kind}-{settings.account}-{settings.region}-br-*"
            yield _wildcard(role, bucket, _OBJECTS)
            yield _wildcard(role, f"{bucket}/*", _OBJECTS)
        for path in ("/aws/lambda", "/aws/vendedlogs/states"):
            yield _wildcard(role, f"arn:aws:logs:{place}:log-group:{path}/etl-*-br-*", _BRANCHES)
    yield from _validation(f"Pipeline/Branches/{next(iter(_PROJECTS))}Role", place, settings)


def _validation(role: str, place: str, settings: PipelineSettings) -> Iterator[tuple[str, str, str]]:
    bucket = f"arn:aws:s3:::etl-data-{settings.account}-{settings.region}-br-*"
    for function in _FUNCTIONS:
        yield _wildcard(role, f"arn:aws:lambda:{place}:function:etl-{function}-br-*", _BRANCHES)
    for area in _PROBE_AREAS:
        yield _wildcard(role, f"{bucket}/{area}/_validation/*", _BRANCHES)
    yield _wildcard(role, f"{bucket}/manifests/*", _BRANCHES)
    yield _wildcard(role, f"{bucket}/validated/*", _BRANCHES)
    yield _wildcard(role, f"arn:aws:dynamodb:{place}:table/etl-tracking-br-*", _BRANCHES)
    yield _wildcard(role, f"arn:aws:states:{place}:execution:etl-workflow-br-*:*", _BRANCHES)
    yield _wildcard(role, f"arn:aws:cloudwatch:{place}:alarm:*", _ALARMS)


def _wildcard(role: str, resource: str, reason: str) -> tuple[str, str, str]:
    return role, f"AwsSolutions-IAM5[Resource::{resource}]", reason
