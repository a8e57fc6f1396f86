"""Locks: every package pinned, with hashes, without an address, and in a version that the lock's source allows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator, Sequence

from packaging.utils import canonicalize_name
from pip_requirements_parser import InstallRequirement, RequirementsFile  # type: ignore[import-untyped]

from pipeline.gates import NO_COMMAND
from pipeline.json_file import Unreadable, read_json

_LOCK = re.compile(r"requirements[\w.-]*\.txt")
_EXACT = re.compile(r"\d[\w.+-]*")
PACKAGE, PACKAGE_LOCK = "package.json", "package-lock.json"


def findings(root: Path, files: Sequence[str]) -> Iterator[str]:
    """What is wrong with the locks among these *files* of *root*, one line each."""
    for name in files:
        if _LOCK.fullmatch(Path(name).name):
            yield from _python(root, name)
        elif Path(name).name == PACKAGE:
            yield from _node(root, name)


def python_locks(files: Sequence[str]) -> list[str]:
    return [name for name in files if _LOCK.fullmatch(Path(name).name)]


def _python(root: Path, name: str) -> Iterator[str]:
    lock = RequirementsFile.from_file(str(root / name))
    for line in (*lock.options, *lock.invalid_lines):
        yield f"{name}:{line.line_number}: {line.line!r} is no requirement; locks hold nothing else"
    for requirement in lock.requirements:
        if requirement.link is not None:
            yield f"{name}: {requirement.name or requirement.line} comes from an address; it is to come from the index that the machine has"
        elif not requirement.is_pinned:
            yield f"{name}: {requirement.name} is not pinned to one version (make lock)"
        if not any(option.startswith("sha256:") for option in requirement.hash_options):
            yield f"{name}: {requirement.name} has no hash (make lock)"
    yield from _as_asked(root, name, lock.requirements)


def _as_asked(root: Path, name: str, locked: Sequence[InstallRequirement]) -> Iterator[str]:
    own = (root / name).with_suffix(".in")
    source = own if own.is_file() else own.with_name("requirements.in")
    if not source.is_file():
        yield f"{name}: there is neither {own.name} nor requirements.in beside it, which it would be the lock of"
        return
    for asked in RequirementsFile.from_file(str(source)).requirements:
        here = [each for each in locked if _same(each, asked)]
        if not here:
            yield f"{name}: lacks {asked.name}, which {source.name} asks for (make lock)"
        for version in sorted(str(each.specifier).removeprefix("==") for each in here if each.is_pinned):
            if asked.specifier is not None and not asked.specifier.contains(version, prereleases=True):
                yield f"{name}: has {asked.name} {version}, where {source.name} asks for {asked.specifier} (make lock)"


def _same(one: InstallRequirement, other: InstallRequirement) -> bool:
    return bool(one.name and other.name) and canonicalize_name(one.name) == canonicalize_name(other.name)


def _node(root: Path, name: str) -> Iterator[str]:
    lock_path = (root / name).with_name(PACKAGE_LOCK)
    where = lock_path.relative_to(root).as_posix()
    try:
        asked, packages = read_json(root / name), read_json(lock_path, "packages")
    except Unreadable as error:
        yield f"{where}: cannot be read beside {name}: {error}"
        return
    for kind in ("dependencies", "devDependencies", "optionalDependencies"):
        for package, version in asked.get(kind, {}).items():
            if not _EXACT.fullmatch(version):
                yield f"{name}: {package} is not pinned to one version"
        if asked.get(kind, {}) != packages[""].get(kind, {}):
            yield f"{where}: its {kind} are not those of {name} (npm install --package-lock-only)"
    for path, package in packages.items():
        if path and not package.get("integrity"):
            yield f"{where}: {path} has no integrity (npm install --package-lock-only)"
        if "resolved" in package:
            yield f"{where}: {path} names the address that it came from (.npmrc: omit-lockfile-registry-resolved)"


if __name__ == "__main__":
    raise SystemExit(NO_COMMAND)
