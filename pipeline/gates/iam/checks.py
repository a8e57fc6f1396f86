"""The checks of the IAM lint: each finds one kind of mistake, in a statement or in everything that one role may do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from typing import Callable, Iterable, Iterator

from pipeline.gates.accepted_findings import POLICIES
from pipeline.gates.iam.reference import Action, actions, knows_key, meet, names
from pipeline.gates.iam.statements import Statement, statements
from pipeline.policies import IDENTITY, RESOURCE, TRUST
from pipeline.templates import Template

#: Each set of actions is enough for a role to gain the rights of another.
ESCALATIONS: tuple[tuple[str, ...], ...] = (
    *((f"iam:{action}",) for action in ("AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy", "CreateAccessKey")),
    *((f"iam:{action}",) for action in ("CreateLoginProfile", "CreatePolicyVersion", "PutGroupPolicy", "PutRolePolicy")),
    *((f"iam:{action}",) for action in ("PutUserPolicy", "SetDefaultPolicyVersion", "UpdateAssumeRolePolicy", "UpdateLoginProfile")),
    ("iam:AddUserToGroup",),
    ("iam:DeleteRolePermissionsBoundary",),
    ("lambda:UpdateFunctionCode",),
    ("iam:PassRole", "bedrock-agentcore:CreateCodeInterpreter"),
    ("iam:PassRole", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"),
    ("iam:PassRole", "cloudformation:CreateStack"),
    ("iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild"),
    ("iam:PassRole", "ec2:RunInstances"),
    ("iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
    ("iam:PassRole", "glue:CreateJob", "glue:StartJobRun"),
    ("iam:PassRole", "lambda:CreateFunction"),
    ("iam:PassRole", "scheduler:CreateSchedule"),
    ("iam:PassRole", "states:CreateStateMachine", "states:StartExecution"),
)
#: On a pattern of roles these reach every role that will ever match it.
_OVER_ROLES = ("iam:PassRole", "sts:AssumeRole")
#: Condition keys that say for whom a service acts.
_SOURCES = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}


@dataclass(frozen=True)
class Finding:
    """``holder`` is the role's name, or the id of the resource whose policy it is; ``about`` is the action, key or resource concerned."""

    rule: str
    where: str
    holder: str
    about: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message} ({self.rule}, {self.holder})"


def findings(template: Template, region: str) -> Iterator[str]:
    """The findings on *template* that are not accepted, one line each."""
    for finding in all_findings(template, region):
        holder = finding.holder.removesuffix(f"-{template.suffix}")
        if not any(accepted.covers(holder, finding.rule, finding.about) for accepted in POLICIES):
            yield f"{template.stack_name}/{finding}"


def all_findings(template: Template, region: str) -> Iterator[Finding]:
    """The findings on *template*, accepted ones included."""
    by_role: dict[str, list[Statement]] = defaultdict(list)
    for statement in statements(template, region):
        if isinstance(statement, str):
            where, _, message = statement.partition(": ")
            yield Finding("unreadable", where, where, "", message)
            continue
        for check in CHECKS:
            for about, message in check(statement):
                yield Finding(check.__name__.replace("_", "-"), statement.where, statement.holders[0], about, message)
        if statement.kind == IDENTITY and statement.allows:
            for holder in statement.holders:
                by_role[holder].append(statement)
    for holder, allowed in by_role.items():
        for about, message in escalation(allowed):
            yield Finding("escalation", allowed[0].where, holder, about, message)


#: What a check finds: what it is about, and the message.
Found = Iterator[tuple[str, str]]


def unknown_action(statement: Statement) -> Found:
    """A misspelt action: denying it denies nothing, and granting it leaves the role without the right one."""
    for action in statement.actions:
        if action != "*" and not actions(action):
            near = get_close_matches(action, names(action.partition(":")[0].lower()), n=1)
            yield action, f"{action} is no action" + (f"; {near[0]} is" if near else "")


def unknown_condition_key(statement: Statement) -> Found:
    """A condition key that no request for the actions carries: the condition holds never, or always."""
    acting = tuple(_acting(statement))
    if "*" not in statement.actions:
        for key in statement.condition_keys:
            if acting and not knows_key(key, acting):
                yield key, f"no request of {', '.join(statement.actions)} carries the condition key {key}"


def inverted_allow(statement: Statement) -> Found:
    """Allowing all but some actions also allows every action that AWS will add."""
    for element in statement.inverted if statement.allows else ():
        yield element, f"{element} in a statement that allows: say what is allowed"


def whole_service(statement: Statement) -> Found:
    """All actions of a service, where single actions must be named (E13)."""
    for action in statement.actions if statement.allows else ():
        if action == "*" or action.endswith(":*"):
            yield action, f"{action} allows every action: name those that are needed"


def wrong_resource(statement: Statement) -> Found:
    """An action that acts on none of the statement's resources, and a resource that none of its actions acts on."""
    if statement.kind == TRUST or not statement.resources:
        return
    named = [resource for resource in statement.resources if resource != "*"]
    acting = list(_acting(statement))
    idle = [resource for resource in named if not any(_acts_on(action, resource) for action in acting)]
    for pattern in statement.actions:
        matched = actions(pattern)
        if (
            matched
            and len(named) == len(statement.resources)
            and not any(_acts_on(action, resource) for action in matched for resource in named)
        ):
            forms = sorted({form for action in matched for form in action.resources})
            yield pattern, f"{pattern} acts on none of the resources given, but on {', '.join(forms[:3]) or '* alone'}"
    # If no action acts on any resource, the findings above say so.
    if acting and "*" not in statement.actions and idle != named:
        for resource in idle:
            yield resource, f"none of the actions given acts on {resource}"


def any_resource(statement: Statement) -> Found:
    """``*`` for an action that the service authorizes on single resources."""
    if statement.allows and statement.kind == IDENTITY and "*" in statement.resources:
        for pattern in statement.actions:
            if named := [action for action in actions(pattern) if action.resources]:
                forms = sorted({form for action in named for form in action.resources})
                yield pattern, f"{pattern} is allowed on *, and could be on {', '.join(forms[:2])}"


def anybody(statement: Statement) -> Found:
    """A resource or a role that everybody may use."""
    if statement.allows and "*" in statement.principals and not statement.condition_keys:
        yield "*", "allowed to anybody: name the principals, or set a condition"


def any_source(statement: Statement) -> Found:
    """A service that may use a resource on behalf of any account. Roles are exempt: only their own account can pass them to a service."""
    if statement.allows and statement.kind == RESOURCE and not _SOURCES & {key.lower() for key in statement.condition_keys}:
        for principal in statement.principals:
            if principal.endswith(".amazonaws.com"):
                yield principal, f"{principal} may act here for anybody: set a condition on aws:SourceAccount or aws:SourceArn"


def roles_by_pattern(statement: Statement) -> Found:
    """Passing or assuming roles that a pattern names, without a condition."""
    if statement.allows and statement.kind == IDENTITY and not statement.condition_keys:
        reach = {action.name.lower() for action in _acting(statement)} | ({"*"} & set(statement.actions))
        for action in _OVER_ROLES:
            if reach & {action.lower(), "*"}:
                for resource in statement.resources:
                    if "*" in resource and resource.partition(":role/")[2].count("*"):
                        yield resource, f"{action} on the pattern {resource}, without a condition"


def escalation(allowed: Iterable[Statement]) -> Found:
    """Sets of actions, over all policies of a role together, by which it can gain the rights of another."""
    allowed = list(allowed)
    everything = any("*" in statement.actions for statement in allowed)
    may = {action.name.lower() for statement in allowed for action in _acting(statement)}
    for way in ESCALATIONS:
        if everything or all(action.lower() in may for action in way):
            yield "+".join(way), f"{' and '.join(way)} together are a way to the rights of other roles"


CHECKS: tuple[Callable[[Statement], Found], ...] = (
    unknown_action,
    unknown_condition_key,
    inverted_allow,
    whole_service,
    wrong_resource,
    any_resource,
    anybody,
    any_source,
    roles_by_pattern,
)


def _acting(statement: Statement) -> Iterable[Action]:
    return chain.from_iterable(actions(pattern) for pattern in statement.actions)


def _acts_on(action: Action, resource: str) -> bool:
    return any(meet(resource, form) for form in action.resources)
