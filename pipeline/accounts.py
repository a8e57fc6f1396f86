"""Access to stages in other accounts (D9): the roles that the pipeline's builds assume there, and the regions that need a key."""

from __future__ import annotations

from typing import Iterable, Sequence

from aws_cdk import aws_iam as iam

from etl import names
from etl.target import Target
from pipeline.settings import PipelineSettings
from stages.etl_stage import EtlStage

#: The variable from which ``ops`` reads the role to assume.
ROLE_VARIABLE = "LEDGERLINE_ROLE_ARN"


def is_foreign(target: Target, settings: PipelineSettings) -> bool:
    return target.account != settings.account


def keyed_regions(targets: Iterable[Target], settings: PipelineSettings) -> set[str]:
    """Regions whose artifacts another account reads. They need a key, since other accounts cannot read under S3's own encryption."""
    return {target.region for target in targets if is_foreign(target, settings)}


def bootstrap_role(stage: EtlStage, purpose: str) -> str:
    """The bootstrap's role for *purpose* (``deploy``, ``cfn-exec``, ``lookup``) in the stage's account and region."""
    target, qualifier = stage.target, stage.etl.synthesizer.bootstrap_qualifier
    return f"arn:aws:iam::{target.account}:role/cdk-{qualifier}-{purpose}-role-{target.account}-{target.region}"


def bootstrap_version(stage: EtlStage) -> str:
    """The SSM parameter with the version of the stage's bootstrap, which the stage's template reads."""
    target, qualifier = stage.target, stage.etl.synthesizer.bootstrap_qualifier
    return f"arn:aws:ssm:{target.region}:{target.account}:parameter/cdk-bootstrap/{qualifier}/version"


def stage_role(
    stage: EtlStage, kind: str, *, settings: PipelineSettings, trusted: str, statements: Sequence[iam.PolicyStatement]
) -> str | None:
    """A role with *statements* in the account of *stage*, for the build whose role is called *trusted*; None for the pipeline's account.

    It is deployed with the stage.
    """
    if not is_foreign(stage.target, settings):
        return None
    return stage.etl.delegations.grant(kind, account=settings.account, role_name=trusted, statements=statements)


def lookup_role(stage: EtlStage, settings: PipelineSettings) -> str | None:
    """The role that reads a stage in another account, which exists before the first deployment; None for the pipeline's account."""
    return bootstrap_role(stage, "lookup") if is_foreign(stage.target, settings) else None


def stack_arn(target: Target) -> str:
    """Pattern of the ARN of the target's stack, which ends in an id."""
    return f"arn:aws:cloudformation:{target.region}:{target.account}:stack/{names.stack(target.suffix)}/*"


def assume(*roles: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid="ActInTargetAccount", actions=["sts:AssumeRole"], resources=list(roles))


def acting_by(role: str | None) -> dict[str, str]:
    """Variables of a build that assumes *role*; none for a build that acts by its own."""
    return {ROLE_VARIABLE: role} if role else {}
