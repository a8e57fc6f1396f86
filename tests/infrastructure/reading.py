"""Reading templates in tests."""

from __future__ import annotations

from typing import Any

from pipeline.templates import Template, listed, text


def only(template: Template, resource_type: str, **having: Any) -> tuple[str, dict]:
    """The one resource of that type whose properties have these values: logical id and properties."""
    found = [
        (name, dict(properties))
        for name, properties in template.of_type(resource_type)
        if all(properties.get(key) == value for key, value in having.items())
    ]
    assert len(found) == 1, f"{len(found)} resources of type {resource_type} with {having}"
    return found[0]


def allowed(template: Template, role: str) -> dict[str, tuple[set[str], set[str]]]:
    """What the policies attached to the role of that physical name allow: actions and resources by statement id, or by actions."""
    role_id, _ = only(template, "AWS::IAM::Role", RoleName=role)
    statements = [
        statement
        for _, policy in template.of_type("AWS::IAM::Policy")
        if {"Ref": role_id} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    assert {statement["Effect"] for statement in statements} == {"Allow"}
    grants = [
        (set(listed(statement["Action"])), {text(resource) for resource in listed(statement["Resource"])}) for statement in statements
    ]
    return {statement.get("Sid", "+".join(sorted(grant[0]))): grant for statement, grant in zip(statements, grants, strict=True)}
