"""``python -m ops template``: what is deployed, to hold against what is about to be."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.aws import Aws
from ops.delivery.deployed import deployed_template
from ops.errors import StageMissing
from ops.options import DEFAULT_STAGE, RegionOption, RoleOption, StageOption
from ops.terminal import emit


def template(
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Print {} when nothing is deployed yet.")] = False,
    stage: StageOption = DEFAULT_STAGE,
    region: RegionOption = None,
    role_arn: RoleOption = None,
) -> None:
    """Print the deployed template of a stage, as JSON.

    Example: python -m ops template --stage prod-dr --region eu-west-1
    """
    aws = Aws(region, role_arn)
    try:
        emit(deployed_template(stage, aws.region, aws.cloudformation))
    except StageMissing:
        if not allow_missing:
            raise
        emit({})
