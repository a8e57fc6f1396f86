"""The files of the repository: in a clone, and in a source artifact, which has no ``.git``."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path


class NoTree(Exception):
    """The directory's files cannot be told from what was made in it."""


def files(root: Path) -> list[str]:
    """Every file below *root* that git would take, whether it was added or not: what ``.gitignore`` names is not the repository's.

    Relative, in order. Raises NoTree.
    """
    with tempfile.TemporaryDirectory() as scratch:
        # An empty index: all that is not ignored is new to it, and the clone's own index does not matter.
        repository = ("git", f"--git-dir={scratch}", f"--work-tree={root}")
        for command in (("git", "init", "--quiet", "--bare", scratch), (*repository, "ls-files", "-z", "--others", "--exclude-standard")):
            done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 — fixed words
            if done.returncode != 0:
                raise NoTree(f"git does not list the files of {root}: {done.stderr.strip()}")
    return sorted(name for name in done.stdout.split("\0") if name and (root / name).is_file())
