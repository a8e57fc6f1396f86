"""Build the layer of one Python runtime, or find it built.

A build is a function of the lock, the runtime and the code in this package, so its directory is named
by their digest: what is found there needs no network and no check, and synthesizing twice is instant.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from etl import cache as kept
from etl.layers.trim import trim
from etl.packages import InstallError, install

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

#: The newest glibc that uv can be asked for and that is no newer than the runtime's.
_PLATFORMS = {26: "x86_64-manylinux_2_17", 34: "x86_64-manylinux_2_34"}
#: Packages without a wheel for that platform, and the platform that uv finds them for. _refuse_too_new looks at what it found.
_BETWEEN = {26: {"pandas": "x86_64-manylinux_2_28"}}  # a wheel for glibc 2.24

_REQUIREMENT = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)
_WHEEL_GLIBC = re.compile(r"^Tag: .*manylinux_2_(\d+)_x86_64$", re.MULTILINE)

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
    """Return a directory with ``python/…``, and that as an archive, for a runtime such as ``3.9``; build it if it is not in the cache.

    Raises LayerError for an unknown runtime, when uv fails, and for a layer that Lambda would refuse.
    """
    if runtime not in _RUNTIMES:
        raise RuntimeUnknown(runtime)
    layer = cache / _digest(runtime)
    if layer.is_dir():
        kept.keep_newest(layer)
        return layer
    sys.stderr.write(f"Building the Lambda layer for Python {runtime} (once per lock, about ten seconds) ...\n")
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".building-", dir=cache))
    try:
        _install(runtime, unfinished / "python")
        _refuse_too_new(runtime, unfinished / "python")
        trim(unfinished / "python")
        _refuse_too_large(runtime, unfinished)
        _pack(unfinished)
        unfinished.chmod(0o755)
        kept.publish(unfinished, layer)
        kept.keep_newest(layer)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return layer


def layer_bytes(layer: Path) -> int:
    """Size as Lambda counts it: the sum of the unzipped files."""
    return sum(path.stat().st_size for path in (layer / "python").rglob("*") if path.is_file())


def archive(layer: Path) -> Path:
    """The archive of a built layer: what is deployed. The CDK would pack the directory anew in each deployment and each region."""
    return layer / "layer.zip"


def _digest(runtime: str) -> str:
    lock, glibc = _RUNTIMES[runtime]
    digest = hashlib.sha256(f"{runtime} {glibc}\n".encode())
    for source in [_LOCKS / lock, *sorted(Path(__file__).parent.glob("*.py"))]:
        digest.update(source.read_bytes())
    # No dot: CDK would take what follows it for a file extension.
    return f"python{runtime.replace('.', '')}-{digest.hexdigest()[:20]}"


def _install(runtime: str, target: Path) -> None:
    lock, glibc = _RUNTIMES[runtime]
    for number, (platform, requirements) in enumerate(_by_platform(lock, glibc).items()):
        part = target.parent / f"{number}.txt"
        part.write_text("".join(requirements), encoding="utf-8")
        arguments = ["--no-deps", "--only-binary=:all:", "--python-version", runtime, "--python-platform", platform]
        try:
            # Copies: what follows changes modes and times, which hard links would share with uv's cache.
            install(part, *arguments, "--link-mode=copy", "--target", str(target))
        except InstallError as error:
            raise LayerError(f"uv could not install runtime/layers/{lock} for Python {runtime}: {error}") from error
        part.unlink()
    (target / ".lock").unlink(missing_ok=True)  # uv's own


def _by_platform(lock: str, glibc: int) -> dict[str, list[str]]:
    """The requirements of a lock by the platform whose wheels are to be installed."""
    between = _BETWEEN.get(glibc, {})
    found: dict[str, list[str]] = {}
    for requirement in _REQUIREMENT.split((_LOCKS / lock).read_text(encoding="utf-8")):
        name = requirement.partition("==")[0]
        found.setdefault(between.get(name, _PLATFORMS[glibc]), []).append(requirement)
    return found


def _refuse_too_new(runtime: str, site: Path) -> None:
    _, glibc = _RUNTIMES[runtime]
    for wheel in sorted(site.glob("*.dist-info/WHEEL")):
        tags = wheel.read_text(encoding="utf-8")
        needed = [int(minor) for minor in _WHEEL_GLIBC.findall(tags)]
        if needed and min(needed) > glibc:
            package = wheel.parent.name.removesuffix(".dist-info")
            raise LayerError(
                f"the wheel of {package} for Python {runtime} needs glibc 2.{min(needed)}, and the runtime's Amazon Linux has 2.{glibc}: "
                "lock an older version in runtime/layers"
            )


def _refuse_too_large(runtime: str, layer: Path) -> None:
    size = layer_bytes(layer)
    if size > LIMIT_BYTES:
        raise LayerError(
            f"the layer for Python {runtime} has {size / 2**20:.0f} MiB unzipped, over {LIMIT_BYTES // 2**20}: "
            "remove a package from runtime/layers, or trim more in etl/layers/trim.py"
        )


def _pack(layer: Path) -> None:
    """Write the archive: the same bytes for the same files, since trim() has set modes and times."""
    with zipfile.ZipFile(archive(layer), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for path in sorted((layer / "python").rglob("*")):
            packed.write(path, path.relative_to(layer))
