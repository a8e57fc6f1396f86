"""The environments that the runtime's tests run in: each Python that Lambda runs it on, with the layer's own versions."""

from __future__ import annotations

from pathlib import Path

from local import environments

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.9", "3.13")
CACHE = ROOT / ".cache" / "environments"


def environment(version: str, python: Path) -> Path:
    """The interpreter of an environment of *python* with the locked requirements of *version*. Raises LocalError."""
    lock = ROOT / "tests" / "runtime_env" / f"requirements-{version}.txt"
    return environments.environment(f"runtime-{version}", python, lock, CACHE)
