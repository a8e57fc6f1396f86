"""The step that proves a stage after its deployment, and the little that it may do."""

from __future__ import annotations

import re

from aws_cdk import Duration, pipelines
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam

from etl import names
from etl.permissions import ACCESS
from etl.target import Target
from pipeline.builds import ENVIRONMENT, buildspec
from runtime import keys
from runtime.contracts.loader import RESERVED_DATASETS
from stages.etl_stage import EtlStage

(_PROBE,) = RESERVED_DATASETS
TIMEOUT = Duration.minutes(30)


def validation_step(
    stage: EtlStage, *, project_name: str, logging: codebuild.LoggingOptions, source: pipelines.IFileSetProducer
) -> pipelines.CodeBuildStep:
    target = stage.target
    return pipelines.CodeBuildStep(
        "Validate",
        input=source,
        project_name=project_name,
        partial_build_spec=buildspec("validate"),
        commands=[],
        build_environment=ENVIRONMENT,
        logging=logging,
        timeout=TIMEOUT,
        env={"LEDGERLINE_REGION": target.region},
        env_from_cfn_outputs={output_variable(name): output for name, output in stage.etl.outputs.items()},
        role_policy_statements=statements(target),
    )


def output_variable(output: str) -> str:
    """``DataBucketName`` is passed on as ``LEDGERLINE_OUTPUT_DATA_BUCKET_NAME``."""
    return "LEDGERLINE_OUTPUT_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", output).upper()


def statements(target: Target) -> list[iam.PolicyStatement]:
    """Read the stage; upload, read and remove the probe's own files, and nothing of a partner's.

    Everything is by name: the stage is in another stack, and may be in another region.
    """
    bucket = f"arn:aws:s3:::{names.bucket('data', target.account, target.region, target.suffix)}"

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{target.region}:{target.account}:{resource}"

    def probe(*prefixes: str) -> list[str]:
        return [f"{bucket}/{prefix}{_PROBE}/*" for prefix in prefixes]

    written = probe(keys.INCOMING, keys.PROCESSED, keys.FAILED, keys.CURATED, keys.REJECTED, keys.STAGING)
    # A plan's name is a file id alone.
    plans = [f"{bucket}/{keys.MANIFESTS}*"]
    functions = [arn("lambda", f"function:{names.physical(names.kebab(name), target.suffix)}") for name in ACCESS]
    rows: dict[str, tuple[list[str], list[str]]] = {
        "FindStage": (["cloudformation:DescribeStacks"], [arn("cloudformation", f"stack/etl-{target.suffix}/*")]),
        "SeeFunctions": (["lambda:GetFunctionConfiguration"], functions),
        # Listing by prefix is authorized for all alarms or for none.
        "SeeAlarms": (["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"], [arn("cloudwatch", "alarm:*")]),
        "SeeExecution": (["states:DescribeExecution"], [arn("states", f"execution:{names.physical('workflow', target.suffix)}:*")]),
        "UploadProbe": (["s3:PutObject", "s3:AbortMultipartUpload"], probe(keys.INCOMING)),
        "ReadProbe": (["s3:GetObject", "s3:GetObjectVersion"], written + plans),
        "RemoveProbe": (["s3:DeleteObjectVersion"], written + plans),
        "ListBucket": (["s3:ListBucket", "s3:ListBucketVersions"], [bucket]),
        "FollowAndForgetProbe": (
            ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchWriteItem"],
            [arn("dynamodb", f"table/{names.physical('tracking', target.suffix)}")],
        ),
    }
    return [iam.PolicyStatement(sid=sid, actions=actions, resources=resources) for sid, (actions, resources) in rows.items()]
