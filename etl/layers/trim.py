"""Take out of an installed set of packages what no function loads, and make the rest the same everywhere.

Tests, headers, stubs and sources go by name. pyarrow's shared libraries go by need: kept are the extension
modules that Ledgerline imports and what their ELF headers say they link, transitively. Binaries are not stripped:
numpy's bundled libraries do not survive it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

#: pyarrow's extension modules that its csv, parquet, compute, dataset and pandas sides import.
#: Not kept: flight, orc, substrait, feather, encryption, and the S3, GCS, Azure and HDFS file systems (boto3 does that).
_ARROW_MODULES = frozenset({"lib", "_compute", "_csv", "_json", "_parquet", "_fs", "_acero", "_dataset", "_dataset_parquet"})

_DIRECTORIES = frozenset({"tests", "include", "__pycache__"})
_SUFFIXES = frozenset({".a", ".pyx", ".pxi", ".pxd", ".pyi", ".h", ".hpp", ".c", ".cc", ".cpp"})

#: Directories by path; ``bin`` holds console scripts with the path of the interpreter that built them.
_PATHS = ("bin", "pyarrow/src", "numpy/f2py", "numpy/distutils")

#: What pip writes about how it installed; it would differ from machine to machine, and name files that are gone.
_INSTALL_RECORDS = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})

#: Seconds. 1980-01-01, the earliest time that a zip can hold.
_MODIFIED = 315_532_800


def trim(site: Path) -> None:
    """Trim a ``site-packages``-like directory in place, then set modes and times that depend on nothing."""
    named = [path for path in site.rglob("*") if path.is_dir() and (path.name in _DIRECTORIES or path.name.endswith("-stubs"))]
    for directory in [*named, *(site / path for path in _PATHS)]:
        shutil.rmtree(directory, ignore_errors=True)
    for path in [path for path in site.rglob("*") if path.is_file()]:
        if path.suffix in _SUFFIXES or (path.parent.name.endswith(".dist-info") and path.name in _INSTALL_RECORDS):
            path.unlink()
    _keep_needed(site / "pyarrow")
    _normalize(site)


def _keep_needed(package: Path) -> None:
    libraries = {path.name: path for path in package.glob("*.so*")}
    waiting = [name for name in libraries if name.split(".", 1)[0] in _ARROW_MODULES]
    kept: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in libraries and name not in kept:
            kept.add(name)
            waiting.extend(_linked(libraries[name]))
    for name, path in libraries.items():
        if name not in kept:
            path.unlink()


def _linked(library: Path) -> list[str]:
    """The file names that a shared library asks its loader for (DT_NEEDED)."""
    with library.open("rb") as stream:
        dynamic = ELFFile(stream).get_section_by_name(".dynamic")
        if not isinstance(dynamic, DynamicSection):
            return []
        return [str(tag.__dict__["needed"]) for tag in dynamic.iter_tags("DT_NEEDED")]


def _normalize(site: Path) -> None:
    for path in [*site.rglob("*"), site]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (_MODIFIED, _MODIFIED))
