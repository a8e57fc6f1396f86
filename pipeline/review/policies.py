"""What IAM would newly allow, role by role and policy by policy.

Statements are taken apart into grants, one action on one resource, and a grant is *broader* when nothing that
was allowed before covers it. Wildcards are compared as patterns and conditions as they are written: another condition
counts as broader, since no reading of ours could prove that it is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping

from pipeline.review.template import Resource, Template, canonical, is_intrinsic, text

ALLOWED, NO_LONGER_DENIED = "newly allowed", "no longer denied"
TRUSTED, MANAGED, UNBOUNDED, UNREAD = (
    "newly trusted",
    "managed policy attached",
    "boundary removed or changed",
    "cannot be compared, read it",
)

_ROLE, _USER, _GROUP = "AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group"
_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
#: Policies on a resource, and the property that holds them.
_ON_RESOURCES = {
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
}
_PERMISSION = "AWS::Lambda::Permission"
_INVERSE = ("NotAction", "NotResource", "NotPrincipal")


@dataclass(frozen=True)
class Grant:
    """One action for one principal on one resource; ``condition`` is canonical JSON, empty for none."""

    principal: str
    action: str
    resource: str
    condition: str

    @property
    def is_wildcard(self) -> bool:
        return "*" in self.action or self.resource == "*" or self.principal == "*"

    def covers(self, other: Grant) -> bool:
        return (
            self.condition in ("", other.condition)
            and _covers(self.principal, other.principal)
            and _covers(self.action.lower(), other.action.lower())
            and _covers(self.resource, other.resource)
        )


@dataclass(frozen=True)
class Broadening:
    """``subject`` is a role, or a resource with a policy: all ``actions`` on all ``resources``, for one principal and condition."""

    subject: str
    what: str
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    principal: str = ""
    condition: str = ""
    wildcard: bool = False
    is_new: bool = False


@dataclass
class _Subject:
    """Everything that is said about one subject."""

    allows: set[Grant]
    denies: set[Grant]
    trusts: set[Grant]
    managed: set[str]
    unread_allows: set[str]
    unread_denies: set[str]
    boundary: str = ""


def broadened(before: Template | None, after: Template) -> list[Broadening]:
    """All that *after* allows and *before* did not, wildcards first within each subject."""
    old, new = _subjects(before), _subjects(after)
    found = [item for name, subject in new.items() for item in _broadened(name, old.get(name), subject)]
    # A denial that went with its subject denies nothing to anybody: only subjects that are left count.
    return sorted(found, key=lambda item: (item.is_new, item.subject, not item.wildcard, item.what, item.resources))


def _broadened(name: str, old: _Subject | None, new: _Subject) -> Iterator[Broadening]:
    is_new = old is None
    old = old or _empty()
    yield from _grouped(name, ALLOWED, _uncovered(new.allows, old.allows), is_new)
    yield from _grouped(name, NO_LONGER_DENIED, _uncovered(old.denies, new.denies), is_new)
    yield from _grouped(name, TRUSTED, _uncovered(new.trusts, old.trusts), is_new)
    for arn in sorted(new.managed - old.managed):
        yield Broadening(
            name, MANAGED, resources=(arn,), wildcard=arn.endswith(("/AdministratorAccess", "/PowerUserAccess")), is_new=is_new
        )
    if old.boundary and old.boundary != new.boundary:
        yield Broadening(name, UNBOUNDED, resources=(old.boundary,), wildcard=not new.boundary)
    for statement in sorted((new.unread_allows - old.unread_allows) | (old.unread_denies - new.unread_denies)):
        yield Broadening(name, UNREAD, resources=(statement,), wildcard=True, is_new=is_new)


def _grouped(name: str, what: str, grants: Iterable[Grant], is_new: bool) -> Iterator[Broadening]:
    by_resource: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for grant in grants:
        by_resource[grant.principal, grant.condition, grant.resource].add(grant.action)
    alike: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (principal, condition, resource), actions in sorted(by_resource.items()):
        alike[principal, condition, tuple(sorted(actions))].append(resource)
    for (principal, condition, together), resources in alike.items():
        wildcard = any(Grant(principal, action, resource, condition).is_wildcard for action in together for resource in resources)
        yield Broadening(name, what, together, tuple(resources), principal, condition, wildcard, is_new)


def _uncovered(grants: set[Grant], by: set[Grant]) -> list[Grant]:
    return [grant for grant in grants if not any(other.covers(grant) for other in by)]


def _covers(pattern: str, other: str) -> bool:
    """Whether everything that *other* matches is matched by *pattern*; ``*`` and ``?`` as IAM has them."""
    if pattern == other:
        return True
    # A ``?`` stands for one character, and so never for a wildcard of the other.
    parts = {"*": ".*", "?": "[^*]"}
    return re.fullmatch("".join(parts.get(character, re.escape(character)) for character in pattern), other, re.DOTALL) is not None


def _empty() -> _Subject:
    return _Subject(set(), set(), set(), set(), set(), set())


def _subjects(template: Template | None) -> dict[str, _Subject]:
    found: dict[str, _Subject] = defaultdict(_empty)
    for resource in template.resources.values() if template else ():
        if resource.type in (_ROLE, _USER, _GROUP):
            _identity(found[resource.logical_id], resource)
        elif resource.type in _ATTACHED:
            document = resource.properties.get("PolicyDocument") or {}
            for holder in _holders(resource):
                _add(found[holder], document)
        elif resource.type in _ON_RESOURCES:
            _add(found[resource.logical_id], resource.properties.get(_ON_RESOURCES[resource.type]) or {})
        elif resource.type == _PERMISSION:
            found[resource.logical_id].allows.add(_permission(resource))
    return dict(found)


def _identity(subject: _Subject, resource: Resource) -> None:
    properties = resource.properties
    for policy in properties.get("Policies") or ():
        _add(subject, policy.get("PolicyDocument") or {})
    for statement in _statements(properties.get("AssumeRolePolicyDocument") or {}):
        if any(key in statement for key in _INVERSE):
            subject.unread_allows.add(canonical(statement))
        elif statement.get("Effect") == "Allow":
            subject.trusts |= set(_grants(statement))
    subject.managed |= {text(arn) for arn in _listed(properties.get("ManagedPolicyArns") or [])}
    subject.boundary = text(properties.get("PermissionsBoundary") or "")


def _holders(policy: Resource) -> list[str]:
    """Logical ids (or names, of what another stack made) that the policy is attached to; itself if to nobody."""
    properties = policy.properties
    named = [holder for kind in ("Roles", "Users", "Groups") for holder in _listed(properties.get(kind) or [])]
    named += [properties["RoleName"]] if "RoleName" in properties else []
    return [str(holder["Ref"]) if isinstance(holder, Mapping) and "Ref" in holder else text(holder) for holder in named] or [
        policy.logical_id
    ]


def _add(subject: _Subject, document: Mapping[str, Any]) -> None:
    for statement in _statements(document):
        denies = statement.get("Effect") == "Deny"
        if any(key in statement for key in _INVERSE):
            (subject.unread_denies if denies else subject.unread_allows).add(canonical(statement))
        else:
            (subject.denies if denies else subject.allows).update(_grants(statement))


def _statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _listed(document.get("Statement") or [])


def _grants(statement: Mapping[str, Any]) -> Iterator[Grant]:
    condition = canonical(statement["Condition"]) if statement.get("Condition") else ""
    for principal in _principals(statement.get("Principal")):
        for action in _listed(statement.get("Action") or []):
            for resource in _listed(statement.get("Resource") or ""):
                yield Grant(principal, text(action), text(resource), condition)


def _principals(principal: Any) -> list[str]:
    if principal is None:
        return [""]
    if not isinstance(principal, Mapping) or is_intrinsic(principal):
        return [text(principal)]
    everyone = [(kind, text(name)) for kind, names in principal.items() for name in _listed(names)]
    return ["*" if name == "*" else f"{kind} {name}" for kind, name in everyone]


def _permission(resource: Resource) -> Grant:
    properties = resource.properties
    conditions = {key: text(properties[key]) for key in ("SourceAccount", "SourceArn", "PrincipalOrgID") if key in properties}
    return Grant(
        text(properties.get("Principal", "")),
        text(properties.get("Action", "")),
        text(properties.get("FunctionName", "")),
        canonical(conditions) if conditions else "",
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
