"""Options that the commands share, and where a stage is found from them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Annotated

import typer

from ops.aws import Aws
from ops.stage import STAGE_VARIABLE, Stage, is_suffix, locate
from runtime.aws.tracking import Tracking
from runtime.core.models import FileStatus

DEFAULT_STAGE = "prod"


def _stage(value: str) -> str:
    if not is_suffix(value):
        raise typer.BadParameter(f"{value!r} is no stage: one is named by 1 to 20 lower-case letters, digits and inner hyphens")
    return value


StageOption = Annotated[
    str,
    typer.Option(
        "--stage", metavar="SUFFIX", envvar=STAGE_VARIABLE, callback=_stage, help="The stage: the suffix of its stack, etl-SUFFIX."
    ),
]
RegionOption = Annotated[
    str | None, typer.Option("--region", metavar="REGION", help="Default: from AWS's environment or profile, else us-east-1.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON alone on stdout; progress and errors on stderr.")]

RoleOption = Annotated[
    str | None,
    typer.Option("--role-arn", metavar="ARN", envvar="LEDGERLINE_ROLE_ARN", help="Use this role, for a stage in another account."),
]

_FILE_ID = re.compile(r"[0-9a-f]{32}")


def _file_id(value: str | None) -> str | None:
    if value is not None and not _FILE_ID.fullmatch(value):
        raise typer.BadParameter(f"{value!r} is not 32 hexadecimal digits; `python -m ops status` lists files with their ids")
    return value


def known_states(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        if value not in FileStatus.ALL:
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(FileStatus.ALL)}")
    return values


FileIdArgument = Annotated[str, typer.Argument(metavar="FILE_ID", callback=_file_id, help="As `submit` and `status` print it.")]
OptionalFileIdArgument = Annotated[str | None, typer.Argument(metavar="FILE_ID", callback=_file_id, help="Show this file.")]
RedrivenFileArgument = Annotated[str | None, typer.Argument(metavar="FILE_ID", callback=_file_id, help="Take up this file.")]


@dataclass(frozen=True)
class Deployed:
    """A stage and the means to look at it. ``region`` is what was asked for, if any."""

    aws: Aws
    stage: Stage
    region: str | None = None

    @property
    def tracking(self) -> Tracking:
        return Tracking(self.aws.dynamodb, self.stage.tracking_table_name)

    def follow_up(self) -> str:
        """The options that make another command meet this stage, with a leading blank, or nothing."""
        suffix = "" if self.stage.stage == DEFAULT_STAGE else f" --stage {self.stage.stage}"
        return suffix + (f" --region {self.region}" if self.region else "")


def connect(suffix: str, region: str | None, role_arn: str | None = None) -> Deployed:
    aws = Aws(region, role_arn)
    return Deployed(aws, locate(suffix, aws.region, aws.cloudformation, os.environ), region)
