"""Small templates to compare."""

from __future__ import annotations

from pipeline.templates import Template, read


def template(commit=None, **resources) -> Template:
    """A template of ``LogicalId=("AWS::Type", {properties})`` or ``LogicalId=(type, properties, {attributes})``."""
    body = {name: {"Type": parts[0], "Properties": parts[1], **(parts[2] if len(parts) > 2 else {})} for name, parts in resources.items()}
    return read({"Resources": body, "Metadata": {"Commit": commit}}, "test")


def role(name="Role", trusts="lambda.amazonaws.com", **properties):
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": trusts}}]}
    return {name: ("AWS::IAM::Role", {"AssumeRolePolicyDocument": trust, **properties})}


def statement(action, resource, effect="Allow", **more):
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements, role="Role", name="Policy"):
    return {name: ("AWS::IAM::Policy", {"PolicyDocument": {"Statement": list(statements)}, "Roles": [{"Ref": role}]})}
