"""The IAM policies of a template: every document with its statements and who has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterator, Mapping

from pipeline.templates import Template, listed, properties_of

#: What a role may do, who may use a resource, and who may assume a role.
IDENTITY, RESOURCE, TRUST = "identity", "resource", "trust"

HOLDERS = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy")
#: The properties that hold a policy on a resource of any other type.
_ON_RESOURCES = ("KeyPolicy", "PolicyDocument", "ResourcePolicy")
#: Elements that say what a statement is not about.
INVERTED = ("NotAction", "NotResource", "NotPrincipal")

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Policy:
    """A policy in the resource *where*.

    ``holders`` are the values that name its roles, users and groups, such as ``{"Ref": "Role"}``; a policy on a
    resource, or one that is attached to nobody, has *where* itself.
    """

    where: str
    kind: str
    holders: tuple[Any, ...]
    statements: tuple[Statement, ...]


def policies(template: Template) -> Iterator[Policy]:
    """Every policy of *template*. Managed policies that are attached by their ARN are not among them."""
    for name, body in template.resources.items():
        given = properties_of(body)
        if body["Type"] in HOLDERS:
            own = ({"Ref": name},)
            yield _policy(name, TRUST, own, given.get("AssumeRolePolicyDocument"))
            for inline in given.get("Policies") or ():
                yield _policy(name, IDENTITY, own, inline.get("PolicyDocument"))
        elif body["Type"] in _ATTACHED:
            holders = [holder for kind in ("Roles", "Users", "Groups") for holder in listed(given.get(kind) or [])]
            holders += [given[kind] for kind in ("RoleName", "UserName", "GroupName") if kind in given]
            yield _policy(name, IDENTITY, tuple(holders) or (name,), given.get("PolicyDocument"))
        else:
            for key in _ON_RESOURCES:
                document = given.get(key)
                if isinstance(document, Mapping):
                    yield _policy(name, RESOURCE, (name,), document.get("PolicyDocument", document))


def _policy(where: str, kind: str, holders: tuple[Any, ...], document: Mapping[str, Any] | None) -> Policy:
    return Policy(where, kind, holders, tuple(listed((document or {}).get("Statement") or [])))


def wildcard(pattern: str, one: str = ".") -> re.Pattern[str]:
    """IAM's wildcards as an expression: ``*`` is any characters, slashes and colons included; ``?`` is *one*."""
    parts = {"*": ".*", "?": one}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in pattern), re.DOTALL)
