"""Run one large case; print its outcome and this process's peak memory as JSON.

usage: python -m tests.hostile.run_large NAME
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from runtime.core.errors import FileRejected
from tests.hostile.cases import large

#: Bounds the address space, so that a case out of hand ends its own process and not the machine.
ADDRESS_SPACE_BYTES = 6_000_000_000


def main(name: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    case = next(case for case in large.CASES if case.name == name)
    try:
        outcome = case.run()
    except FileRejected as error:
        outcome = f"`{type(error).__name__}`"
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    print(json.dumps({"outcome": outcome, "peak_bytes": peak}))


if __name__ == "__main__":
    main(sys.argv[1])
