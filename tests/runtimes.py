"""Run the runtime's tests on each Python that Lambda runs it on.

usage: python -m tests.runtimes [PYTEST ARGUMENT ...]      e.g. python -m tests.runtimes -k tracking

Each runtime gets an environment of its own with the layer's own versions, kept until its lock changes. A
Python that this machine lacks is an error where CI=true, and said aloud elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

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


def main(arguments: list[str]) -> int:
    if "--help" in arguments or "-h" in arguments:
        print(__doc__)
        return 0
    worst = 0
    for version in VERSIONS:
        python = interpreter(version)
        if python is None:
            missing = f"Python {version} is not on PATH, in pyenv or in uv: the runtime's tests did NOT run on it"
            print(f"\n*** {missing} ***\n", file=sys.stderr)
            worst = worst or int(os.environ.get("CI") == "true")
            continue
        print(f"\n=== The runtime on Python {version} ===", flush=True)
        command = [str(environment(version, python)), "-m", "pytest", "-q", *SUITES, *arguments]
        worst = max(worst, subprocess.run(command, cwd=ROOT, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
