"""Run the runtime's tests on each Python that Lambda runs it on.

usage: python -m tests.runtimes [PYTEST ARGUMENT ...]      e.g. python -m tests.runtimes -k tracking

Each runtime gets an environment of its own with the layer's own versions, kept until its lock changes. They run
side by side: the first is followed as it runs, the others' output is printed whole when they have ended. A Python
that this machine lacks is an error where CI=true, and said aloud elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from local.interpreters import interpreter

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.9", "3.13")
SUITES = ("tests/unit/runtime", "tests/properties", "tests/faults", "tests/hostile")


def environment(version: str, python: Path) -> Path:
    """The interpreter of an environment with the locked requirements of *version*."""
    lock = ROOT / "tests" / "runtime_env" / f"requirements-{version}.txt"
    folder = ROOT / ".cache" / "runtimes" / f"{version}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not (folder / "ready").exists():
        print(f"Making the environment of Python {version} ...", flush=True)
        subprocess.run([str(python), "-m", "venv", "--clear", str(folder)], check=True)
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "-qq",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(lock),
        ]
        subprocess.run(pip, check=True)
        (folder / "ready").touch()
    return folder / "bin" / "python"


def side_by_side(commands: dict[str, list[str]]) -> list[int]:
    """The status of each command, all running at once; what the second and later ones say is kept until it can be said whole."""
    with ExitStack() as running:
        started: list[tuple[subprocess.Popen[bytes], IO[bytes] | None]] = []
        for title, command in commands.items():
            if not started:  # before it can say anything itself
                print(f"\n=== {title} ===", flush=True)
            said = running.enter_context(tempfile.TemporaryFile()) if started else None
            process = running.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said and subprocess.STDOUT))
            running.callback(process.terminate)  # when this is interrupted; nothing to one that has ended
            started.append((process, said))
        for title, (process, said) in zip(commands, started):
            process.wait()
            if said:
                print(f"\n=== {title} ===", flush=True)
                said.seek(0)
                shutil.copyfileobj(said, sys.stdout.buffer)
                sys.stdout.flush()
        return [process.returncode for process, _ in started]


def main(arguments: list[str]) -> int:
    if "--help" in arguments or "-h" in arguments:
        print(__doc__)
        return 0
    commands, statuses = {}, []
    for version in VERSIONS:
        python = interpreter(version)
        if python is None:
            missing = f"Python {version} is not on PATH, in pyenv or in uv: the runtime's tests did NOT run on it"
            print(f"\n*** {missing} ***\n", file=sys.stderr)
            statuses.append(int(os.environ.get("CI") == "true"))
            continue
        command = [str(environment(version, python)), "-m", "pytest", "-q", *SUITES, *arguments]
        commands[f"The runtime on Python {version}"] = command
    statuses += side_by_side(commands)
    return int(any(statuses))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
