"""The assembly of the primary stage: synthesized for a runtime that this machine has, and kept until a source changes."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.cache import keep_newest
from local.emulator import ROOT
from local.errors import LocalError
from local.interpreters import RUNTIMES, nearest_runtime
from local.progress import Steps

#: What an assembly is made of; a change in any of it makes a new one.
_SOURCES = ("pipeline_app.py", "cdk.json", "requirements.txt", "pipeline", "stages", "etl", "runtime", "buildspec", "local/assembly.py")

#: Assemblies and logs of their syntheses.
_KEPT = 8


@dataclass(frozen=True)
class Assembly:
    """The nested assembly of one stage: where it is, and the stack, account and region in its manifest."""

    directory: Path
    digest: str
    runtime: str
    stack: str
    account: str
    region: str

    @property
    def suffix(self) -> str:
        return self.stack.removeprefix("etl-")


def primary_assembly(cache: Path, steps: Steps, runtime: str | None = None) -> Assembly:
    """The first target's assembly for *runtime* (default: the one in cdk.json), or for the nearest that this machine can run.

    Kept in ``cache``, one for each runtime. Raises LocalError when cdk.json cannot be read or the app does not synthesize.
    """
    settings = _settings(ROOT / "cdk.json")
    chosen = _available(runtime or settings["runtime"], steps)
    digest = _digest(chosen)
    directory = cache / f"python{chosen}-{digest[:16]}"
    with _locked(cache):
        if directory.is_dir():
            steps.say(f"The stage is synthesized for Python {chosen}, and nothing has changed")
        else:
            with steps.step(f"Synthesizing for Python {chosen}"):
                _synthesize(chosen, directory)
    keep_newest(directory, _KEPT)
    return _described(directory / f"assembly-{settings['targets'][0]['name']}", digest, chosen)


def _settings(path: Path) -> dict[str, Any]:
    """What is needed before the synthesis, which checks all of it."""
    try:
        settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["context"]["ledgerline"]
        settings["runtime"], settings["targets"][0]["name"]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise LocalError(f"{path.name} is not JSON: {error}; correct it, or restore it: git checkout {path.name}") from error
    except (KeyError, IndexError, TypeError) as error:
        wanted = "context.ledgerline with a runtime and the name of a first target"
        raise LocalError(f"{path.name} lacks {wanted}; correct it, or restore it: git checkout {path.name}") from error
    return settings


def _available(wanted: str, steps: Steps) -> str:
    if wanted not in RUNTIMES:
        raise LocalError(f"no function can run under Python {wanted!r} here; choose one of {', '.join(RUNTIMES)}")
    version = nearest_runtime(wanted)
    if version is None:
        raise LocalError("no Python from 3.9 to 3.13 is installed that could run the functions; install one")
    if version != wanted:
        steps.say(f"Python {wanted}, the functions' runtime, is not installed here: they run under {version} instead")
    return version


def _digest(runtime: str) -> str:
    digest = hashlib.sha256(f"{runtime} {sys.version}\n".encode())
    for source in _SOURCES:
        path = ROOT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(ROOT)}\n{file.stat().st_size}\n".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One process synthesizes at a time: who wants the same assembly waits for it. The system drops a dead process's lock."""
    cache.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(cache, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _synthesize(runtime: str, directory: Path) -> None:
    """Synthesize aside, then rename: what has the name is whole, whenever this process is killed."""
    unfinished = Path(tempfile.mkdtemp(prefix=".synthesizing-", dir=directory.parent))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    environment |= {"CDK_OUTDIR": str(unfinished), "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1"}
    log = directory.parent / f"{directory.name}.log"
    try:
        with log.open("wb") as output:
            command = [sys.executable, "pipeline_app.py", "-c", f"ledgerline.runtime={runtime}"]
            done = subprocess.run(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
            reason = lines[-1].removeprefix("error: ") if lines else "it said nothing"
            raise LocalError(f"the app does not synthesize: {reason} (whole log: {log})")
        unfinished.rename(directory)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _described(directory: Path, digest: str, runtime: str) -> Assembly:
    try:
        artifacts = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))["artifacts"].values()
    except FileNotFoundError as error:
        raise LocalError(f"{directory} does not exist: the app synthesized no stage for its first target") from error
    stack = next(artifact for artifact in artifacts if artifact["type"] == "aws:cloudformation:stack")
    _, _, account, region = stack["environment"].split("/")
    return Assembly(directory, digest, runtime, stack["properties"]["stackName"], account, region)
