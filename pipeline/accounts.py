"""How the delivery reaches a stage in another account (D9): which roles its builds act by there, and where a key is needed."""

from __future__ import annotations

from typing import Iterable, Sequence

from aws_cdk import aws_iam as iam

from etl.target import Target
from pipeline.settings import PipelineSettings
from stages.etl_stage import EtlStage

#: ``ops`` reads it: the role to act by.
ROLE_VARIABLE = "LEDGERLINE_ROLE_ARN"


def is_foreign(target: Target, settings: PipelineSettings) -> bool:
    return target.account != settings.account


def keyed_regions(targets: Iterable[Target], settings: PipelineSettings) -> set[str]:
    """Regions whose artifacts another account reads: S3's own encryption can be opened from nowhere else."""
    return {target.region for target in targets if is_foreign(target, settings)}


def bootstrap_role(stage: EtlStage, purpose: str) -> str:
    """The role that the bootstrap made for *purpose* in the stage's account and region: ``deploy``, ``cfn-exec``, ``lookup``."""
    target, qualifier = stage.target, stage.etl.synthesizer.bootstrap_qualifier
    return f"arn:aws:iam::{target.account}:role/cdk-{qualifier}-{purpose}-role-{target.account}-{target.region}"


def bootstrap_version(stage: EtlStage) -> str:
    """The SSM parameter with the version of the bootstrap that the stage goes through; its template takes the value."""
    target, qualifier = stage.target, stage.etl.synthesizer.bootstrap_qualifier
    return f"arn:aws:ssm:{target.region}:{target.account}:parameter/cdk-bootstrap/{qualifier}/version"


def stage_role(
    stage: EtlStage, kind: str, *, settings: PipelineSettings, trusted: str, statements: Sequence[iam.PolicyStatement]
) -> str | None:
    """The role of a stage elsewhere that may do what *statements* say, for the build whose role is called *trusted*; None for a stage here.

    It is there once the stage is deployed.
    """
    if not is_foreign(stage.target, settings):
        return None
    return stage.etl.delegations.grant(kind, account=settings.account, role_name=trusted, statements=statements)


def lookup_role(stage: EtlStage, settings: PipelineSettings) -> str | None:
    """What reads a stage elsewhere before its first deployment, when only the bootstrap's roles are there; None for a stage here."""
    return bootstrap_role(stage, "lookup") if is_foreign(stage.target, settings) else None


def assume(*roles: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid="ActInTargetAccount", actions=["sts:AssumeRole"], resources=list(roles))


def acting_by(role: str | None) -> dict[str, str]:
    """Variables of a build that acts by *role*, or by itself."""
    return {ROLE_VARIABLE: role} if role else {}
