"""One contestant in a process of its own.

    python -m benchmarks.worker ours.chunk '{"path": "in.csv", "out": "folder"}'     once, then exit
    python -m benchmarks.worker ours.chunk                                           a job a line, answers a line

With jobs on standard input the process stays warm; each job is timed inside it, without start and imports.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, TextIO

#: Processors of each contestant, as many as the ETL's functions have.
PROCESSORS = 2


def contestant(task: str) -> Callable[[Dict[str, Any]], Dict[str, Any]]:
    """The function called *task*: ``module.function`` of benchmarks.contestants."""
    module, _, name = task.partition(".")
    function: Callable[[Dict[str, Any]], Dict[str, Any]] = getattr(importlib.import_module(f"benchmarks.contestants.{module}"), name)
    return function


def main(arguments: List[str], answers: TextIO) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:PROCESSORS])
    function = contestant(arguments[0])
    if len(arguments) > 1:
        answer = function(json.loads(arguments[1]))
        print(json.dumps({"peak_bytes": _peak_bytes(), "answer": answer}), file=answers)
        return
    for line in sys.stdin:
        job = json.loads(line)
        cpu, began = _cpu_seconds(), time.perf_counter()
        answer = function(job)
        seconds = time.perf_counter() - began
        measured = {"seconds": seconds, "cpu_seconds": _cpu_seconds() - cpu, "peak_bytes": _peak_bytes(), "answer": answer}
        print(json.dumps(measured), file=answers, flush=True)


def _cpu_seconds() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def _peak_bytes() -> int:
    """Peak resident memory of this program. getrusage may include the memory of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    # Standard output carries only answers; what a library prints goes to standard error.
    with os.fdopen(os.dup(1), "w") as stdout, contextlib.redirect_stdout(sys.stderr):
        os.dup2(2, 1)
        main(sys.argv[1:], stdout)
