"""Which Python interpreters this machine has: on PATH, in pyenv, in uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

#: Every runtime that a layer can be built for.
RUNTIMES = ("3.9", "3.10", "3.11", "3.12", "3.13")


@cache
def interpreter(version: str) -> Path | None:
    """The path of a CPython such as ``3.9`` that really starts and is that version, or None."""
    return next((candidate for candidate in _candidates(version) if _version_of(candidate) == version), None)


def nearest_runtime(wanted: str) -> str | None:
    """The wanted one of RUNTIMES if this machine has it, else the nearest that it has; None if it has none."""
    minor = int(wanted.partition(".")[2])
    by_distance = sorted(RUNTIMES, key=lambda version: abs(int(version.partition(".")[2]) - minor))
    return next((version for version in by_distance if interpreter(version)), None)


def _candidates(version: str) -> Iterator[Path]:
    if "{}.{}".format(*sys.version_info) == version:
        yield Path(getattr(sys, "_base_executable", sys.executable))
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local" / "share" / "uv" / "python"))
    on_path = shutil.which(f"python{version}")
    if on_path and pyenv not in Path(on_path).parents:  # pyenv's shims answer for versions that are not active, too.
        yield Path(on_path)
    for directory in (*pyenv.glob(f"versions/{version}.*"), *uv.glob(f"cpython-{version}.*")):
        yield directory / "bin" / f"python{version}"


def _version_of(python: Path) -> str | None:
    command = [str(python), "-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
