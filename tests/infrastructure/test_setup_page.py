"""The stacks that docs/setup.md has a person deploy and destroy are the app's."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.unit.docs.commands import ROOT, commands


def stacks(assembly: Path) -> dict[str, str]:
    """Name for the CDK CLI, and CloudFormation's, of every stack, those of nested assemblies included."""
    found = {}
    for artifact in json.loads((assembly / "manifest.json").read_text())["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            found[artifact["displayName"].partition(" (")[0]] = artifact["properties"]["stackName"]
        elif artifact["type"] == "cdk:cloud-assembly":
            found |= stacks(assembly / artifact["properties"]["directoryName"])
    return found


def test_the_stacks_that_are_listed_are_those_of_the_app(synthesis):
    shown = re.findall(r"^([\w/-]+) \(([a-z0-9-]+)\)$", (ROOT / "docs" / "setup.md").read_text(), re.MULTILINE)
    assert dict(shown) == stacks(synthesis.directory)


def test_what_is_deployed_and_destroyed_by_hand_is_a_stack_of_the_app(synthesis):
    """E16: all of them, when everything is taken down."""
    known = set(stacks(synthesis.directory))
    named = {verb: {word for command in commands("npx", "cdk", verb) for word in command.words[3:]} for verb in ("deploy", "destroy")}
    assert named == {"deploy": {"Pipeline"}, "destroy": known}
