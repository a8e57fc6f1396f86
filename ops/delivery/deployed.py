"""The template that a stage's stack runs on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.errors import StageMissing
from ops.stage import describe, stack_name

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

#: A stack in one of these has no resources of ours: its first deployment was only prepared, failed, or was taken back.
NOTHING_DEPLOYED = frozenset({"CREATE_FAILED", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})


def deployed_template(suffix: str, region: str, cloudformation: CloudFormationClient) -> Mapping[str, Any]:
    """The template of the stage's stack, as it was submitted; raise StageMissing when nothing is deployed."""
    status = describe(suffix, region, cloudformation)["StackStatus"]
    if status in NOTHING_DEPLOYED:
        raise StageMissing(suffix, region, f"stack {stack_name(suffix)} is {status}, so that nothing is deployed")
    try:
        body: Any = cloudformation.get_template(StackName=stack_name(suffix), TemplateStage="Original")["TemplateBody"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            raise StageMissing(suffix, region, f"stack {stack_name(suffix)} went away") from error
        raise
    # boto3 parses a JSON template; one in YAML comes as text, and is none that this project deploys.
    template = json.loads(body) if isinstance(body, str) else body
    if not isinstance(template, Mapping):
        raise StageMissing(suffix, region, f"the template of stack {stack_name(suffix)} is no JSON object")
    return template
