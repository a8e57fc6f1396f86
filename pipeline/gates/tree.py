"""The files of the repository: in a clone, and in a source artifact, which has no ``.git``."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path


class NoTree(Exception):
    """The directory's files cannot be told from what was made in it."""


def files(root: Path) -> list[str]:
    """Every file below *root* that git would take or has taken: what ``.gitignore`` names is the repository's only if it was added.

    Relative, in order. Raises NoTree.
    """
    found: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch:
        # An empty index: all that is not ignored is new to it, and the clone's own index does not matter.
        fresh = ("git", "-c", "core.excludesFile=", f"--git-dir={scratch}", f"--work-tree={root}")
        commands = [("git", "init", "--quiet", "--bare", scratch), (*fresh, "ls-files", "-z", "--others", "--exclude-standard")]
        if (root / ".git").exists():
            commands.append(("git", "-c", f"safe.directory={root}", "ls-files", "-z"))
        for command in commands:
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 — fixed words
            if done.returncode != 0:
                raise NoTree(f"git does not list the files of {root}: {done.stderr.strip()}")
            found.update(done.stdout.split("\0"))
    return sorted(name for name in found if name and (root / name).is_file())
