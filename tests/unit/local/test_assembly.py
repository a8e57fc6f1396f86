"""An assembly is made when a source changed, once, and whole."""

from __future__ import annotations

import io
import json
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local import assembly
from local.assembly import primary_assembly
from local.errors import LocalError
from local.progress import Steps

STACK = {
    "type": "aws:cloudformation:stack",
    "environment": "aws://123456789012/us-east-1",
    "properties": {"stackName": "etl-prod"},
}


class App:
    """Stands for ``pipeline_app.py``: writes the manifest of one stage, and remembers how it was called."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], dict[str, str]]] = []
        self.status, self.output = 0, b""

    def __call__(self, command: list[str], *, env: dict[str, str], stdout: Any, **_: Any) -> subprocess.CompletedProcess[bytes]:
        self.calls.append((command, env))
        stage = Path(env["CDK_OUTDIR"]) / "assembly-Primary"
        stage.mkdir()
        (stage / "manifest.json").write_text(json.dumps({"artifacts": {"assets": {"type": "cdk:asset-manifest"}, "stack": STACK}}))
        stdout.write(self.output)
        return subprocess.CompletedProcess(command, self.status)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """A project of two sources on a machine that has every runtime but 3.13."""
    project, app = tmp_path / "project", App()
    (project / "etl").mkdir(parents=True)
    (project / "etl" / "stack.py").write_text("one")
    context = {"ledgerline": {"runtime": "3.9", "targets": [{"name": "Primary"}, {"name": "Dr"}]}}
    (project / "cdk.json").write_text(json.dumps({"context": context}))
    monkeypatch.setattr(assembly, "ROOT", project)
    monkeypatch.setattr(assembly, "_SOURCES", ("cdk.json", "etl"))
    monkeypatch.setattr(assembly, "nearest_runtime", lambda wanted: "3.12" if wanted == "3.13" else wanted)
    monkeypatch.setattr(assembly.subprocess, "run", app)
    return app


def made(tmp_path: Path, runtime: str | None = None) -> tuple[assembly.Assembly, str]:
    said = io.StringIO()
    return primary_assembly(tmp_path / "cache", Steps(Console(file=said, width=200)), runtime), said.getvalue()


def test_the_first_targets_stage_is_found(app: App, tmp_path: Path) -> None:
    found, said = made(tmp_path)
    assert (found.stack, found.suffix, found.account, found.region, found.runtime) == (
        "etl-prod",
        "prod",
        "123456789012",
        "us-east-1",
        "3.9",
    )
    assert (found.directory / "manifest.json").exists()
    assert app.calls[0][0][1:] == ["pipeline_app.py", "-c", "ledgerline.runtime=3.9"]
    assert said.startswith("Synthesizing for Python 3.9 (")


def test_what_has_not_changed_is_not_synthesized_again(app: App, tmp_path: Path) -> None:
    first, _ = made(tmp_path)
    second, said = made(tmp_path)
    assert (second, len(app.calls)) == (first, 1)
    assert said == "The stage is synthesized for Python 3.9, and nothing has changed\n"


def test_two_that_ask_at_once_share_one_synthesis(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, lock = threading.Semaphore(0), assembly.fcntl.flock

    def told(descriptor: int, operation: int) -> None:
        asked.release()
        lock(descriptor, operation)

    def held(command: list[str], **settings: Any) -> subprocess.CompletedProcess[bytes]:
        assert all(asked.acquire(timeout=60) for _ in range(2)), "the second does not wait for the first"
        return app(command, **settings)

    monkeypatch.setattr(assembly.fcntl, "flock", told)
    monkeypatch.setattr(assembly.subprocess, "run", held)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: made(tmp_path)[0], range(2))
    assert (one, len(app.calls)) == (other, 1)


@pytest.mark.parametrize("change", ["edit", "add", "rename", "remove"])
def test_a_changed_source_is_another_assembly(app: App, tmp_path: Path, change: str) -> None:
    source = tmp_path / "project" / "etl" / "stack.py"
    first, _ = made(tmp_path)
    if change == "edit":
        source.write_text("two")
    elif change == "add":
        source.with_name("more.py").write_text("")
    elif change == "rename":
        source.rename(source.with_name("other.py"))
    else:
        source.unlink()
    second, _ = made(tmp_path)
    assert second.directory != first.directory
    assert len(app.calls) == 2


def test_another_runtime_is_another_assembly_and_a_substitute_is_said_aloud(app: App, tmp_path: Path) -> None:
    made(tmp_path)
    other, said = made(tmp_path, "3.13")
    assert other.runtime == "3.12"
    assert said.startswith("Python 3.13, the functions' runtime, is not installed here: they run under 3.12 instead\n")


def test_an_app_that_fails_is_quoted_and_leaves_no_assembly(app: App, tmp_path: Path) -> None:
    app.status, app.output = 1, b"Traceback ...\nerror: ledgerline.targets is empty\n\n"
    with pytest.raises(LocalError, match=r"does not synthesize: ledgerline\.targets is empty \(whole log: .*\.log\)"):
        made(tmp_path)
    assert [entry.suffix for entry in (tmp_path / "cache").iterdir()] == [".log"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"context": ', "cdk.json is not JSON: Expecting value: line 1 column 13"),
        ("{}", "cdk.json lacks context.ledgerline"),
        ('{"context": {"ledgerline": {"runtime": "3.9", "targets": []}}}', "the name of a first target"),
    ],
)
def test_a_broken_cdk_json_is_said_in_words(app: App, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "project" / "cdk.json").write_text(text)
    with pytest.raises(LocalError, match=words):
        made(tmp_path)
    assert app.calls == []


def test_the_app_is_given_no_aws_or_cdk_settings(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "real")
    monkeypatch.setenv("CDK_CONTEXT_JSON", "{}")
    made(tmp_path)
    assert {name for name in app.calls[0][1] if name.startswith(("AWS_", "CDK_"))} == {"CDK_OUTDIR"}


def test_a_runtime_that_nothing_is_built_for_is_refused_with_the_choice(app: App, tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"'2\.7' here; choose one of 3\.9, .*3\.13"):
        made(tmp_path, "2.7")


def test_the_newest_assemblies_are_kept_by_their_last_use(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "_KEPT", 2)
    directories = []
    for number in range(3):
        (tmp_path / "project" / "etl" / "stack.py").write_text(str(number))
        directories.append(made(tmp_path)[0].directory.parent)
        if number < 2:
            for entry in (tmp_path / "cache").iterdir():
                old = entry.stat().st_mtime - 7200
                os.utime(entry, (old, old))
    assert [directory.exists() for directory in directories] == [False, False, True], "and the log of its synthesis"
