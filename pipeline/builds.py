"""The common parts of the delivery's CodeBuild projects: image, buildspec and log group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from aws_cdk import RemovalPolicy
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_logs as logs
from constructs import Construct

from etl import names
from etl.guardrails import LOG_RETENTION

BUILDSPECS = Path(__file__).resolve().parent.parent / "buildspec"

ENVIRONMENT = codebuild.BuildEnvironment(
    build_image=codebuild.LinuxBuildImage.STANDARD_7_0, compute_type=codebuild.ComputeType.SMALL, privileged=False
)


def buildspec(name: str) -> codebuild.BuildSpec:
    """``buildspec/<name>.yml`` as an object, since steps of a pipeline cannot refer to a file."""
    content: dict[str, Any] = yaml.safe_load((BUILDSPECS / f"{name}.yml").read_text(encoding="utf-8"))
    return codebuild.BuildSpec.from_object(content)


def log_options(scope: Construct, kind: str, suffix: str) -> codebuild.LoggingOptions:
    """A log group for the project with a retention (E14). CodeBuild's default group keeps logs forever."""
    group = logs.LogGroup(
        scope,
        f"{''.join(part.capitalize() for part in kind.split('-'))}Logs",
        log_group_name=f"/aws/codebuild/{names.physical(kind, suffix)}",
        retention=LOG_RETENTION,
        removal_policy=RemovalPolicy.DESTROY,
    )
    return codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=group))
