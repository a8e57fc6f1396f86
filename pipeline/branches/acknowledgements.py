"""Accepted findings of cdk-nag on the builds of branches, written out as in :mod:`pipeline.acknowledgements`."""

from __future__ import annotations

from typing import Iterator

from pipeline.acknowledgements import ALARMS_LISTED, BUILD_GRANT, NO_ARTIFACTS, Acknowledged, wildcards
from pipeline.settings import PipelineSettings

_LISTED = "Services authorize listing for all resources or for none; the results are compared with the branch's suffix"
_STACK_ID = "The stack of any branch, whose ARN ends in an id that is given at deployment; no other stack matches"
_OBJECTS = "A branch's bucket must be emptied before it can be deleted; the pattern is literal up to the branch's suffix"
_BRANCHES = "Resources of any branch, whose suffix has a prefix of its own; the branch is not known before the push"

#: Logical ids of the projects in the pipeline's stack.
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


def builds(settings: PipelineSettings) -> Iterator[Acknowledged]:
    place = f"{settings.region}:{settings.account}"
    buckets = {kind: f"arn:aws:s3:::etl-{kind}-{settings.account}-{settings.region}-br-*" for kind in ("data", "logs")}
    logs = [f"arn:aws:logs:{place}:log-group:{path}/etl-*-br-*" for path in ("/aws/lambda", "/aws/vendedlogs/states")]
    for project, logical_id in _PROJECTS.items():
        role = f"Pipeline/Branches/{project}Role"
        own_logs = f"arn:aws:logs:{place}:log-group:/aws/codebuild/<{logical_id}>:*"
        yield Acknowledged(f"Pipeline/Branches/{project}", "AwsSolutions-CB4", NO_ARTIFACTS)
        yield from wildcards(role, [own_logs, f"arn:aws:codebuild:{place}:report-group/<{logical_id}>-*"], BUILD_GRANT)
        yield from wildcards(role, ["*"], _LISTED)
        yield from wildcards(role, [f"arn:aws:cloudformation:{place}:stack/etl-br-*/*"], _STACK_ID)
        yield from wildcards(role, [*buckets.values(), *(f"{bucket}/*" for bucket in buckets.values())], _OBJECTS)
        yield from wildcards(role, logs, _BRANCHES)
    yield from _validation(f"Pipeline/Branches/{next(iter(_PROJECTS))}Role", place, buckets["data"])


def _validation(role: str, place: str, bucket: str) -> Iterator[Acknowledged]:
    named = [
        *(f"arn:aws:lambda:{place}:function:etl-{function}-br-*" for function in _FUNCTIONS),
        *(f"{bucket}/{area}/_validation/*" for area in _PROBE_AREAS),
        f"{bucket}/manifests/*",
        f"{bucket}/validated/*",
        f"arn:aws:dynamodb:{place}:table/etl-tracking-br-*",
        f"arn:aws:states:{place}:execution:etl-workflow-br-*:*",
    ]
    yield from wildcards(role, named, _BRANCHES)
    yield from wildcards(role, [f"arn:aws:cloudwatch:{place}:alarm:*"], ALARMS_LISTED)
