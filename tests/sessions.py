"""Run the tests: one pytest session for the tools and one for each Python of the runtime, all at once.

usage: python -m tests.sessions [--runtime-only] [--every-python] [PYTEST ARGUMENT ...]

By default the runtime's tests run on the Python that cdk.json deploys, which is the oldest: what it lacks is found at once,
and a second Python costs minutes. --every-python runs both; one that this machine lacks is an error where CI=true.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Dict, List, Optional, Sequence, Tuple

from rich.console import Console

from local import side_by_side
from local.errors import LocalError
from local.interpreters import interpreter
from local.side_by_side import Ended
from local.testing.runtimes import ROOT, VERSIONS, environment

RUNTIME = ("tests/unit/runtime", "tests/properties", "tests/faults", "tests/hostile")

#: A process for each core, four at most: each may hold an emulator and a synthesis. tests/conftest.py says which tests stay
#: together and which come first.
_PARALLEL = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadgroup", "--no-loadscope-reorder")
#: pytest's last line, such as "3 failed, 90 passed, 12 deselected in 8.13s (0:01:13)".
_CLOSING = re.compile(r"^((?:\d+ \w+, )*\d+ \w+ in [\d.]+s.*|no tests ran in [\d.]+s)$", re.MULTILINE)
_DESELECTED = re.compile(r"(\d+) deselected")
#: 5: no test was selected, as with -k in a session that has none of that name.
_GOOD = (0, 5)
_SKIPPED = re.compile(r"^SKIPPED \[(\d+)\] (.+?:\d+): (.*)$", re.MULTILINE)


def sessions(arguments: Sequence[str], *, tools: bool, every: bool) -> Tuple[Dict[str, List[str]], List[str]]:
    """The command of each session by its title, and the Pythons that were asked for and are not on this machine."""
    commands: Dict[str, List[str]] = {}
    missing = []
    if tools:
        others = [f"--ignore={folder}" for folder in RUNTIME]
        commands["tools"] = [sys.executable, "-m", "pytest", "-q", *_PARALLEL, *others, *arguments]
    for version in VERSIONS if every else (deployed(),):
        python = interpreter(version)
        if python is None:
            missing.append(version)
            continue
        commands[f"runtime on {version}"] = [str(environment(version, python)), "-m", "pytest", "-q", *_PARALLEL, *RUNTIME, *arguments]
    return commands, missing


def deployed() -> str:
    version: str = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]["ledgerline"]["runtime"]
    return version


def closing_line(output: str) -> Optional[str]:
    """What pytest counted at its end, or None if it did not come to that."""
    found = _CLOSING.findall(output)
    return str(found[-1]) if found else None


def summary(ended: Sequence[Ended], not_run: Sequence[str]) -> List[str]:
    """What pytest counted in each session, the tests that were skipped and why, and what was left out."""
    lines = []
    left_out = 0
    for session in ended:
        closing = closing_line(session.output)
        lines += [f"  {session.title}: {line}" for line in _skipped(session.output)]
        if session.status in _GOOD:
            lines += [f"=== {session.title} ===", str(closing)]  # as pytest wrote it, for what counts tests
        else:
            lines.append(f"=== {session.title}: FAILED, see above ===")
        left_out += sum(int(count) for count in _DESELECTED.findall(closing or ""))
    reasons = [f"{left_out} tests marked dear or long"] if left_out else []
    reasons += [f"the runtime on Python {version}" for version in not_run]
    if reasons:
        lines.append(f"left out: {' and '.join(reasons)}: make test-all, make test-long")
    return lines


def _skipped(output: str) -> List[str]:
    """One line for each place that skips, with one of its reasons: they may differ in the file that is missing."""
    counts: Dict[str, int] = {}
    reasons = {}
    for count, place, reason in _SKIPPED.findall(output):
        counts[place] = counts.get(place, 0) + int(count)
        reasons[place] = reason
    return [f"{count} skipped, {place}: {reasons[place]}" for place, count in sorted(counts.items())]


def main(arguments: Sequence[str]) -> int:
    if "--help" in arguments or "-h" in arguments:
        print(__doc__)
        return 0
    every = "--every-python" in arguments
    others = [argument for argument in arguments if argument not in {"--every-python", "--runtime-only"}]
    try:
        commands, missing = sessions(others, tools="--runtime-only" not in arguments, every=every)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for version in missing:
        print(f"*** Python {version} is not on PATH, in pyenv or in uv: the runtime's tests did NOT run on it ***", file=sys.stderr)
    ended = side_by_side.run(commands, Console(highlight=False), _GOOD) if commands else []
    not_run = [version for version in VERSIONS if f"runtime on {version}" not in commands]
    print("\n".join(summary(ended, not_run)))
    failed = any(session.status not in _GOOD for session in ended) or all(session.status == 5 for session in ended)
    return int(failed or bool(missing and os.environ.get("CI") == "true"))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
