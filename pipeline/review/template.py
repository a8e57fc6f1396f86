"""A stack's template as the review reads it: resources, and intrinsic functions as text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping

#: Where a stage's template says which commit it was made from; ``docs/adr/0012`` says why there.
COMMIT = "Commit"

_COMMIT_HASH = re.compile(r"[0-9a-f]{7,64}")

Properties = Mapping[str, Any]


class NotATemplate(Exception):
    """What was given to compare is not a CloudFormation template."""


@dataclass(frozen=True)
class Resource:
    logical_id: str
    type: str
    properties: Properties
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def references(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Each property's path with a logical id that its value refers to."""
        for name, value in self.properties.items():
            yield from (((name, *path), found) for path, found in _references(value, ()))


@dataclass(frozen=True)
class Template:
    """``resources`` by logical id; ``commit`` is None where the template does not say."""

    resources: Mapping[str, Resource]
    commit: str | None = None

    def of_type(self, *types: str) -> Iterator[Resource]:
        return (resource for resource in self.resources.values() if resource.type in types)


def read(body: Any, where: str) -> Template:
    """A Template out of a parsed JSON template; raise NotATemplate, naming *where* it came from."""
    resources = body.get("Resources") if isinstance(body, Mapping) else None
    if not isinstance(resources, Mapping) or not all(isinstance(item, Mapping) and "Type" in item for item in resources.values()):
        raise NotATemplate(f"{where} is not a CloudFormation template: it has no Resources with types")
    metadata = body.get("Metadata")
    commit = metadata.get(COMMIT) if isinstance(metadata, Mapping) else None
    return Template({name: _resource(name, item) for name, item in resources.items()}, commit_hash(str(commit)))


#: Attributes of a resource that change what CloudFormation does; the others only describe it.
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Condition")


def _resource(name: str, item: Mapping[str, Any]) -> Resource:
    return Resource(name, str(item["Type"]), item.get("Properties") or {}, {key: item[key] for key in _ATTRIBUTES if key in item})


def text(value: Any) -> str:
    """*value* with references as ``<LogicalId>`` or ``<LogicalId.Attribute>``; what is no text as JSON."""
    if isinstance(value, str):
        return value
    if is_intrinsic(value):
        ((function, argument),) = value.items()
        if function == "Ref":
            return "<" + str(argument).removeprefix("AWS::") + ">"
        if function == "Fn::GetAtt":
            return f"<{argument if isinstance(argument, str) else '.'.join(map(str, argument))}>"
        if function == "Fn::Join" and isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
            return str(argument[0]).join(map(text, argument[1]))
        if function == "Fn::Sub" and isinstance(argument, str):
            return argument.replace("${", "<").replace("}", ">")
    return canonical(value)


def commit_hash(value: str) -> str | None:
    """*value* if it is a Git hash; None for anything else that a build may know its source by."""
    return value if _COMMIT_HASH.fullmatch(value) else None


def is_intrinsic(value: Any) -> bool:
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (key,) = value
    return key == "Ref" or str(key).startswith("Fn::")


def canonical(value: Any) -> str:
    """JSON that is equal for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _references(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        if is_intrinsic(value):
            yield from ((path, found) for found in _targets(value))
            return
        for key, item in value.items():
            yield from _references(item, (*path, str(key)))
    elif isinstance(value, list):
        for item in value:
            yield from _references(item, path)


def _targets(intrinsic: Mapping[str, Any]) -> Iterator[str]:
    ((function, argument),) = intrinsic.items()
    if function == "Ref":
        yield str(argument)
    elif function == "Fn::GetAtt":
        yield (argument.split(".") if isinstance(argument, str) else argument)[0]
    else:
        yield from _nested(argument)


def _nested(value: Any) -> Iterator[str]:
    """Logical ids anywhere inside the argument of another function, ``${Name}`` in texts included."""
    if isinstance(value, str):
        yield from (part.partition("}")[0].partition(".")[0] for part in value.split("${")[1:])
    elif isinstance(value, list):
        for item in value:
            yield from _nested(item)
    elif is_intrinsic(value):
        yield from _targets(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _nested(item)
