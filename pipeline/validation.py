"""The step that validates a stage after its deployment and rolls it back if that fails, with its permissions."""

from __future__ import annotations

import re

from aws_cdk import Duration, pipelines
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from constructs import Construct

from etl import names
from etl.permissions import ACCESS, DATASET, PROBES
from etl.target import Target
from pipeline.accounts import acting_by, assume, bootstrap_role, bootstrap_version, stack_arn, stage_role
from pipeline.builds import ENVIRONMENT, buildspec
from pipeline.settings import PipelineSettings
from runtime.core import keys
from stages.etl_stage import EtlStage

#: Seconds that ``buildspec/validate.sh`` may wait: for a probe (``ops validate``), and then in ``ops rollback`` for the end of a running
#: update, for the change set, for its execution and for another probe. A shorter time-out could leave a stage half rolled back.
WAITS_SECONDS = 900 + 4 * 1_800
#: Also for installing, for functions to become Active, and for cleaning up.
TIMEOUT = Duration.seconds(WAITS_SECONDS + 45 * 60)
#: The outputs that ``ops`` needs (``ops.stage.Stage``). All of them would exceed the limits of a CodePipeline action.
PASSED_ON = ("Stage", "SourceName", "DataBucketName", "TrackingTableName", "FunctionNames", "AlarmPrefix", "AlarmNames")


def validation_step(
    scope: Construct,
    stage: EtlStage,
    *,
    settings: PipelineSettings,
    project_name: str,
    logging: codebuild.LoggingOptions,
    source: pipelines.IFileSetProducer,
) -> pipelines.CodeBuildStep:
    """Validates a stage in another account by a role of the stage, which trusts the build's role in *scope* by its name."""
    target = stage.target
    granted = [*statements(target), *memory_statements(target), *rollback_statements(stage)]
    acted_by = stage_role(stage, "validation", settings=settings, trusted=project_name, statements=granted)
    return pipelines.CodeBuildStep(
        "Validate",
        input=source,
        project_name=project_name,
        partial_build_spec=buildspec("validate"),
        commands=[],
        build_environment=ENVIRONMENT,
        logging=logging,
        timeout=TIMEOUT,
        env={"LEDGERLINE_REGION": target.region, **acting_by(acted_by)},
        env_from_cfn_outputs={output_variable(name): stage.etl.outputs[name] for name in PASSED_ON},
        role=_named_role(scope, target, project_name) if acted_by else None,
        role_policy_statements=[assume(acted_by)] if acted_by else granted,
    )


def _named_role(scope: Construct, target: Target, name: str) -> iam.Role:
    return iam.Role(
        scope,
        f"Validate{target.name}Role",
        role_name=name,
        assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"),
        description=f"Validates stage {target.suffix} by a role of its account",
    )


def output_variable(output: str) -> str:
    """``DataBucketName`` is passed on as ``LEDGERLINE_OUTPUT_DATA_BUCKET_NAME``."""
    return "LEDGERLINE_OUTPUT_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", output).upper()


def statements(target: Target) -> list[iam.PolicyStatement]:
    """To read the stage's state, and to upload, read and remove the probe's files, but no partner's.

    Resources are given by name, since the stage is in another stack and may be in another region.
    """
    bucket = f"arn:aws:s3:::{names.bucket('data', target.account, target.region, target.suffix)}"

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{target.region}:{target.account}:{resource}"

    written = [f"{bucket}/{prefix}*" for prefix in PROBES]
    # The key of a plan does not hold the dataset.
    plans = [f"{bucket}/{keys.MANIFESTS}*"]
    functions = [arn("lambda", f"function:{names.physical(names.kebab(name), target.suffix)}") for name in (*ACCESS, "check_deployment")]
    rows: dict[str, tuple[list[str], list[str]]] = {
        "FindStage": (["cloudformation:DescribeStacks"], [stack_arn(target)]),
        "SeeFunctions": (["lambda:GetFunctionConfiguration"], functions),
        # CloudWatch authorizes listing for all alarms or for none.
        "SeeAlarms": (["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"], [arn("cloudwatch", "alarm:*")]),
        "SeeExecution": (["states:DescribeExecution"], [arn("states", f"execution:{names.physical('workflow', target.suffix)}:*")]),
        "UploadProbe": (["s3:PutObject", "s3:AbortMultipartUpload"], [f"{bucket}/{keys.INCOMING}{DATASET}/*"]),
        "ReadProbe": (["s3:GetObject", "s3:GetObjectVersion"], written + plans),
        "RemoveProbe": (["s3:DeleteObjectVersion"], written + plans),
        "ListBucket": (["s3:ListBucket", "s3:ListBucketVersions"], [bucket]),
        "FollowAndForgetProbe": (
            ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchWriteItem"],
            [arn("dynamodb", f"table/{names.physical('tracking', target.suffix)}")],
        ),
    }
    return [iam.PolicyStatement(sid=sid, actions=actions, resources=resources) for sid, (actions, resources) in rows.items()]


def memory_statements(target: Target) -> list[iam.PolicyStatement]:
    """To store the validated template, and to compare it with the deployed one."""
    kept = f"arn:aws:s3:::{names.bucket('data', target.account, target.region, target.suffix)}/{keys.VALIDATED}*"
    return [
        iam.PolicyStatement(sid="Remember", actions=["s3:GetObject", "s3:PutObject"], resources=[kept]),
        iam.PolicyStatement(sid="SeeTemplate", actions=["cloudformation:GetTemplate"], resources=[stack_arn(target)]),
    ]


#: The name of the change set that ``ops.rollback`` creates.
CHANGE_SET = "rollback"


def rollback_statements(stage: EtlStage) -> list[iam.PolicyStatement]:
    """To deploy the validated template again: one change set of the one stack, from the stored templates, by the stack's role."""
    target, role = stage.target, bootstrap_role(stage, "cfn-exec")
    bucket = names.bucket("data", target.account, target.region, target.suffix)
    stack = [stack_arn(target)]
    ours = {"cloudformation:ChangeSetName": CHANGE_SET}
    templates = {"cloudformation:TemplateUrl": f"https://s3.{target.region}.amazonaws.com/{bucket}/{keys.VALIDATED}*"}
    rows: dict[str, tuple[list[str], list[str], dict[str, dict[str, str]]]] = {
        "SeeStack": (["cloudformation:DescribeStackEvents"], stack, {}),
        "PrepareRollback": (["cloudformation:CreateChangeSet"], stack, {"StringEquals": ours, "StringLike": templates}),
        "RollBack": (
            ["cloudformation:DescribeChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DeleteChangeSet"],
            stack,
            {"StringEquals": ours},
        ),
        # CloudFormation reads the parameters of a template from SSM with the permissions of the change set's creator.
        "ReadVersion": (["ssm:GetParameters"], [bootstrap_version(stage)], {}),
        "PassStackRole": (["iam:PassRole"], [role], {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}),
    }
    return [
        iam.PolicyStatement(sid=sid, actions=actions, resources=resources, conditions=conditions)
        for sid, (actions, resources, conditions) in rows.items()
    ]
