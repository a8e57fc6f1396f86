"""What machine a stage can run on."""

from __future__ import annotations

import platform

from local.errors import LocalError

NEEDED = "Linux x86_64"


def refuse_others() -> None:
    """Raise LocalError on a machine that cannot run what the layer holds: Lambda's own binaries."""
    machine = f"{platform.system()} {platform.machine()}"
    if machine != NEEDED:
        raise LocalError(
            f"a stage runs on Linux on x86-64 only, and this is {machine}: use such a machine, or a virtual one (docs/local.md)"
        )
