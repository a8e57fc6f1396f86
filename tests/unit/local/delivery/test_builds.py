"""Builds: phases, one shell, a clean directory with its declared inputs only, private prefixes, artifacts."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from local.delivery.cloud import Cloud
from local.delivery.codebuild import Build, Project
from local.delivery.errors import ActionFailed, Stopped
from local.emulator import Emulator
from pipeline.gates.advisories import ABSENT
from tests.unit.local.clouds import eventually

NO_EMULATOR = Emulator(pid=0, port=9, account="123456789012", scratch="", log="")


class Outcome:
    def __init__(self, files: Mapping[str, Mapping[str, Path]], variables: Mapping[str, str], log: str) -> None:
        self.names = {name: sorted(content) for name, content in files.items()}
        self.contents = {name: {file: path.read_text() for file, path in content.items()} for name, content in files.items()}
        self.variables, self.log = variables, log


class Builder:
    """Runs builds of the small specifications that the tests write."""

    def __init__(self, directory: Path, cache: Path) -> None:
        self.directory, self.cache = directory, cache
        self.scratch = directory / "scratch"
        self.stop = threading.Event()
        self.log = directory / "log.txt"

    def __call__(
        self,
        phases: Mapping[str, Any],
        *,
        inputs: Mapping[str, Mapping[str, str]] | None = None,
        outputs: Sequence[str] = (),
        environment: Sequence[Mapping[str, str]] = (),
        timeout_minutes: int = 1,
        buildspec: str | None = None,
        **spec: Any,
    ) -> Outcome:
        text = json.dumps({"version": "0.2", "phases": phases, **spec})
        project = Project(
            "any", "us-east-1", text if buildspec is None else buildspec, [{"name": "FROM", "value": "project"}], timeout_minutes
        )
        fetchers = {name: writer(files) for name, files in (inputs or {"Source": {}}).items()}
        with self.log.open("w+", encoding="utf-8") as log:
            build = Build(project, Cloud(NO_EMULATOR), self.scratch, self.cache, log, self.stop, environment)
            files, variables = build.run(fetchers, outputs)
        return Outcome(files, variables, self.log.read_text(encoding="utf-8"))

    def lines(self) -> list[str]:
        """What the commands said."""
        return [line for line in self.log.read_text(encoding="utf-8").splitlines() if not line.startswith(("$ ", "> ", "-- ", "npm warn"))]


def writer(files: Mapping[str, str]) -> Callable[[Path], None]:
    def write(directory: Path) -> None:
        directory.mkdir(parents=True)
        for name, content in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(content)

    return write


@pytest.fixture
def build(tmp_path: Path, cache: Path) -> Builder:
    return Builder(tmp_path, cache)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def commands(*texts: str, **more: Any) -> dict[str, Any]:
    return {"commands": list(texts), **more}


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_directory_and_exported_variables_carry_over_between_commands_and_phases(build: Builder, shell: str) -> None:
    phases = {
        "install": commands("mkdir deep && cd deep", 'export QUOTED="it\'s \\"two\\"\nlines"'),
        "build": commands('echo "$(basename "$PWD") $QUOTED"'),
    }
    build(phases, env={"shell": shell})
    assert build.lines() == ['deep it\'s "two"', "lines"]


def test_commands_of_version_0_1_start_afresh(build: Builder) -> None:
    spec = {"version": 0.1, "phases": {"build": commands("cd / && export X=1", 'echo "${X:-none} $(basename "$PWD")"')}}
    build({}, buildspec=json.dumps(spec))
    assert build.lines() == ["none src"]


def test_the_first_failing_command_fails_the_build_and_is_named(build: Builder) -> None:
    with pytest.raises(ActionFailed, match="phase build: the command 'exit 7' ended with status 7"):
        build({"build": commands("exit 7", "echo never")})
    assert build.lines() == []


def test_post_build_runs_after_a_failed_build_and_knows_of_it(build: Builder) -> None:
    with pytest.raises(ActionFailed, match="phase build"):
        build({"build": commands("false"), "post_build": commands("echo succeeding=$CODEBUILD_BUILD_SUCCEEDING")})
    assert build.lines() == ["succeeding=0"]


def test_nothing_runs_after_a_failed_install(build: Builder) -> None:
    with pytest.raises(ActionFailed, match="phase install"):
        build({"install": commands("false"), "build": commands("echo no"), "post_build": commands("echo no")})
    assert build.lines() == []


def test_abort_keeps_post_build_from_running(build: Builder) -> None:
    with pytest.raises(ActionFailed):
        build({"build": {"commands": ["false"], "on-failure": "ABORT"}, "post_build": commands("echo no")})
    assert build.lines() == []


def test_continue_goes_on_after_a_failed_phase(build: Builder) -> None:
    build({"pre_build": {"commands": ["false"], "on-failure": "CONTINUE"}, "build": commands("echo on")})
    assert build.lines() == ["on"]


def test_finally_runs_whether_or_not_the_phase_failed(build: Builder) -> None:
    with pytest.raises(ActionFailed, match="the command 'false'"):
        build({"install": commands("true", **{"finally": ["echo one"]}), "build": commands("false", **{"finally": ["echo two"]})})
    assert build.lines() == ["one", "two"]


def test_only_declared_inputs_are_there_each_at_its_place(build: Builder) -> None:
    phases = {"build": commands("ls", 'cat "$CODEBUILD_SRC_DIR_Other/b.txt"', 'ls "$(dirname "$CODEBUILD_SRC_DIR_Other")"')}
    build(phases, inputs={"Source": {"a.txt": "a"}, "Other": {"b.txt": "b\n"}})
    assert build.lines() == ["a.txt", "b", "src"]


def test_nothing_of_this_shell_reaches_a_build(build: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("VIRTUAL_ENV", "/somewhere")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    build({"build": commands('echo "${AWS_PROFILE:-} ${VIRTUAL_ENV:-} ${PYTHONPATH:-}"', 'echo "$HOME"', "npm prefix --global")})
    assert build.lines() == ["  ", str(build.scratch / "home"), str(build.scratch / "npm")]
    assert str(Path(os.environ["HOME"])) != str(build.scratch / "home")


def test_python_and_pip_are_the_builds_own(build: Builder) -> None:
    phases = {"install": {"runtime-versions": {"python": "3.12"}, "commands": ["python -c 'import sys; print(sys.prefix)'"]}}
    outcome = build(phases)
    assert build.lines() == [str(build.scratch / "python")]
    assert "  python 3.12" in outcome.log


def test_what_a_build_does_to_its_python_is_gone_with_it(build: Builder) -> None:
    site = "$(python -c 'import pip, os; print(os.path.dirname(pip.__file__))')"
    with pytest.raises(ActionFailed, match="pip --version"):
        build({"build": commands(f'rm "{site}/__main__.py"', "pip --version")})
    build.scratch = build.directory / "second"
    build({"build": commands("python -m pip --version")})
    assert build.lines()[0].startswith("pip ")


def test_the_start_of_a_build_wins_over_the_project_and_that_over_the_buildspec(build: Builder) -> None:
    variables = {"FROM": "buildspec", "ONLY": "buildspec"}
    build({"build": commands('echo "$FROM $ONLY"')}, env={"variables": variables})
    assert build.lines() == ["project buildspec"]
    build.scratch = build.directory / "second"
    build({"build": commands('echo "$FROM"')}, environment=[{"name": "FROM", "value": "start"}], env={"variables": variables})
    assert build.lines() == ["start"]


def test_a_value_is_never_read_as_shell(build: Builder) -> None:
    build({"build": commands('echo "$V"')}, environment=[{"name": "V", "value": "$(echo broken) `id` '"}])
    assert build.lines() == ["$(echo broken) `id` '"]


def test_exported_variables_are_handed_on(build: Builder) -> None:
    outcome = build({"build": commands("export TAG=x:1")}, env={"exported-variables": ["TAG", "UNSET"]})
    assert outcome.variables == {"TAG": "x:1", "UNSET": ""}


def test_the_artifact_is_what_the_patterns_below_the_base_directory_match(build: Builder) -> None:
    make = "mkdir -p out/deep && echo 1 > out/a.txt && echo 2 > out/deep/b.txt && echo 3 > out/deep/c.log && echo 4 > outside.txt"
    artifacts = {"base-directory": "out", "files": ["**/*"], "exclude-paths": ["*.log"]}
    outcome = build({"build": commands(make)}, outputs=["Built"], artifacts=artifacts)
    assert outcome.contents == {"Built": {"a.txt": "1\n", "deep/b.txt": "2\n"}}


def test_several_outputs_are_the_secondary_artifacts_of_those_names(build: Builder) -> None:
    secondary = {"One": {"files": "one.txt"}, "Two": {"files": "deep/*", "discard-paths": "yes"}}
    outcome = build(
        {"build": commands("echo 1 > one.txt; mkdir deep; echo 2 > deep/two.txt")},
        outputs=["One", "Two"],
        artifacts={"secondary-artifacts": secondary},
    )
    assert outcome.names == {"One": ["one.txt"], "Two": ["two.txt"]}


@pytest.mark.parametrize(
    ("artifacts", "says"),
    [
        ({"files": "x", "base-directory": "out"}, "made no directory out"),
        ({"files": "x"}, "no file of . matches x"),
        ({"files": "x", "base-directory": "/etc"}, "base-directory /etc is absolute"),
        ({}, "declares no artifact Built"),
    ],
)
def test_a_missing_artifact_fails_the_build(build: Builder, artifacts: Mapping[str, Any], says: str) -> None:
    with pytest.raises(ActionFailed, match=says):
        build({"build": commands("true")}, outputs=["Built"], artifacts=artifacts)


def test_a_buildspec_may_be_a_file_of_the_input(build: Builder) -> None:
    build(
        {}, buildspec="ci/spec.yml", inputs={"Source": {"ci/spec.yml": "version: 0.2\nphases: {build: {commands: [echo from the file]}}"}}
    )
    assert build.lines() == ["from the file"]


@pytest.mark.parametrize("name", ["missing.yml", "../../../outside.yml"])
def test_a_buildspec_that_the_input_has_not_is_named(build: Builder, name: str) -> None:
    (build.directory / "outside.yml").write_text("version: 0.2\nphases: {}")
    with pytest.raises(ActionFailed, match=f"its input has no file {name}"):
        build({}, buildspec=name)


def test_the_timeout_of_the_project_ends_a_build(build: Builder) -> None:
    with pytest.raises(ActionFailed, match="ran longer than its project's timeout"):
        build({"build": commands("sleep 300")}, timeout_minutes=0)


def test_stopping_ends_a_build_with_all_that_it_started(build: Builder) -> None:
    threading.Timer(1.5, build.stop.set).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        build({"build": commands("sleep 300 & echo $!; wait")})
    assert time.monotonic() - began < 60
    assert eventually(lambda: gone(int(build.lines()[0])), 20)


def test_a_build_is_told_that_no_service_knows_of_vulnerabilities(build: Builder) -> None:  # D8
    build({"build": commands(f'echo "${ABSENT}"')})
    assert "a rehearsal has no service to ask; on AWS the build asks OSV and npm" in build.lines()


def gone(pid: int) -> bool:
    """True when the process has ended, or is only a name that waits to be taken off the table."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"
