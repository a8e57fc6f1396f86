"""The files of the repository: in a clone, and in a source artifact, which has no ``.git``."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path


class NoTree(Exception):
    """Git cannot list the files of the directory."""


def files(root: Path) -> list[str]:
    """Every file below *root* that git tracks or would add, sorted, as relative paths; raise NoTree."""
    listed: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch:
        # With an empty index every file that is not ignored is listed as untracked, with or without a clone.
        fresh = ("git", "-c", "core.excludesFile=", f"--git-dir={scratch}", f"--work-tree={root}")
        commands = [("git", "init", "--quiet", "--bare", scratch), (*fresh, "ls-files", "-z", "--others", "--exclude-standard")]
        if (root / ".git").exists():
            commands.append(("git", "-c", f"safe.directory={root}", "ls-files", "-z"))
        for command in commands:
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 — fixed words
            if done.returncode != 0:
                raise NoTree(f"git does not list the files of {root}: {done.stderr.strip()}")
            listed.update(done.stdout.split("\0"))
    return sorted(name for name in listed if name and (root / name).is_file())
