"""Virtual environments made from a lock, kept by content below .cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from etl.cache import keep_newest
from etl.packages import InstallError, install
from local.errors import LocalError

#: Two of the runtime and one of the benchmarks' peers, before and after a change of their locks.
_KEPT = 6


def environment(name: str, python: Path, lock: Path, cache: Path) -> Path:
    """The interpreter of *cache*/*name*-DIGEST, an environment of *python* with what *lock* names; made if it is not there.

    Raises LocalError when the environment cannot be made.
    """
    folder = cache / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    made = folder / "bin" / "python"
    if not (folder / "ready").exists():
        sys.stderr.write(f"Making the environment {folder.name} ...\n")
        done = subprocess.run(
            [str(python), "-m", "venv", "--without-pip", "--clear", str(folder)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise LocalError(f"{python} makes no virtual environment: {(done.stderr or done.stdout).strip()}")
        try:
            install(lock, python=made)
        except InstallError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise LocalError(f"{lock.name} cannot be installed: {error}") from error
        (folder / "ready").touch()
    keep_newest(folder, _KEPT)
    return made
