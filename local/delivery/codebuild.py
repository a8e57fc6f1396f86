"""CodeBuild: a project's build in a clean directory, with its declared inputs and nothing else.

The project is the one that is deployed in the emulator; its buildspec is its own, or a file of the primary input.
"""

from __future__ import annotations

import fnmatch
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from local.delivery import buildspec as buildspecs
from local.delivery.buildspec import ArtifactFiles, Buildspec, Phase
from local.delivery.cloud import Cloud
from local.delivery.errors import ActionFailed
from local.delivery.image import Image
from local.delivery.shell import Shell

_SECONDS_A_MINUTE = 60
_DEFAULT_MINUTES = 60


@dataclass(frozen=True)
class Project:
    """A CodeBuild project as the emulator has it. ``environment`` holds ``{"name", "type", "value"}`` objects."""

    name: str
    region: str
    buildspec: str
    environment: Sequence[Mapping[str, str]]
    timeout_minutes: int
    source_type: str = "CODEPIPELINE"
    source_location: str = ""


@dataclass(frozen=True)
class Build:
    """One build: *fetch* puts an input artifact into a directory; ``scratch`` is deleted by the caller."""

    project: Project
    cloud: Cloud
    scratch: Path
    cache: Path
    log: TextIO
    stop: threading.Event
    environment: Sequence[Mapping[str, str]] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    tell: Callable[[str], None] = lambda _: None

    def run(
        self, inputs: Mapping[str, Callable[[Path], None]], outputs: Sequence[str]
    ) -> tuple[dict[str, dict[str, Path]], dict[str, str]]:
        """Build; returns each output's files by name, and the exported variables.

        *inputs* begins with the primary one. Raises ActionFailed with the command that failed, and Stopped.
        """
        directories = {name: self.scratch / "src" / f"s{index}" / "src" for index, name in enumerate(inputs)}
        for name, fetch in inputs.items():
            fetch(directories[name])
        source = next(iter(directories.values()), self.scratch / "src" / "none")
        source.mkdir(parents=True, exist_ok=True)
        spec, where = self._buildspec(source)
        image = Image(self.scratch, self.cache)
        for line in image.prepare({name: version for phase in spec.phases for name, version in phase.runtimes.items()}):
            self._say(line)
        environment = image.environment() | self._variables(spec, directories, source)
        deadline = time.monotonic() + self.project.timeout_minutes * _SECONDS_A_MINUTE
        shell = Shell(spec.shell_name, self.scratch / "state", source, environment, self.log, self.stop, deadline)
        self._phases(spec, shell)
        return self._collect(spec, where, source, outputs), self._exported(spec, shell)

    def _buildspec(self, source: Path) -> tuple[Buildspec, str]:
        text = self.project.buildspec.strip()
        if "\n" in text or text.startswith(("{", "version:")):
            where = f"the buildspec of project {self.project.name}"
            return buildspecs.parse(text, where), where
        name = text or "buildspec.yml"
        path = source / name
        if not path.resolve().is_relative_to(source.resolve()) or not path.is_file():
            raise ActionFailed(f"project {self.project.name}: its input has no file {name}, which is its buildspec")
        return buildspecs.parse(path.read_text(encoding="utf-8"), name), name

    def _variables(self, spec: Buildspec, directories: Mapping[str, Path], source: Path) -> dict[str, str]:
        secondary = list(directories.items())[1:]
        build_id = f"{self.project.name}:{uuid.uuid4()}"
        own = {
            "CODEBUILD_BUILD_ARN": f"arn:aws:codebuild:{self.project.region}:{self.cloud.account}:build/{build_id}",
            "CODEBUILD_BUILD_ID": build_id,
            "CODEBUILD_SRC_DIR": str(source),
            "CODEBUILD_START_TIME": str(int(time.time() * 1000)),
            **{f"CODEBUILD_SRC_DIR_{name}": str(directory) for name, directory in secondary},
        }
        # What the start of a build says wins over the project, and the project over the buildspec.
        given = {entry["name"]: self._value(entry) for entry in (*self.project.environment, *self.environment)}
        stored = {name: self._parameter(parameter) for name, parameter in spec.parameters.items()}
        secret = {name: self._secret(reference) for name, reference in spec.secrets.items()}
        return {**spec.variables, **stored, **secret, **given, **self.facts, **own, **self.cloud.emulator.variables(self.project.region)}

    def _value(self, entry: Mapping[str, str]) -> str:
        kind, value = entry.get("type", "PLAINTEXT"), entry["value"]
        if kind == "PARAMETER_STORE":
            return self._parameter(value)
        return self._secret(value) if kind == "SECRETS_MANAGER" else value

    def _parameter(self, name: str) -> str:
        ssm = self.cloud.client("ssm", self.project.region)
        parameters = ssm.get_parameters(Names=[name], WithDecryption=True)["Parameters"]
        if not parameters:
            raise ActionFailed(f"project {self.project.name} asks for the parameter {name}, which {self.project.region} does not have")
        return str(parameters[0]["Value"])

    def _secret(self, reference: str) -> str:
        secret_id, _, rest = reference.partition(":") if not reference.startswith("arn:") else _arn_and_rest(reference)
        key = rest.partition(":")[0]
        manager = self.cloud.client("secretsmanager", self.project.region)
        try:
            value = str(manager.get_secret_value(SecretId=secret_id)["SecretString"])
        except manager.exceptions.ResourceNotFoundException as error:
            raise ActionFailed(f"project {self.project.name} asks for the secret {secret_id}, which does not exist") from error
        return str(json.loads(value)[key]) if key else value

    def _phases(self, spec: Buildspec, shell: Shell) -> None:
        """Run the phases; raise ActionFailed for the first command that failed, once what CodeBuild still runs has run."""
        failure: str | None = None
        for phase in spec.phases:
            # After a failed build CodeBuild runs post_build; after a failed install or pre_build, nothing.
            if failure and phase.name != "post_build":
                continue
            self.tell(phase.name)
            failed = self._phase(phase, shell, fresh=not spec.shares_shell, succeeding=failure is None)
            if failed is None:
                continue
            if phase.on_failure == "CONTINUE":
                self._say(f"{failed}; on-failure is CONTINUE")
                continue
            failure = failure or failed
            if phase.name != "build" or phase.on_failure == "ABORT":
                break
        if failure:
            raise ActionFailed(failure)

    def _phase(self, phase: Phase, shell: Shell, *, fresh: bool, succeeding: bool) -> str | None:
        self._say(f"entering phase {phase.name}")
        succeeded = {True: "1", False: "0"}
        failure = None
        for command in phase.commands:
            status = shell.run(command, {"CODEBUILD_BUILD_SUCCEEDING": succeeded[succeeding]}, fresh=fresh)
            if status != 0:
                failure = f"phase {phase.name}: the command {_short(command)} ended with status {status}"
                break
        for command in phase.final_commands:
            status = shell.run(command, {"CODEBUILD_BUILD_SUCCEEDING": succeeded[succeeding and failure is None]}, fresh=fresh)
            if status != 0:
                failure = failure or f"phase {phase.name}, finally: the command {_short(command)} ended with status {status}"
                break
        return failure

    def _collect(self, spec: Buildspec, where: str, source: Path, outputs: Sequence[str]) -> dict[str, dict[str, Path]]:
        if not outputs:
            return {}
        if len(outputs) == 1 and spec.artifacts:
            return {outputs[0]: _files(spec.artifacts, source, where)}
        missing = [name for name in outputs if name not in spec.secondary_artifacts]
        if missing:
            raise ActionFailed(f"{where} declares no artifact {missing[0]}, which the action gives on")
        return {name: _files(spec.secondary_artifacts[name], source, where) for name in outputs}

    def _exported(self, spec: Buildspec, shell: Shell) -> dict[str, str]:
        if not spec.exported:
            return {}
        environment = shell.exported()
        return {name: environment.get(name, "") for name in spec.exported}

    def _say(self, line: str) -> None:
        self.log.write(f"-- {time.strftime('%H:%M:%S')}  {line}\n")
        self.log.flush()


def find_project(cloud: Cloud, name: str, region: str) -> Project:
    """The deployed project; raise ActionFailed when there is none."""
    projects = cloud.client("codebuild", region).batch_get_projects(names=[name])["projects"]
    if not projects:
        raise ActionFailed(f"there is no CodeBuild project {name} in {region}")
    project: dict[str, Any] = projects[0]
    return Project(
        name=name,
        region=region,
        buildspec=project["source"].get("buildspec", ""),
        environment=project["environment"].get("environmentVariables", []),
        timeout_minutes=int(project.get("timeoutInMinutes", _DEFAULT_MINUTES)),
        source_type=project["source"]["type"],
        source_location=project["source"].get("location", ""),
    )


def _files(wanted: ArtifactFiles, source: Path, where: str) -> dict[str, Path]:
    """The files of an artifact, by their names in it; raise ActionFailed when there are none."""
    if wanted.base.startswith("/"):
        raise ActionFailed(f"{where}: base-directory {wanted.base} is absolute; name it relative to the source")
    bases = [base for base in sorted(source.glob(wanted.base)) if base.is_dir()] if wanted.base != "." else [source]
    if not bases:
        raise ActionFailed(f"{where}: the build made no directory {wanted.base}, which its artifact is taken from")
    files: dict[str, Path] = {}
    for base in bases:
        for pattern in wanted.files:
            matching = [path for path in base.glob(pattern) if path.is_file() or (wanted.enable_symlinks and path.is_symlink())]
            files |= {path.relative_to(base).as_posix(): path if wanted.enable_symlinks else path.resolve() for path in matching}
    excluded = [name for name in files if any(fnmatch.fnmatch(name, pattern) for pattern in wanted.exclude)]
    for name in excluded:
        del files[name]
    if not files:
        raise ActionFailed(f"{where}: no file of {wanted.base} matches {', '.join(wanted.files)}")
    return {Path(name).name: path for name, path in files.items()} if wanted.discard_paths else files


def _arn_and_rest(reference: str) -> tuple[str, str, str]:
    """A secret's ARN has seven parts; what follows is the key, the stage and the version."""
    parts = reference.split(":")
    return ":".join(parts[:7]), ":", ":".join(parts[7:])


def _short(command: str) -> str:
    line = command.strip().splitlines()[0] if command.strip() else ""
    return f"'{line[:80]}…'" if len(line) > 80 or "\n" in command.strip() else f"'{line}'"
