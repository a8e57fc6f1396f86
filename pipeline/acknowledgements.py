"""Accepted findings of cdk-nag on stages and pipeline, each with its exact id and the reason.

They are written out, not derived from the policies, so that whoever widens a policy must state the reason here. Tests fail
for a finding that is not in the list, and for an entry that cdk-nag does not find.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, cast

from aws_cdk import Acknowledgment, App, CfnElement, Validations
from constructs import IConstruct

from etl.permissions import ORPHANED_OUTPUTS, PROBES
from etl.target import Target
from pipeline.accounts import is_foreign, keyed_regions
from pipeline.settings import Settings

_DEPRECATED_RUNTIME = "CloudFormation-Validate::W2531"

_OBJECTS = "Keys under a prefix are made at run time; the prefix is as narrow as the function's task"
_UNNAMED = "The service authorizes these actions on no resource"
_RUNTIME = "Requirement E12 fixes the runtime; the synth warns of its dates and the tests run on its successor"
_CHILDREN = "Child executions of the map get their names at run time"
_ERRORS_ONLY = "A 100 GB file has 2,001 chunks; histories hold every event for 90 days, and errors are logged"
_IS_DLQ = "It is the dead-letter queue of EventBridge rules, which the rule cannot see in the queue itself"
_ARTIFACTS = "Only roles of the pipeline read and write artifacts, and CodePipeline keeps its own history of them"
_CDK_GRANT = "Grant of the CDK: all read (or write) actions on the artifact bucket, for the pipeline's own roles"
BUILD_GRANT = "Grant of the CDK for the project's own log groups and report groups, which carry its name"
_NO_CMK = "Artifacts are encrypted by S3; a key of our own is needed only for targets in other accounts"
NO_ARTIFACTS = "The project makes no artifacts, and its logs are encrypted by CloudWatch"
_ARTIFACT_KEY = "Grant of the CDK on the artifacts' key alone, for the pipeline's own roles"
_ALIASED = "A key's id is given at deployment in another region; a condition names the alias of the artifacts' key"
_SELF_MUTATION = "The assumed roles are narrowed by a condition on the tag that the bootstrap gives its roles"
_LOOKS_FOR_BOOTSTRAP = "Grant of the CDK: self-mutation asks which stacks and which bootstrap bucket there are, and reads no more"
_ASSET_BUILDS = "Grant of the CDK to the asset project, whose role cannot be given: it may start and stop builds of this account"
_PROBE = "The probe's own files, whose names hold the run's id"
_TEMPLATES = "A validated template is stored under the name of its digest"
ALARMS_LISTED = "Alarms are listed by prefix, which is authorized for all alarms or for none"
_STACK_ID = "A stack's ARN ends in an id that is given at deployment"
_REVIEWS = "A review's key holds the commit and the build; the prefix is that of the one stage"
_DRIFT = "Read only; a stage's resources are named etl-<kind>-<suffix>, and keys, log groups and alarms are read by listing"
_TOPIC_KEY = "Grant of the CDK to publish on an encrypted topic, on that topic's key alone"


@dataclass(frozen=True)
class Acknowledged:
    """An accepted finding: the construct's path, the rule's id as in the report, and the reason."""

    path: str
    rule: str
    reason: str


def acknowledge(app: App, findings: Iterable[Acknowledged]) -> None:
    """Accept the *findings* on the constructs of *app*, which must be complete."""
    for finding in findings:
        Validations.of(_find(app, finding.path)).acknowledge(Acknowledgment(id=finding.rule, reason=finding.reason))
    # The CDK's validator warns of the runtime at every function; the app warns of it once.
    Validations.of(app).acknowledge(Acknowledgment(id=_DEPRECATED_RUNTIME, reason=_RUNTIME))


def _find(app: App, path: str) -> IConstruct:
    node: IConstruct = app
    for part in path.split("/"):
        node = node.node.find_child(part)
    return node


def wildcards(path: str, resources: Iterable[str], reason: str) -> Iterator[Acknowledged]:
    return (Acknowledged(path, f"AwsSolutions-IAM5[Resource::{resource}]", reason) for resource in resources)


def _actions(path: str, actions: Iterable[str], reason: str) -> Iterator[Acknowledged]:
    return (Acknowledged(path, f"AwsSolutions-IAM5[Action::{action}]", reason) for action in actions)


_FUNCTION_OBJECTS = {
    "RegisterFile": ("incoming/*",),
    "ValidateFile": ("incoming/*", "failed/*", "manifests/*"),
    "PlanChunks": ("incoming/*", "failed/*", "manifests/*", "staging/*/decoded.csv*"),
    "ProcessChunk": ("incoming/*", "failed/*", "manifests/*", "curated/*", "rejected/*", "staging/*", "staging/*/decoded.csv*"),
    "FinalizeFile": (
        "incoming/*",
        "failed/*",
        "manifests/*",
        "curated/*",
        "staging/*",
        "processed/*",
        "curated/*/_files/*",
        "rejected/*/_files/*",
        "rejected/*.reasons.json*",
        "extracts/*",
    ),
    "RecordFailure": (
        "incoming/*",
        "failed/*",
        "processed/*",
        "staging/*.extract*",
        "curated/*/_files/*",
        "rejected/*/_files/*",
        "rejected/*.reasons.json*",
        "extracts/*",
    ),
}


def stage(target: Target) -> Iterator[Acknowledged]:
    """The accepted findings on the stage of *target*."""
    name = target.name
    bucket = "<StorageData6BB23F4E.Arn>"
    for function, patterns in _FUNCTION_OBJECTS.items():
        role = f"{name}/Etl/Functions/{function}Role"
        yield from wildcards(role, [f"{bucket}/{pattern}" for pattern in patterns], _OBJECTS)
        yield from wildcards(role, ["*"], _UNNAMED)
        yield Acknowledged(f"{name}/Etl/Functions/{function}", "AwsSolutions-L1", _RUNTIME)
    sweep = f"{name}/Etl/Functions/SweepFiles"
    yield from wildcards(f"{sweep}Role", [f"{bucket}/{pattern}*" for pattern in ("curated/*/_files/", *ORPHANED_OUTPUTS)], _OBJECTS)
    yield from wildcards(f"{sweep}Role", ["*"], _UNNAMED)
    yield Acknowledged(sweep, "AwsSolutions-L1", _RUNTIME)
    check = f"{name}/Etl/Functions/CheckDeployment"
    yield from wildcards(f"{check}Role", [f"{bucket}/{prefix}*" for prefix in (*PROBES, "manifests/")], _PROBE)
    yield from wildcards(f"{check}Role", ["*"], _UNNAMED)
    yield Acknowledged(check, "AwsSolutions-L1", _RUNTIME)
    states, machine = f"arn:aws:states:{target.region}:{target.account}", f"etl-workflow-{target.suffix}"
    execution = f"{states}:execution:{machine}"
    yield from wildcards(f"{check}Role", [f"{execution}:*", f"{execution}/*", f"{states}:mapRun:{machine}/*"], _CHILDREN)
    yield from wildcards(f"{sweep}Role", [f"{execution}:*"], _CHILDREN)
    workflow = f"{name}/Etl/Workflow/Role"
    yield from wildcards(workflow, [f"{bucket}/manifests/*"], _OBJECTS)
    yield from wildcards(workflow, [f"{execution}/*", f"{execution}:*"], _CHILDREN)
    yield from wildcards(workflow, ["*"], _UNNAMED)
    yield Acknowledged(f"{name}/Etl/Workflow/Machine", "AwsSolutions-SF1", _ERRORS_ONLY)
    yield Acknowledged(f"{name}/Etl/Arrivals/DeadEvents", "AwsSolutions-SQS3", _IS_DLQ)


_READ_ARTIFACTS = ("s3:GetBucket*", "s3:GetObject*", "s3:List*")
_WRITE_ARTIFACTS = (*_READ_ARTIFACTS, "s3:Abort*", "s3:DeleteObject*")
_USE_KEY = ("kms:GenerateDataKey*", "kms:ReEncrypt*")
_ARTIFACT_BUCKET = "<Artifacts82DD59A1.Arn>/*"


def pipeline_stacks(app: App, settings: Settings) -> Iterator[Acknowledged]:
    """The accepted findings on the stacks of the pipeline, without those on the builds of branches."""
    pipeline, keyed_in = settings.pipeline, keyed_regions(settings.targets, settings.pipeline)
    keyed = pipeline.region in keyed_in
    yield Acknowledged("Pipeline/Artifacts", "AwsSolutions-S1", _ARTIFACTS)
    yield from _artifacts("Pipeline/Role", _WRITE_ARTIFACTS, keyed=bool(keyed_in))
    for region in sorted({target.region for target in settings.targets} - {pipeline.region}):
        yield Acknowledged(f"Support-{region}/Artifacts", "AwsSolutions-S1", _ARTIFACTS)
        yield from wildcards("Pipeline/Role", [f"arn:aws:s3:::etl-pipe-{pipeline.account}-{region}-{pipeline.suffix}/*"], _CDK_GRANT)
    for region in sorted(keyed_in - {pipeline.region}):
        yield from wildcards("Pipeline/Role", [f"arn:aws:kms:{region}:{pipeline.account}:key/*"], _ALIASED)
    source = pipeline.source.repository.replace("/", "_")
    yield from _artifacts(f"Pipeline/Pipeline/Source/{source}/CodePipelineActionRole", _WRITE_ARTIFACTS, keyed=keyed)
    yield from _project(app, "Pipeline/Pipeline/Build/Synth/CdkBuildProject", _WRITE_ARTIFACTS, keyed=keyed)
    mutation = "Pipeline/Delivery/UpdatePipeline/SelfMutation"
    yield from _project(app, mutation, _READ_ARTIFACTS, keyed=keyed)
    yield from wildcards(f"{mutation}/Role", [f"arn:*:iam::{pipeline.account}:role/*"], _SELF_MUTATION)
    yield from wildcards(f"{mutation}/Role", ["*"], _LOOKS_FOR_BOOTSTRAP)
    yield from _assets(pipeline.region, pipeline.account, keyed=keyed)
    for target in settings.targets:
        yield from _validation(app, target, foreign=is_foreign(target, pipeline), keyed=keyed)
        if target.approval:
            yield from _review(app, settings, target, keyed=keyed)
            yield from _actions(f"Pipeline/Pipeline/{target.name}/Approve/CodePipelineActionRole", ["kms:GenerateDataKey*"], _TOPIC_KEY)
    yield from _drift(app, settings)
    yield from _advisories(app)


def _artifacts(role: str, actions: tuple[str, ...], *, keyed: bool) -> Iterator[Acknowledged]:
    yield from _actions(role, actions, _CDK_GRANT)
    yield from wildcards(role, [_ARTIFACT_BUCKET], _CDK_GRANT)
    if keyed:
        yield from _actions(role, _USE_KEY, _ARTIFACT_KEY)


def _project(app: App, project: str, actions: tuple[str, ...], *, keyed: bool, role: str | None = None) -> Iterator[Acknowledged]:
    """What the CDK grants to every CodeBuild project; *role* is the project's role if the CDK does not create it."""
    role = role or f"{project}/Role"
    if not keyed:
        yield Acknowledged(project, "AwsSolutions-CB4", _NO_CMK)
    yield from _artifacts(role, actions, keyed=keyed)
    yield from wildcards(role, _own_logs_and_reports(app, project), BUILD_GRANT)


def _own_logs_and_reports(app: App, project: str) -> list[str]:
    resource = cast("CfnElement", _find(app, f"{project}/Resource"))
    stack, reference = resource.stack, f"<{resource.stack.get_logical_id(resource)}>"
    return [
        f"arn:aws:logs:{stack.region}:{stack.account}:log-group:/aws/codebuild/{reference}:*",
        f"arn:aws:codebuild:{stack.region}:{stack.account}:report-group/{reference}-*",
    ]


def _assets(region: str, account: str, *, keyed: bool) -> Iterator[Acknowledged]:
    role = "Pipeline/Delivery/Assets/FileRole"
    logs = f"arn:aws:logs:{region}:{account}:log-group:/aws/codebuild/*"
    reports = f"arn:aws:codebuild:{region}:{account}:report-group/*"
    if not keyed:
        yield Acknowledged("Pipeline/Delivery/Assets/FileAsset", "AwsSolutions-CB4", _NO_CMK)
    # It only decrypts.
    yield from _artifacts(role, _READ_ARTIFACTS, keyed=False)
    yield from wildcards(role, [logs, reports], BUILD_GRANT)
    yield from wildcards(role, ["*"], _ASSET_BUILDS)


def _validation(app: App, target: Target, *, foreign: bool, keyed: bool) -> Iterator[Acknowledged]:
    project = f"Pipeline/Pipeline/{target.name}/Validate/Validate"
    own = f"Pipeline/Validate{target.name}Role" if foreign else f"{project}/Role"
    yield from _project(app, project, _READ_ARTIFACTS, keyed=keyed, role=own)
    role, place = f"{target.name}/Etl/Delegations/Validation" if foreign else own, f"{target.region}:{target.account}"
    bucket = f"arn:aws:s3:::etl-data-{target.account}-{target.region}-{target.suffix}"
    prefixes = ("incoming", "processed", "failed", "curated", "rejected", "staging")
    yield from wildcards(role, [f"{bucket}/{prefix}/_validation/*" for prefix in prefixes], _PROBE)
    yield from wildcards(role, [f"{bucket}/manifests/*"], _PROBE)
    yield from wildcards(role, [f"{bucket}/validated/*"], _TEMPLATES)
    yield from wildcards(role, [f"arn:aws:states:{place}:execution:etl-workflow-{target.suffix}:*"], _CHILDREN)
    yield from wildcards(role, [f"arn:aws:cloudwatch:{place}:alarm:*"], ALARMS_LISTED)
    yield from wildcards(role, [f"arn:aws:cloudformation:{place}:stack/etl-{target.suffix}/*"], _STACK_ID)


def _review(app: App, settings: Settings, target: Target, *, keyed: bool) -> Iterator[Acknowledged]:
    project, pipeline = f"Pipeline/Pipeline/{target.name}/Review/Review", settings.pipeline
    bucket = f"arn:aws:s3:::etl-pipe-{pipeline.account}-{pipeline.region}-{pipeline.suffix}"
    stack = f"arn:aws:cloudformation:{target.region}:{target.account}:stack/etl-{target.suffix}/*"
    yield from _project(app, project, _READ_ARTIFACTS, keyed=keyed)
    yield from wildcards(f"{project}/Role", [f"{bucket}/reviews/{target.suffix}/*"], _REVIEWS)
    if not is_foreign(target, pipeline):
        yield from wildcards(f"{project}/Role", [stack], _STACK_ID)


def _drift(app: App, settings: Settings) -> Iterator[Acknowledged]:
    project, own = "Pipeline/Drift/Project", "Pipeline/Drift/Role"
    yield Acknowledged(project, "AwsSolutions-CB4", NO_ARTIFACTS)
    yield from wildcards(own, _own_logs_and_reports(app, project), BUILD_GRANT)
    yield from _actions(own, ["kms:GenerateDataKey*"], _TOPIC_KEY)
    roles = {
        target: f"{target.name}/Etl/Delegations/Drift" if is_foreign(target, settings.pipeline) else own for target in settings.targets
    }
    for role in dict.fromkeys(roles.values()):
        yield from wildcards(role, ["*"], _UNNAMED)
    for target, role in roles.items():
        place = f"{target.region}:{target.account}"
        named = [
            f"arn:aws:cloudformation:{place}:stack/etl-{target.suffix}/*",
            f"arn:aws:cloudtrail:{place}:trail/etl-*-{target.suffix}",
            f"arn:aws:cloudwatch:{place}:alarm:*",
            f"arn:aws:cloudwatch::{target.account}:dashboard/etl-*-{target.suffix}",
            f"arn:aws:dynamodb:{place}:table/etl-*-{target.suffix}",
            f"arn:aws:events:{place}:rule/etl-*-{target.suffix}",
            f"arn:aws:iam::{target.account}:role/etl-*-{target.suffix}",
            f"arn:aws:kms:{place}:key/*",
            f"arn:aws:lambda:{place}:function:etl-*-{target.suffix}",
            f"arn:aws:lambda:{place}:layer:etl-*-{target.suffix}:*",
            f"arn:aws:logs:{place}:log-group:*",
            f"arn:aws:s3:::etl-*-{target.account}-{target.region}-{target.suffix}",
            f"arn:aws:sns:{place}:etl-*-{target.suffix}",
            f"arn:aws:sqs:{place}:etl-*-{target.suffix}*",
            f"arn:aws:ssm:{place}:parameter/etl/{target.suffix}/*",
            f"arn:aws:states:{place}:stateMachine:etl-*-{target.suffix}",
        ]
        yield from wildcards(role, named, _DRIFT)


def _advisories(app: App) -> Iterator[Acknowledged]:
    project, role = "Pipeline/Advisories/Project", "Pipeline/Advisories/Role"
    yield Acknowledged(project, "AwsSolutions-CB4", _NO_CMK)
    yield from wildcards(role, _own_logs_and_reports(app, project), BUILD_GRANT)
    yield from _actions(role, ["kms:GenerateDataKey*"], _TOPIC_KEY)
