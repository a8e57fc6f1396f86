"""A copy of what the locks are made of, to be broken."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.gates import tree

ROOT = Path(__file__).resolve().parents[4]


def copy_of_the_locks(to: Path) -> Path:
    """Every file of the repository that a lock is, or is made from; put under *to*."""
    for name in tree.files(ROOT):
        if Path(name).name.startswith("requirements") or name in ("package.json", "package-lock.json"):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    return to
