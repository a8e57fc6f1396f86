"""A CodeBuild build specification, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from local.delivery.errors import ActionFailed

PHASES = ("install", "pre_build", "build", "post_build")

_TOP = {"version", "env", "phases", "artifacts", "cache", "reports", "run-as", "proxy", "batch"}
_PHASE = {"run-as", "on-failure", "runtime-versions", "commands", "finally"}
_ON_FAILURE = ("ABORT", "CONTINUE")


@dataclass(frozen=True)
class Phase:
    name: str
    commands: tuple[str, ...]
    final_commands: tuple[str, ...]
    on_failure: str | None
    runtimes: Mapping[str, str]


@dataclass(frozen=True)
class ArtifactFiles:
    """Which files make an artifact: glob patterns below ``base``, a pattern itself."""

    files: tuple[str, ...]
    exclude: tuple[str, ...]
    base: str
    discard_paths: bool
    enable_symlinks: bool


@dataclass(frozen=True)
class Buildspec:
    """``shares_shell`` is false in version 0.1: each command then starts afresh."""

    shares_shell: bool
    shell_name: str
    variables: Mapping[str, str]
    parameters: Mapping[str, str]
    secrets: Mapping[str, str]
    exported: tuple[str, ...]
    phases: tuple[Phase, ...]
    artifacts: ArtifactFiles | None
    secondary_artifacts: Mapping[str, ArtifactFiles]


def parse(text: str, where: str) -> Buildspec:
    """A Buildspec out of YAML or JSON; raise ActionFailed, naming *where* it stands, for what is wrong or not rehearsed."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ActionFailed(f"{where} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, Mapping) or str(content.get("version")) not in ("0.1", "0.2"):
        raise ActionFailed(f"{where} does not begin with version: 0.2")
    _refuse_unknown(content, _TOP, where)
    env, artifacts = _mapping(content, "env", where), _mapping(content, "artifacts", where)
    phases = _mapping(content, "phases", where)
    _refuse_unknown(phases, set(PHASES), f"{where}, phases")
    secondary = _mapping(artifacts, "secondary-artifacts", where)
    return Buildspec(
        shares_shell=str(content["version"]) == "0.2",
        shell_name=_shell(str(env.get("shell", "sh")), where),
        variables=_texts(env, "variables", where),
        parameters=_texts(env, "parameter-store", where),
        secrets=_texts(env, "secrets-manager", where),
        exported=tuple(env.get("exported-variables", ())),
        phases=tuple(_phase(name, _mapping(phases, name, where), where) for name in PHASES if name in phases),
        artifacts=_artifact(artifacts, where) if artifacts.get("files") else None,
        secondary_artifacts={name: _artifact(_mapping(secondary, name, where), where) for name in secondary},
    )


def _shell(name: str, where: str) -> str:
    if name not in ("sh", "/bin/sh", "bash"):
        raise ActionFailed(f"{where}, env: shell {name} is not rehearsed; sh and bash are")
    return name.rpartition("/")[2]


def _phase(name: str, phase: Mapping[str, Any], where: str) -> Phase:
    where = f"{where}, phase {name}"
    _refuse_unknown(phase, _PHASE, where)
    on_failure = phase.get("on-failure")
    if on_failure is not None and on_failure not in _ON_FAILURE:
        raise ActionFailed(f"{where}: on-failure {on_failure} is not rehearsed; {' and '.join(_ON_FAILURE)} are")
    return Phase(
        name=name,
        commands=_commands(phase, "commands", where),
        final_commands=_commands(phase, "finally", where),
        on_failure=on_failure,
        runtimes={key: str(value) for key, value in _mapping(phase, "runtime-versions", where).items()},
    )


def _commands(phase: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    commands = phase.get(key) or []
    commands = [commands] if isinstance(commands, str) else commands
    wrong = [command for command in commands if not isinstance(command, str)]
    if wrong:
        raise ActionFailed(f"{where}, {key}: {wrong[0]!r} is not a text; quote the command")
    return tuple(commands)


def _artifact(content: Mapping[str, Any], where: str) -> ArtifactFiles:
    def texts(key: str) -> tuple[str, ...]:
        value = content.get(key) or ()
        return (value,) if isinstance(value, str) else tuple(str(item) for item in value)

    if not texts("files"):
        raise ActionFailed(f"{where}: an artifact without files")
    return ArtifactFiles(
        files=texts("files"),
        exclude=texts("exclude-paths"),
        base=str(content.get("base-directory", ".")),
        discard_paths=_yes(content.get("discard-paths")),
        enable_symlinks=_yes(content.get("enable-symlinks")),
    )


def _yes(value: Any) -> bool:
    return value is True or str(value).lower() == "yes"


def _mapping(content: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = content.get(key) or {}
    if not isinstance(value, Mapping):
        raise ActionFailed(f"{where}: {key} is {value!r}, where names and values are needed")
    return value


def _texts(content: Mapping[str, Any], key: str, where: str) -> dict[str, str]:
    return {str(name): str(value) for name, value in _mapping(content, key, where).items()}


def _refuse_unknown(content: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(map(str, content)) - known)
    if unknown:
        raise ActionFailed(f"{where}: {unknown[0]} is not known there; known are {', '.join(sorted(known))}")
