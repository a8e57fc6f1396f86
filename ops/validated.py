"""What a stage was when it was last validated, kept in its own data bucket.

``validated/<sha256>.json`` is a template, under the name of its digest; ``validated/current.json``
says which of them it was, with which code, from which commit. The bucket belongs to the stage, so
nothing outlives it, and CloudFormation can read a template of this size from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.aws import Aws
from ops.errors import RecordDamaged
from ops.stage import Stage, describe, stack_name
from runtime.aws.tracking import iso
from runtime.core.keys import VALIDATED

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_s3.client import S3Client

CURRENT = f"{VALIDATED}current.json"
_JSON = "application/json"


@dataclass(frozen=True)
class Validated:
    """``code`` maps functions to Lambda's SHA-256 of their archives; ``parameters`` are those that the template declares.

    ``commit`` is None where nobody said.
    """

    commit: str | None
    validated_at: str
    template_sha256: str
    parameters: Sequence[str]
    code: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def template_key(self) -> str:
        return f"{VALIDATED}{self.template_sha256}.json"


def deployed_template(cloudformation: CloudFormationClient, suffix: str) -> bytes:
    """The stack's template as canonical JSON: the same template gives the same bytes."""
    body: Any = cloudformation.get_template(StackName=stack_name(suffix), TemplateStage="Original")["TemplateBody"]
    content = json.loads(body) if isinstance(body, str) else body
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def deployed_code(functions: LambdaClient, names: Sequence[str]) -> dict[str, str]:
    """Each function's digest; a function that does not exist has none."""
    return {name: digest for name in sorted(names) if (digest := _code(functions, name))}


def _code(functions: LambdaClient, name: str) -> str | None:
    try:
        return functions.get_function_configuration(FunctionName=name)["CodeSha256"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            return None
        raise


def digest_of(template: bytes) -> str:
    return hashlib.sha256(template).hexdigest()


def remember(aws: Aws, stage: Stage, commit: str | None, now: datetime) -> Validated:
    """Keep what is deployed now as what was validated; the template first, so that the record never names a missing one."""
    template = deployed_template(aws.cloudformation, stage.stage)
    stack = describe(stage.stage, stage.region, aws.cloudformation)
    validated = Validated(
        commit=commit,
        validated_at=iso(now),
        template_sha256=digest_of(template),
        parameters=sorted(json.loads(template).get("Parameters", {})),
        code=deployed_code(aws.functions, stage.function_names),
        tags={tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])},
    )
    aws.s3.put_object(Bucket=stage.data_bucket_name, Key=validated.template_key, Body=template, ContentType=_JSON)
    aws.s3.put_object(Bucket=stage.data_bucket_name, Key=CURRENT, Body=json.dumps(asdict(validated)).encode(), ContentType=_JSON)
    return validated


def is_deployed(aws: Aws, stage: Stage) -> bool:
    """Whether the stage still has the template that was validated last; not where nothing readable says which that was."""
    try:
        record = _record(aws.s3, stage.data_bucket_name)
    except RecordDamaged:
        return False
    return record is not None and record.template_sha256 == digest_of(deployed_template(aws.cloudformation, stage.stage))


def last_validated(s3: S3Client, bucket: str) -> Validated | None:
    """What :func:`remember` kept last, or None; RecordDamaged where it, or its template, is not what was written."""
    validated = _record(s3, bucket)
    if validated is not None:
        template = s3.get_object(Bucket=bucket, Key=validated.template_key)["Body"].read()
        if digest_of(template) != validated.template_sha256:
            raise RecordDamaged(bucket, validated.template_key, "is not the template that its name says")
    return validated


def _record(s3: S3Client, bucket: str) -> Validated | None:
    try:
        body = s3.get_object(Bucket=bucket, Key=CURRENT)["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchKey":
            return None
        raise
    try:
        return Validated(**json.loads(body))
    except (ValueError, TypeError) as error:
        raise RecordDamaged(bucket, CURRENT, f"is not a record of a validation ({error})") from error
