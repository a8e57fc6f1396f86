"""Every statement of a template's policies, with its references resolved to ARNs of the right form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Iterator, Mapping

from pipeline.gates.iam.reference import arn_format
from pipeline.gates.rules import NAMES
from pipeline.policies import INVERTED, Policy, policies
from pipeline.templates import Template, listed, properties_of

_REF_IS_ARN = ("AWS::IAM::ManagedPolicy", "AWS::Lambda::LayerVersion", "AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")
_PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": "111111111111", "AWS::URLSuffix": "amazonaws.com"}
_IN_SUB = re.compile(r"\$\{(!?)([^}]+)\}")


class Unreadable(Exception):
    """A value in a policy that is known only at the deployment."""


@dataclass(frozen=True)
class Statement:
    """``holders`` are the names of the roles that have it, or of the resource that it is on; ``inverted`` lists its Not… elements."""

    where: str
    holders: tuple[str, ...]
    kind: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    condition_keys: tuple[str, ...]
    inverted: tuple[str, ...]

    @property
    def allows(self) -> bool:
        return self.effect == "Allow"


def statements(template: Template, region: str) -> Iterator[Statement | str]:
    """Each statement, or what is wrong with one that cannot be read."""
    reader = _Reader(template, region)
    for policy in policies(template):
        holders = tuple(reader.text(holder) for holder in policy.holders)
        yield from (_read(reader, policy, holders, raw) for raw in policy.statements)


def _read(reader: _Reader, policy: Policy, holders: tuple[str, ...], raw: Mapping[str, Any]) -> Statement | str:
    try:
        return reader.statement(policy, holders, raw)
    except Unreadable as error:
        return f"{policy.where}: a statement of {', '.join(holders)} cannot be judged: {error}"


class _Reader:
    def __init__(self, template: Template, region: str) -> None:
        self._resources = template.resources
        stack = f"arn:aws:cloudformation:{region}:{_PSEUDO['AWS::AccountId']}:stack/{template.stack_name}/id"
        self._pseudo = {**_PSEUDO, "AWS::Region": region, "AWS::StackName": template.stack_name, "AWS::StackId": stack}

    def statement(self, policy: Policy, holders: tuple[str, ...], raw: Mapping[str, Any]) -> Statement:
        conditions = raw.get("Condition") or {}
        return Statement(
            where=policy.where,
            holders=holders,
            kind=policy.kind,
            effect=raw["Effect"],
            actions=self._texts(raw.get("Action")),
            resources=self._texts(raw.get("Resource"), arn=True),
            principals=self._principals(raw.get("Principal")),
            condition_keys=tuple(key for operands in conditions.values() for key in operands),
            inverted=tuple(key for key in INVERTED if key in raw),
        )

    def name(self, logical_id: str) -> str:
        """The resource's physical name, or its logical id where the template gives none."""
        body = self._resources[logical_id]
        given = properties_of(body).get(NAMES.get(body["Type"], ""))
        return logical_id if given is None else self.text(given)

    def text(self, value: Any, *, arn: bool = False) -> str:
        """*value* as text, with references resolved; a lone Ref means an *arn* where one is asked for and the type has it."""
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping) and len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self._reference(argument, arn=arn)
            if function == "Fn::GetAtt":
                return self._attribute(*(argument.split(".", 1) if isinstance(argument, str) else argument))
            if function == "Fn::Join":
                return str(argument[0]).join(self.text(part) for part in argument[1])
            if function == "Fn::Sub":
                return self._substituted(*(argument if isinstance(argument, list) else (argument,)))
        raise Unreadable(f"{value!r} is known at the deployment alone")

    def _reference(self, target: str, *, arn: bool) -> str:
        if target in self._pseudo:
            return self._pseudo[target]
        if target not in self._resources:
            raise Unreadable(f"{target} is no resource of the template")
        return self._arn(target) if arn and self._resources[target]["Type"] in _REF_IS_ARN else self.name(target)

    def _attribute(self, target: str, attribute: str) -> str:
        if target not in self._resources or not attribute.endswith("Arn"):
            raise Unreadable(f"the attribute {attribute} of {target} is known at the deployment alone")
        return self._arn(target)

    def _arn(self, target: str) -> str:
        kind = self._resources[target]["Type"]
        form = arn_format(kind)
        if form is None:
            raise Unreadable(f"{kind} has no ARN that IAM's reference knows")
        known = {"Partition": "aws", "Region": self._pseudo["AWS::Region"], "Account": self._pseudo["AWS::AccountId"]}
        arn = re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], self.name(target)), form)
        return f"{arn}:*" if kind == "AWS::Logs::LogGroup" else arn

    def _substituted(self, template: str, given: Mapping[str, Any] | None = None) -> str:
        def value(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if given and name in given:
                return self.text(given[name])
            return self.text({"Fn::GetAtt": name} if "." in name else {"Ref": name})

        return _IN_SUB.sub(value, template)

    def _texts(self, value: Any, *, arn: bool = False) -> tuple[str, ...]:
        return tuple(self.text(each, arn=arn) for each in listed(value)) if value is not None else ()

    def _principals(self, principal: Any) -> tuple[str, ...]:
        values = principal.values() if isinstance(principal, Mapping) else [principal]
        return tuple("*" if each == "*" else str(each) for value in values for each in listed(value)) if principal is not None else ()
