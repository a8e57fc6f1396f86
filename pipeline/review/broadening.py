"""Permissions that a delivery broadens, by role and by resource with a policy.

Statements are split into grants, one action on one resource. A grant is *broader* when no grant of the deployed template
covers it. Wildcards are compared as patterns, conditions as text: a changed condition counts as broader, since its
meaning is not compared.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping

from pipeline.policies import HOLDERS, INVERTED, TRUST, Statement, policies, wildcard
from pipeline.templates import Properties, Template, canonical, is_intrinsic, listed, text

ALLOWED, NO_LONGER_DENIED = "newly allowed", "no longer denied"
TRUSTED, MANAGED, UNBOUNDED, UNREAD = (
    "newly trusted",
    "managed policy attached",
    "boundary removed or changed",
    "cannot be compared, read it",
)

_PERMISSION = "AWS::Lambda::Permission"


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
    """All ``actions`` on all ``resources`` for one principal and condition; ``subject`` is a role, or a resource with a policy."""

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
    """The permissions of one subject; ``unread_…`` are statements with inverted elements, as JSON."""

    allows: set[Grant]
    denies: set[Grant]
    trusts: set[Grant]
    managed: set[str]
    unread_allows: set[str]
    unread_denies: set[str]
    boundary: str = ""


def broadened(before: Template | None, after: Template) -> list[Broadening]:
    """Everything that *after* allows and *before* does not, wildcards first within each subject."""
    old, new = _subjects(before), _subjects(after)
    broadenings = [item for name, subject in new.items() for item in _broadened(name, old.get(name), subject)]
    # Only subjects that remain count: a denial to a removed role is no loss.
    return sorted(broadenings, key=lambda item: (item.is_new, item.subject, not item.wildcard, item.what, item.resources))


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
    # A ``?`` is one character, so it does not cover a ``*`` of the other.
    return wildcard(pattern, one="[^*]").fullmatch(other) is not None


def _empty() -> _Subject:
    return _Subject(set(), set(), set(), set(), set(), set())


def _subjects(template: Template | None) -> dict[str, _Subject]:
    subjects: dict[str, _Subject] = defaultdict(_empty)
    if template is None:
        return subjects
    for policy in policies(template):
        for holder in policy.holders:
            subject = subjects[str(holder["Ref"]) if isinstance(holder, Mapping) and "Ref" in holder else text(holder)]
            for statement in policy.statements:
                _add(subject, policy.kind, statement)
    for name, properties in template.of_type(*HOLDERS):
        subjects[name].managed |= {text(arn) for arn in listed(properties.get("ManagedPolicyArns") or [])}
        subjects[name].boundary = text(properties.get("PermissionsBoundary") or "")
    for name, properties in template.of_type(_PERMISSION):
        subjects[name].allows.add(_permission(properties))
    return subjects


def _add(subject: _Subject, kind: str, statement: Statement) -> None:
    denies = statement.get("Effect") == "Deny"
    if any(element in statement for element in INVERTED):
        (subject.unread_denies if denies and kind != TRUST else subject.unread_allows).add(canonical(statement))
    elif kind != TRUST:
        (subject.denies if denies else subject.allows).update(_grants(statement))
    elif not denies:
        subject.trusts.update(_grants(statement))


def _grants(statement: Statement) -> Iterator[Grant]:
    condition = canonical(statement["Condition"]) if statement.get("Condition") else ""
    for principal in _principals(statement.get("Principal")):
        for action in listed(statement.get("Action") or []):
            for resource in listed(statement.get("Resource") or ""):
                yield Grant(principal, text(action), text(resource), condition)


def _principals(principal: Any) -> list[str]:
    if principal is None:
        return [""]
    if not isinstance(principal, Mapping) or is_intrinsic(principal):
        return [text(principal)]
    everyone = [(kind, text(name)) for kind, names in principal.items() for name in listed(names)]
    return ["*" if name == "*" else f"{kind} {name}" for kind, name in everyone]


def _permission(properties: Properties) -> Grant:
    conditions = {key: text(properties[key]) for key in ("SourceAccount", "SourceArn", "PrincipalOrgID") if key in properties}
    return Grant(
        text(properties.get("Principal", "")),
        text(properties.get("Action", "")),
        text(properties.get("FunctionName", "")),
        canonical(conditions) if conditions else "",
    )
