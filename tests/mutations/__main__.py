"""Break each guard in a copy of the repository and see its test fail.

usage: python -m tests.mutations [--only NAME ...] [--list]

Two breaks at a time. Status 1 when a break went unnoticed, or a test fails on the unbroken code; 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Sequence

from local.interpreters import interpreter
from local.testing.runtimes import VERSIONS, environment
from pipeline.gates.tree import files
from tests.mutations.guard import ROOT, Guard, GuardMoved
from tests.mutations.guards import GUARDS

COPIES = 2
#: What a copy borrows: it is not in git, and nothing changes it.
LINKS = (".venv", "node_modules", ".cache")
#: Seconds, for one test on a busy machine.
TIMEOUT = 900
FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description="Break each guard and see its test fail.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="break these guards alone")
    parser.add_argument("--list", action="store_true", help="show the guards with their tests and break none")
    options = parser.parse_args(arguments)
    chosen = [guard for guard in GUARDS if not options.only or guard.name in options.only]
    unknown = set(options.only or ()) - {guard.name for guard in chosen}
    if unknown:
        parser.error(f"no guard is named {', '.join(sorted(unknown))}; --list shows them")
    if options.list:
        sys.stdout.writelines(f"{guard.name:44} {guard.test}\n" for guard in chosen)
        return 0
    runtime = next((environment(version, python) for version in reversed(VERSIONS) if (python := interpreter(version))), None)
    if runtime is None and any(guard.of_runtime for guard in chosen):
        sys.stderr.write(f"error: none of Python {', '.join(VERSIONS)} is on PATH, in pyenv or in uv\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="mutations-") as scratch:
        copies: queue.Queue[Path] = queue.Queue()
        for number in range(COPIES):
            copies.put(_copy(Path(scratch) / str(number)))
        return _run(chosen, copies, {True: runtime or Path(), False: ROOT / ".venv" / "bin" / "python"})


def _run(chosen: Sequence[Guard], copies: queue.Queue[Path], pythons: dict[bool, Path]) -> int:
    began = time.monotonic()
    with ThreadPoolExecutor(COPIES) as pool:

        def unbroken(of_runtime: bool) -> str | None:
            tests = sorted({guard.test for guard in chosen if guard.of_runtime is of_runtime})
            copy = copies.get()
            try:
                status, said = _pytest(pythons[of_runtime], copy, tests) if tests else (0, "")
            finally:
                copies.put(copy)
            return f"the unbroken code does not pass (pytest ended with {status}):\n{said}\n" if status else None

        problems = list(filter(None, pool.map(unbroken, (True, False))))
        if problems:
            sys.stderr.writelines(problems)
            return 1

        def broken(guard: Guard) -> str | None:
            copy = copies.get()
            try:
                escape = _unnoticed(guard, copy, pythons[guard.of_runtime])
            finally:
                copies.put(copy)
            sys.stdout.write(f"{'NOT CAUGHT' if escape else 'caught':10} {guard.name:44} {escape or guard.test.rpartition('::')[2]}\n")
            sys.stdout.flush()
            return escape

        escaped = [escape for escape in pool.map(broken, chosen) if escape]
    sys.stdout.write(f"{len(chosen) - len(escaped)} of {len(chosen)} broken guards were caught, in {time.monotonic() - began:,.0f} s\n")
    return 1 if escaped else 0


def _unnoticed(guard: Guard, copy: Path, python: Path) -> str | None:
    """Why the break does not count as caught, or None when the named test failed: no other way to end is a proof."""
    path = copy / guard.file
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(guard.broken(text), encoding="utf-8")
        status, said = _pytest(python, copy, [guard.test])
    except GuardMoved as moved:
        return str(moved)
    except subprocess.TimeoutExpired:
        return f"{guard.test} did not end within {TIMEOUT} s"
    finally:
        path.write_text(text, encoding="utf-8")
    if status == FAILED and any(line.startswith(f"FAILED {guard.test}") for line in said.splitlines()):
        return None
    last = said.strip().splitlines()[-1:] or ["no output"]
    return f"{guard.test} did not fail (pytest ended with {status}: {last[0]})"


def _pytest(python: Path, copy: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Status and output. No byte code is kept: a break of equal length within a second would not be seen."""
    command = [str(python), "-m", "pytest", "-q", "-rfE", "--tb=line", "-p", "no:cacheprovider", *tests]
    tools = f"{copy}/.venv/bin:{copy}/node_modules/.bin:{os.environ['PATH']}"
    changed = {"PATH": tools, "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_STORAGE_DIRECTORY": str(copy / ".hypothesis")}
    done = subprocess.run(command, cwd=copy, env={**os.environ, **changed}, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    return done.returncode, done.stdout + done.stderr


def _copy(target: Path) -> Path:
    for name in files(ROOT):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    for name in LINKS:
        if (ROOT / name).exists():
            (target / name).symlink_to(ROOT / name)
    return target


if __name__ == "__main__":
    sys.exit(main())
