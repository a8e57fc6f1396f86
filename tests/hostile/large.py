"""Run one large case and say what became of it, and the most memory that this process took.

usage: python -m tests.hostile.large NAME
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from runtime.core.errors import FileRejected
from tests.hostile.cases import large

#: Bytes of addresses: where a case gets out of hand, its own process ends and not the machine.
ADDRESSES = 6_000_000_000


def main(name: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    case = next(case for case in large.CASES if case.name == name)
    try:
        found = case.run()
    except FileRejected as error:
        found = f"`{type(error).__name__}`"
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    print(json.dumps({"found": found, "peak_bytes": peak}))


if __name__ == "__main__":
    main(sys.argv[1])
