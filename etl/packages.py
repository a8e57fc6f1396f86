"""Install packages with uv, which takes a tenth of pip's time, from the index that this machine has pip use.

``python -I etl/packages.py LOCK`` installs a lock into the environment of the Python that runs it; buildspec/install.sh does
so before anything else is installed, so only the standard library is imported here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

#: uv reads none of pip's settings. What names an index for uv wins over pip's.
_UV_INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")
_PIP_INDEX = re.compile(r"^(?:global|install|:env:)\.index-url='(.*)'$", re.MULTILINE)


class InstallError(RuntimeError):
    """A lock could not be installed; the message is uv's reason in one line."""


def install(lock: Path, *arguments: str, python: Path | None = None) -> None:
    """Install every package of *lock* into the environment of *python* (default: this one), as *arguments* for uv say.

    Raises InstallError when uv fails, also for a file whose hash is not in the lock.
    """
    uv = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--quiet", "--no-progress", "--require-hashes"]
    target = [] if "--target" in arguments else ["--python", str(python or sys.executable)]
    command = [*uv, *target, *arguments, "--requirement", str(lock)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise InstallError(" ".join(done.stderr.split()).removeprefix("error: ") or f"uv ended with status {done.returncode}")


def environment() -> dict[str, str]:
    """This process's environment with the machine's certificates and, unless uv has an index of its own, pip's index."""
    found = {"UV_SYSTEM_CERTS": "true", **os.environ}
    if not any(found.get(name) for name in _UV_INDEX):
        command = [sys.executable, "-m", "pip", "config", "list"]
        settings = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        indexes = _PIP_INDEX.findall(settings)
        if indexes:
            found["UV_DEFAULT_INDEX"] = indexes[0]
    return found


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]))
    except InstallError as error:
        sys.exit(f"error: {sys.argv[1]} cannot be installed: {error}")
