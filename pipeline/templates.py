"""CloudFormation templates as the gates, the review and the tests read them, one by one or from a cloud assembly.

Resources stay as they are in the JSON; the functions below read parts of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping

from pipeline.json_file import Unreadable, read_json, why

#: Key in a stage's template metadata for the commit that the template was made from (``docs/adr/0012``).
COMMIT = "Commit"

_COMMIT_HASH = re.compile(r"[0-9a-f]{7,64}")
_STACK, _NESTED = "aws:cloudformation:stack", "cdk:cloud-assembly"

Properties = Mapping[str, Any]
Resource = Mapping[str, Any]
#: Names of a property and of the properties within it.
PropertyPath = tuple[str, ...]


class NoAssembly(Exception):
    """The directory holds no cloud assembly."""


class NotATemplate(Exception):
    """The JSON is not a CloudFormation template."""


@dataclass(frozen=True)
class Template:
    """``resources`` by logical id. ``commit`` is None where the template does not say.

    A template from an assembly also has its stack's name, the known ``suffix`` that this name ends in, and its path.
    """

    resources: Mapping[str, Resource]
    commit: str | None = None
    stack_name: str = ""
    suffix: str = ""
    path: Path = Path()

    def of_type(self, *types: str) -> Iterator[tuple[str, Properties]]:
        """Logical ids and properties of the resources of these types."""
        return ((name, properties_of(body)) for name, body in self.resources.items() if body["Type"] in types)


def read(body: Any, where: str) -> Template:
    """A Template out of parsed JSON; raise NotATemplate, naming *where* it came from."""
    resources = body.get("Resources") if isinstance(body, Mapping) else None
    if not isinstance(resources, Mapping) or not all(isinstance(item, Mapping) and "Type" in item for item in resources.values()):
        raise NotATemplate(f"{where} is not a CloudFormation template: it has no Resources with types")
    metadata = body.get("Metadata")
    commit = metadata.get(COMMIT) if isinstance(metadata, Mapping) else None
    return Template(resources, commit_hash(str(commit)))


def templates(assembly: Path, suffixes: Iterable[str]) -> list[Template]:
    """The template of every stack in *assembly* and in the assemblies nested in it; raise NoAssembly when there are none."""
    try:
        stacks = list(_templates(assembly, sorted(suffixes, key=len, reverse=True)))
    except (Unreadable, NotATemplate, KeyError) as error:
        reason = why(error) if isinstance(error, KeyError) else error
        raise NoAssembly(f"{assembly} is not a cloud assembly ({reason}); run pipeline_app.py first") from error
    if not stacks:
        raise NoAssembly(f"{assembly} has no stacks; run pipeline_app.py first")
    return stacks


def _templates(assembly: Path, suffixes: list[str]) -> Iterator[Template]:
    for name, artifact in read_json(assembly / "manifest.json", "artifacts").items():
        if artifact["type"] == _NESTED:
            yield from _templates(assembly / artifact["properties"]["directoryName"], suffixes)
        elif artifact["type"] == _STACK:
            path = assembly / artifact["properties"]["templateFile"]
            stack_name = artifact["properties"].get("stackName", name)
            suffix = next((suffix for suffix in suffixes if stack_name.endswith(f"-{suffix}")), "")
            template = read(read_json(path), str(path))
            yield Template(template.resources, template.commit, stack_name, suffix, path)


def commit_hash(value: str) -> str | None:
    """*value* if it is a Git hash; None for anything else that a build may give as its source's version."""
    return value if _COMMIT_HASH.fullmatch(value) else None


def properties_of(resource: Resource) -> Properties:
    given: Properties = resource.get("Properties") or {}
    return given


def references(resource: Resource) -> Iterator[tuple[PropertyPath, str]]:
    """The path of each property that refers to another resource, with that resource's logical id."""
    return _references(properties_of(resource), ())


def _references(value: Any, path: PropertyPath) -> Iterator[tuple[PropertyPath, str]]:
    if is_intrinsic(value):
        yield from ((path, target) for target in _targets(value))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _references(item, (*path, str(key)))
    elif isinstance(value, list):
        for item in value:
            yield from _references(item, path)


def _targets(value: Any) -> Iterator[str]:
    """Logical ids anywhere in an intrinsic function, ``${Name}`` in texts included."""
    if isinstance(value, str):
        yield from (part.partition("}")[0].partition(".")[0] for part in value.split("${")[1:])
    elif isinstance(value, list):
        for item in value:
            yield from _targets(item)
    elif is_intrinsic(value):
        ((function, argument),) = value.items()
        if function == "Ref":
            yield str(argument)
        elif function == "Fn::GetAtt":
            yield (argument.split(".") if isinstance(argument, str) else argument)[0]
        else:
            yield from _targets(argument)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _targets(item)


def reference(value: Any) -> str | None:
    """The logical id if *value* is a Ref or a GetAtt; None for anything else."""
    if isinstance(value, Mapping) and value.keys() <= {"Ref", "Fn::GetAtt"}:
        return next(_targets(value), None)
    return None


def text(value: Any) -> str:
    """*value* with references as ``<LogicalId>`` or ``<LogicalId.Attribute>``; anything but text as JSON."""
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
            return argument.replace("${AWS::", "<").replace("${", "<").replace("}", ">")
    return canonical(value)


def is_intrinsic(value: Any) -> bool:
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (key,) = value
    return key == "Ref" or str(key).startswith("Fn::")


def canonical(value: Any) -> str:
    """JSON that is equal for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def listed(value: Any) -> list[Any]:
    """*value* as a list: CloudFormation and IAM accept one item without the list around it."""
    return value if isinstance(value, list) else [value]
