"""A synthesized cloud assembly as the gates and the tests see it: every template, with its stack's name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping

from pipeline.unreadable import why

_STACK, _NESTED = "aws:cloudformation:stack", "cdk:cloud-assembly"


class NoAssembly(Exception):
    """The directory holds no cloud assembly."""


@dataclass(frozen=True)
class Template:
    """``suffix`` is the one of the known suffixes that the stack's name ends in."""

    path: Path
    stack_name: str
    suffix: str
    resources: Mapping[str, Mapping[str, Any]]

    def of_type(self, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Logical ids and properties of the resources of these types."""
        return ((name, body.get("Properties", {})) for name, body in self.resources.items() if body["Type"] in types)


def templates(assembly: Path, suffixes: Iterable[str]) -> list[Template]:
    """Every stack's template in *assembly* and in the assemblies nested in it; raise NoAssembly when there are none."""
    try:
        found = list(_templates(assembly, sorted(suffixes, key=len, reverse=True)))
    except (OSError, ValueError, KeyError) as error:
        raise NoAssembly(f"{assembly} is not a cloud assembly ({why(error)}); run pipeline_app.py first") from error
    if not found:
        raise NoAssembly(f"{assembly} has no stacks; run pipeline_app.py first")
    return found


def _templates(assembly: Path, suffixes: list[str]) -> Iterator[Template]:
    artifacts = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    for name, artifact in artifacts.items():
        if artifact["type"] == _NESTED:
            yield from _templates(assembly / artifact["properties"]["directoryName"], suffixes)
        elif artifact["type"] == _STACK:
            path = assembly / artifact["properties"]["templateFile"]
            stack_name = artifact["properties"].get("stackName", name)
            suffix = next((suffix for suffix in suffixes if stack_name.endswith(f"-{suffix}")), "")
            yield Template(path, stack_name, suffix, json.loads(path.read_text(encoding="utf-8"))["Resources"])
