"""Run the tests that a change may touch: ``python -m tests.changed [--list] [BASE]``; BASE is main by default.

A test file is chosen when it has changed since BASE (or is not committed), when it or a conftest.py of it imports a module that has
changed, directly or through other modules, or when it names a changed file that is no module. They run on the tools' Python,
without those marked dear or long.

Not seen: what a test starts as a command (``python -m ops``), reads by a pattern (``glob``) or finds in a deployed stage.
So the end-to-end tests and those of the templates run only where they import or name what has changed: `make test` runs all.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Iterator, List, Sequence, Set

from local.errors import LocalError
from local.testing.runtimes import ROOT


def changed(root: Path, base: str) -> Set[str]:
    """The files that differ from where this branch left *base*, and those that git does not know yet. Raises LocalError."""
    found: Set[str] = set()
    for command in (("diff", "--name-only", "--no-renames", "--merge-base", base), ("ls-files", "--others", "--exclude-standard")):
        done = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LocalError(f"git {' '.join(command)}: {done.stderr.strip().splitlines()[-1]}")
        found |= set(done.stdout.splitlines())
    return found


def chosen(root: Path, differing: Set[str]) -> List[str]:
    """The test files of *root* that these changed files may touch."""
    names = {Path(name).name for name in differing if not name.endswith(".py")}
    deleted = {name for name in differing if name.endswith(".py") and not (root / name).exists()}
    found = []
    for test in sorted((root / "tests").rglob("test_*.py")):
        read = _closure(root, [test, *_conftests(root, test)])
        imports = {path.relative_to(root).as_posix() for path in read}
        text = test.read_text(encoding="utf-8")
        if imports & differing or any(name in text for name in names) or any(_module(name) in _imported(root, test) for name in deleted):
            found.append(test.relative_to(root).as_posix())
    return found


def _conftests(root: Path, test: Path) -> Iterator[Path]:
    for directory in test.parents:
        if (directory / "conftest.py").is_file():
            yield directory / "conftest.py"
        if directory == root:
            return


def _closure(root: Path, files: Sequence[Path]) -> Set[Path]:
    """These files and every module of ours that they import, directly or not."""
    seen: Set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += [path for name in _imported(root, file) for path in _files(root, name)]
    return seen


@cache
def _imported(root: Path, file: Path) -> Set[str]:
    """The modules that a file imports anywhere in it; ``from a import b`` may mean a module ``a.b``."""
    del root
    names: Set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@cache
def _files(root: Path, name: str) -> List[Path]:
    """The files that importing a module of this repository runs: its own and its packages'."""
    parts = name.split(".")
    candidates = [root.joinpath(*parts[:length], "__init__.py") for length in range(1, len(parts) + 1)]
    return [path for path in (*candidates, root.joinpath(*parts).with_suffix(".py")) if path.is_file()]


def _module(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def main(arguments: Sequence[str]) -> int:
    if "--help" in arguments or "-h" in arguments:
        print(__doc__)
        return 0
    base = next((argument for argument in arguments if not argument.startswith("-")), "main")
    try:
        differing = changed(ROOT, base)
    except LocalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    tests = chosen(ROOT, differing)
    print(f"{len(differing)} files differ from {base}; {len(tests)} test files import or name them")
    if "--list" in arguments:
        print("\n".join(tests))
        return 0
    if not tests:
        return 0
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--maxprocesses", "4", "--dist", "loadgroup", "--no-loadscope-reorder"]
    return subprocess.run([*command, "-m", "not long and not dear", *tests], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
