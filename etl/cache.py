"""What the checkout keeps to be fast, below .cache and .ledgerline: the newest few of each kind, by their last use."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

#: Of one kind. Two Pythons, and the state before and after a change of each.
KEPT = 4
#: Seconds. What was used more recently may be in use by another process, however many there are.
IN_USE_SECONDS = 3600.0


def publish(unfinished: Path, finished: Path) -> None:
    """Give what was made aside its name; what another process made first under that name stays."""
    try:
        unfinished.rename(finished)
    except OSError:
        if not finished.is_dir():
            raise


def keep_newest(used: Path, kept: int = KEPT) -> None:
    """Note that *used* is used now, and delete what is in its directory beside the newest *kept*."""
    used.touch()
    prune(used.parent, kept)


def prune(directory: Path, kept: int = KEPT, *, in_use_seconds: float = IN_USE_SECONDS) -> None:
    """Delete the entries of *directory* but the *kept* that were used last, and those used within *in_use_seconds*.

    An entry whose name begins with a dot is being made, and stays as long as it is that recent.
    """
    with suppress(FileNotFoundError):
        aged = []
        for entry in directory.iterdir():
            with suppress(FileNotFoundError):  # another process was faster
                aged.append((entry.stat().st_mtime, entry))
        newest = sorted((each for each in aged if not each[1].name.startswith(".")), reverse=True)[:kept]
        for used, entry in aged:
            if (used, entry) not in newest and time.time() - used > in_use_seconds:
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink(missing_ok=True)
