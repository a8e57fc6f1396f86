"""Where contestants run: ours in the environments of the runtime's tests, the peers in one of their own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchmarkError
from local.environments import environment as environment_of
from local.interpreters import interpreter
from local.testing.runtimes import CACHE, ROOT, VERSIONS, environment

_PEERS_LOCK = ROOT / "benchmarks" / "requirements-peers.txt"
_SHOWN = ("duckdb", "polars", "pyarrow", "pandas", "numpy", "ebcdic_parser")


@dataclass(frozen=True)
class Environments:
    """Interpreters: ``runtimes`` by version, as many as this machine has; ``peers`` for everything else."""

    runtimes: dict[str, Path]
    peers: Path


def environments() -> Environments:
    """Make missing environments. Raises BenchmarkError if the machine has none of the runtimes' Pythons."""
    runtimes = {version: environment(version, python) for version in VERSIONS if (python := interpreter(version))}
    if not runtimes:
        raise BenchmarkError(f"none of Python {', '.join(VERSIONS)} is on PATH, in pyenv or in uv: install one")
    return Environments(runtimes, _peers())


def _peers() -> Path:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return environment_of(f"peers-{version}", Path(sys.executable), _PEERS_LOCK, CACHE)


def versions(python: Path) -> dict[str, str]:
    """Versions of an environment's Python and of its packages that are compared."""
    script = (
        "import json, platform, importlib.metadata as m\n"
        "installed = {d.metadata['Name']: d.version for d in m.distributions()}\n"
        f"print(json.dumps({{'Python': platform.python_version(), **{{n: installed[n] for n in {_SHOWN} if n in installed}}}}))"
    )
    done = subprocess.run([str(python), "-c", script], capture_output=True, encoding="utf-8", check=True)
    return dict(json.loads(done.stdout))


def machine() -> dict[str, str]:
    """The machine that is measured on."""
    described = {"system": f"{platform.system()} {platform.release()}", "processors": str(os.cpu_count()), "processor": platform.machine()}
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        models = {
            line.partition(":")[2].strip() for line in facts.read_text(encoding="utf-8").splitlines() if line.startswith("model name")
        }
        described["processor"] = ", ".join(sorted(models)) or described["processor"]
    if hasattr(os, "sysconf"):
        described["memory"] = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB"
    return described
