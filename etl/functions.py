"""The functions of the workflow and the one that checks a deployment, each with its own role and log group."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import IgnoreMode, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from etl import names
from etl.guardrails import FUNCTION_MEMORY_MB, FUNCTION_TIMEOUT, LOG_RETENTION
from etl.permissions import ACCESS, CHECK_DEPLOYMENT, Access
from etl.target import RuntimeSettings, Target
from runtime.core import allocation, metric_names
from runtime.core import settings as variables
from runtime.core.models import FILES_BY_STATUS, OWED

ROOT = Path(__file__).resolve().parent.parent

#: An execution owns its file for this long: the workflow's 12 hours, and 15 minutes for the function that it may have started last.
LEASE_SECONDS = 12 * 3600 + 900

#: Only the package ``runtime`` goes into the archive, so that its hash does not depend on other files.
_CODE_ONLY = ["/*", "!/runtime", "/runtime/layers", "__pycache__", "*.pyc"]


class Functions(Construct):
    """``by_name`` maps the name of a handler's module (``process_chunk``) to its function. ``check`` is called by the deployment only."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        target: Target,
        settings: RuntimeSettings,
        layer_path: Path,
        bucket: s3.IBucket,
        table: dynamodb.ITable,
    ) -> None:
        super().__init__(scope, construct_id)
        self._target, self._settings, self._bucket, self._table = target, settings, bucket, table
        self._runtime = lambda_.Runtime(f"python{settings.runtime}", lambda_.RuntimeFamily.PYTHON)
        self.chunk_bytes = ssm.StringParameter(
            self,
            "ChunkBytes",
            parameter_name=f"/etl/{target.suffix}/chunk-bytes",
            string_value=str(settings.chunk_bytes),
            description="Largest size of a chunk in bytes; files that arrive from now on are split by it",
        )
        self._layer = lambda_.LayerVersion(
            self,
            "Libraries",
            layer_version_name=names.physical("libraries", target.suffix),
            code=lambda_.Code.from_asset(str(layer_path)),
            compatible_runtimes=[self._runtime],
            compatible_architectures=[lambda_.Architecture.X86_64],
            description=f"pandas, boto3 and what else the handlers import, for Python {settings.runtime}",
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._code = lambda_.Code.from_asset(str(ROOT), exclude=_CODE_ONLY, ignore_mode=IgnoreMode.GIT)
        self.by_name = {name: self._function(name, access) for name, access in ACCESS.items()}
        self.check = self._function("check_deployment", CHECK_DEPLOYMENT)

    def _function(self, name: str, access: Access) -> lambda_.Function:
        construct_id = "".join(word.capitalize() for word in name.split("_"))
        physical = names.physical(names.kebab(name), self._target.suffix)
        log_group = logs.LogGroup(
            self,
            f"{construct_id}Logs",
            log_group_name=names.log_group(physical),
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = self._role(construct_id, physical, access, log_group)
        return lambda_.Function(
            self,
            construct_id,
            function_name=physical,
            runtime=self._runtime,
            architecture=lambda_.Architecture.X86_64,
            handler=f"runtime.handlers.{name}.handler",
            code=self._code,
            layers=[self._layer],
            memory_size=FUNCTION_MEMORY_MB,
            timeout=FUNCTION_TIMEOUT,
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=log_group,
            role=role,
            environment=self._environment(name),
        )

    def _role(self, construct_id: str, physical: str, access: Access, log_group: logs.LogGroup) -> iam.Role:
        role = iam.Role(
            self,
            f"{construct_id}Role",
            role_name=physical,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {physical} may do",
        )

        def allow(sid: str, actions: list[str], resources: list[str], conditions: dict[str, object] | None = None) -> None:
            role.add_to_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=resources, conditions=conditions))

        for action, prefixes in access.objects:
            allow(action.removeprefix("s3:"), [action], [self._bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes])
        if access.listed:
            allow(
                "TellMissingFromForbidden",
                ["s3:ListBucket"],
                [self._bucket.bucket_arn],
                {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in access.listed]}},
            )
        allow("Table", list(access.table), [self._table.table_arn])
        if access.chunk_size:
            allow("ChunkSize", ["ssm:GetParameter"], [self.chunk_bytes.parameter_arn])
        if access.sweeps:
            machine = names.physical("workflow", self._target.suffix)
            states = {
                kind: Stack.of(self).format_arn(service="states", resource=f"{kind}:{machine}") for kind in ("stateMachine", "execution")
            }
            below: dict[str, object] = {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in access.sweeps]}}
            allow("FindVersions", ["s3:ListBucketVersions"], [self._bucket.bucket_arn], below)
            # The sweep may delete notes of pending work, and no item of a file.
            notes: dict[str, object] = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [OWED]}}
            allow("SettleNotes", ["dynamodb:DeleteItem"], [self._table.table_arn], notes)
            allow("FindFiles", ["dynamodb:Query"], [f"{self._table.table_arn}/index/{FILES_BY_STATUS}"])
            allow("SeeExecutions", ["states:DescribeExecution"], [f"{states['execution']}:*"])
            allow("StartExecutions", ["states:StartExecution"], [states["stateMachine"]])
        allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn])
        return role

    def _environment(self, name: str) -> dict[str, str]:
        return {
            variables.STAGE: self._target.suffix,
            variables.SOURCE_NAME: self._target.source_name,
            variables.DATA_BUCKET: self._bucket.bucket_name,
            variables.TRACKING_TABLE: self._table.table_name,
            variables.LEASE_SECONDS: str(LEASE_SECONDS),
            variables.CHUNK_BYTES_PARAMETER: self.chunk_bytes.parameter_name,
            variables.DECODED_BYTES: str(self._settings.decoded_bytes),
            variables.DECODED_RATIO: str(self._settings.decoded_ratio),
            **allocation.ENVIRONMENT,
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_METRICS_NAMESPACE": metric_names.NAMESPACE,
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }
