"""Build specifications: what is read, and what is refused with a line that names it."""

from __future__ import annotations

import json

import pytest

from local.delivery.buildspec import parse
from local.delivery.errors import ActionFailed


def test_phases_keep_the_services_order_and_not_the_documents() -> None:
    spec = parse(json.dumps({"version": 0.2, "phases": {"build": {"commands": ["b"]}, "install": {"commands": "i"}}}), "spec")
    assert [(phase.name, phase.commands) for phase in spec.phases] == [("install", ("i",)), ("build", ("b",))]


def test_commands_of_version_0_1_share_no_shell() -> None:
    assert not parse("version: 0.1\nphases: {}", "spec").shares_shell
    assert parse("version: 0.2\nphases: {}", "spec").shares_shell


def test_secondary_artifacts_stand_beside_the_primary_one() -> None:
    text = """
version: 0.2
artifacts:
  files: ['**/*']
  base-directory: out
  secondary-artifacts:
    Docs: {files: docs/**/*, discard-paths: yes}
"""
    spec = parse(text, "spec")
    assert spec.artifacts is not None
    assert spec.artifacts.base == "out"
    assert spec.secondary_artifacts["Docs"].files == ("docs/**/*",)
    assert spec.secondary_artifacts["Docs"].discard_paths


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("phases: {}", "spec does not begin with version: 0.2"),
        ("version: 0.2\nphases: [", "spec is not YAML"),
        ("version: 0.2\nphase: {}", "spec: phase is not known there"),
        ("version: 0.2\nphases: {test: {}}", "spec, phases: test is not known there"),
        ("version: 0.2\nphases: {build: {command: [x]}}", "spec, phase build: command is not known there"),
        ("version: 0.2\nphases: {build: {commands: [{a: b}]}}", "{'a': 'b'} is not a text; quote the command"),
        ("version: 0.2\nphases: {build: {on-failure: RETRY}}", "on-failure RETRY is not rehearsed"),
        ("version: 0.2\nenv: {shell: powershell.exe}", "shell powershell.exe is not rehearsed"),
        ("version: 0.2\nphases: [build]", "phases is ['build'], where names and values are needed"),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    with pytest.raises(ActionFailed) as raised:
        parse(text, "spec")
    assert says in str(raised.value)
