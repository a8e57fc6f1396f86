"""A deployed stage, as the outputs of its stack describe it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.errors import StageMissing

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

#: The pipeline's validation step passes a stack's outputs in variables that begin so.
VARIABLE_PREFIX = "LEDGERLINE_OUTPUT_"
STAGE_VARIABLE = f"{VARIABLE_PREFIX}STAGE"

_SUFFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?")


@dataclass(frozen=True)
class Stage:
    """Each field but ``region`` is an output of the stack; what is several is comma separated there.

    ``alarm_names`` are without their prefix; stages that were deployed before they told them have none.
    """

    region: str
    stage: str
    source_name: str
    data_bucket_name: str
    tracking_table_name: str
    function_names: tuple[str, ...]
    alarm_prefix: str
    alarm_names: tuple[str, ...] = ()


def stack_name(suffix: str) -> str:
    return f"etl-{suffix}"


def is_suffix(text: str) -> bool:
    return _SUFFIX.fullmatch(text) is not None


def locate(suffix: str, region: str, cloudformation: CloudFormationClient, environment: Mapping[str, str]) -> Stage:
    """The stage called *suffix*: from *environment* where it describes that stage, else from its stack.

    Raises StageMissing.
    """
    if not is_suffix(suffix):
        raise StageMissing(suffix, region, "a stage is named by 1 to 20 lower-case letters, digits and inner hyphens")
    if environment.get(STAGE_VARIABLE) == suffix:
        outputs = {name: environment.get(VARIABLE_PREFIX + name.upper(), "") for name in _output_names()}
        return _stage(suffix, region, outputs, f"environment variables {VARIABLE_PREFIX}*")
    stack = describe(suffix, region, cloudformation)
    given = {_snake_case(output.get("OutputKey", "")): output.get("OutputValue", "") for output in stack.get("Outputs", [])}
    return _stage(suffix, region, given, f"stack {stack_name(suffix)}, which is {stack['StackStatus']},")


def deployed_at(suffix: str, region: str, cloudformation: CloudFormationClient) -> datetime:
    """When the stage's stack last began to change."""
    stack = describe(suffix, region, cloudformation)
    moment: datetime = stack.get("LastUpdatedTime") or stack["CreationTime"]
    return moment


def workflow_of(suffix: str, region: str, cloudformation: CloudFormationClient) -> str:
    """The ARN of the stage's state machine; StageMissing when its stack does not say it."""
    stack = describe(suffix, region, cloudformation)
    for output in stack.get("Outputs", []):
        if output.get("OutputKey") == "StateMachineArn":
            return str(output["OutputValue"])
    raise StageMissing(suffix, region, f"stack {stack_name(suffix)}, which is {stack['StackStatus']}, lacks StateMachineArn")


def describe(suffix: str, region: str, cloudformation: CloudFormationClient) -> Mapping[str, Any]:
    """The stack of a stage as CloudFormation describes it; StageMissing when there is none."""
    try:
        return cloudformation.describe_stacks(StackName=stack_name(suffix))["Stacks"][0]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            raise StageMissing(suffix, region, f"there is no stack {stack_name(suffix)}") from error
        raise


def _output_names() -> list[str]:
    return [field.name for field in fields(Stage) if field.name != "region"]


def _listed(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _stage(suffix: str, region: str, outputs: Mapping[str, str], origin: str) -> Stage:
    missing = [name for name in _output_names() if not outputs.get(name) and name != "alarm_names"]
    if missing:
        raise StageMissing(suffix, region, f"{origin} lacks {', '.join(missing)}")
    values: dict[str, Any] = {name: outputs.get(name, "") for name in _output_names()}
    values |= {name: _listed(values[name]) for name in ("function_names", "alarm_names")}
    return Stage(region=region, **values)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
