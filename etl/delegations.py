"""Roles by which a delivery in another account acts on a stage; a stage beside its pipeline has none (D9)."""

from __future__ import annotations

from typing import Iterable

from aws_cdk import aws_iam as iam
from constructs import Construct

from etl import names
from etl.target import Target


class Delegations(Construct):
    """Empty until the delivery asks; the roles go with the stage."""

    def __init__(self, scope: Construct, construct_id: str, *, target: Target) -> None:
        super().__init__(scope, construct_id)
        self._target = target

    def grant(self, kind: str, *, account: str, role_name: str, statements: Iterable[iam.PolicyStatement]) -> str:
        """Let the role called *role_name* in *account*, and nobody else there, do what *statements* say; returns the ARN to assume.

        The trust names that role in a condition and not as the principal: IAM keeps a principal by its id, so a role that
        was deleted and made again under its name would be refused forever.
        """
        trusted = f"arn:aws:iam::{account}:role/{role_name}"
        name = names.physical(kind, self._target.suffix)
        role = iam.Role(
            self,
            kind.capitalize(),
            role_name=name,
            assumed_by=iam.AccountPrincipal(account).with_conditions({"ArnEquals": {"aws:PrincipalArn": trusted}}),
            description=f"What {role_name} of account {account} may do to stage {self._target.suffix}",
        )
        for statement in statements:
            role.add_to_policy(statement)
        return f"arn:aws:iam::{self._target.account}:role/{name}"
