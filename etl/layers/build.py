"""Build the layer of one Python runtime, or find it built.

A build is a function of the lock, the runtime and the code in this package, so its directory is named
by their digest: what is found there needs no network and no check, and synthesizing twice is instant.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from etl.layers.trim import trim

_ROOT = Path(__file__).resolve().parents[2]
_LOCKS = _ROOT / "runtime" / "layers"
_CACHE = _ROOT / ".cache" / "layers"

#: Runtime -> (its lock, the newest glibc minor version that its Amazon Linux loads).
#: 3.10 to 3.12 are here for machines that have neither 3.9 nor 3.13: same versions, that Python's wheels.
_RUNTIMES = {
    "3.9": ("requirements-3.9.txt", 26),
    "3.10": ("requirements-3.9.txt", 26),
    "3.11": ("requirements-3.9.txt", 26),
    "3.12": ("requirements-3.9.txt", 34),
    "3.13": ("requirements-3.13.txt", 34),
}

#: Bytes. Lambda allows 250 MiB for a function and its layers, unzipped; 10 MiB are left for the function.
LIMIT_BYTES = 240 * 2**20


class LayerError(RuntimeError):
    """The layer could not be built; one line says why and what to do."""


class RuntimeUnknown(LayerError):
    """There is no lock for the runtime."""

    def __init__(self, runtime: str) -> None:
        self.runtime = runtime
        super().__init__(f"no layer for runtime {runtime!r}: known are {', '.join(_RUNTIMES)}")


def built_layer(runtime: str, cache: Path = _CACHE) -> Path:
    """Return a directory with ``python/…`` for a runtime such as ``3.9``; build it if it is not in the cache.

    Raises LayerError for an unknown runtime, when pip fails, and for a layer that Lambda would refuse.
    """
    if runtime not in _RUNTIMES:
        raise RuntimeUnknown(runtime)
    layer = cache / _digest(runtime)
    if layer.is_dir():
        return layer
    sys.stderr.write(f"Building the Lambda layer for Python {runtime} (once per lock, about half a minute) ...\n")
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".building-", dir=cache))
    try:
        _install(runtime, unfinished / "python")
        trim(unfinished / "python")
        _refuse_too_large(runtime, unfinished)
        _publish(unfinished, layer)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return layer


def layer_bytes(layer: Path) -> int:
    """Size as Lambda counts it: the sum of the unzipped files."""
    return sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())


def _digest(runtime: str) -> str:
    lock, glibc = _RUNTIMES[runtime]
    digest = hashlib.sha256(f"{runtime} {glibc}\n".encode())
    for source in [_LOCKS / lock, *sorted(Path(__file__).parent.glob("*.py"))]:
        digest.update(source.read_bytes())
    # No dot: CDK would take what follows it for a file extension.
    return f"python{runtime.replace('.', '')}-{digest.hexdigest()[:20]}"


def _install(runtime: str, target: Path) -> None:
    lock, glibc = _RUNTIMES[runtime]
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(glibc, 4, -1)] + ["manylinux2014_x86_64", "manylinux1_x86_64"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation", "cp", "--python-version", runtime]
    command += [argument for platform in platforms for argument in ("--platform", platform)]
    command += ["--target", str(target), "--requirement", str(_LOCKS / lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = " ".join(line for line in done.stderr.splitlines() if line.startswith("ERROR") or "No module" in line)
        raise LayerError(f"pip could not install runtime/layers/{lock} for Python {runtime}: {reason or done.stderr.strip()}")


def _refuse_too_large(runtime: str, layer: Path) -> None:
    size = layer_bytes(layer)
    if size > LIMIT_BYTES:
        raise LayerError(
            f"the layer for Python {runtime} has {size / 2**20:.0f} MiB unzipped, over {LIMIT_BYTES // 2**20}: "
            "remove a package from runtime/layers, or trim more in etl/layers/trim.py"
        )


def _publish(unfinished: Path, layer: Path) -> None:
    unfinished.chmod(0o755)
    try:
        unfinished.rename(layer)
    except OSError:
        if not layer.is_dir():  # Otherwise another process built the same content first, and it is as good.
            raise
