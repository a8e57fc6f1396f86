"""What stands in for a CodeBuild image: this machine's interpreters behind a private home and private prefixes.

A build may install what it likes, ``npm install -g`` included: nothing of it touches the machine, and the
next build begins as clean as this one. Only downloaded packages are kept: uv's are those that this machine's uv keeps anyway.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local.delivery.errors import ActionFailed
from local.delivery.files import locked
from local.interpreters import RUNTIMES, interpreter

#: How this machine reaches its networks and registries. A build has it of the machine, as it has it of AWS there.
_NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
_REGISTRIES = ("PIP_", "UV_", "NPM_CONFIG_")
#: What is the build's own, whatever the machine has.
_OURS = (
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
    "UV_CACHE_DIR",
    "UV_LINK_MODE",
    "UV_NO_CACHE",
    "UV_PROJECT_ENVIRONMENT",
    "UV_SYSTEM_PYTHON",
    "NPM_CONFIG_PREFIX",
    "NPM_CONFIG_CACHE",
)
_SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
_PYTHONS = tuple(version for version in RUNTIMES if version != "3.9")  # what the tools run on
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


class Image:
    """The directories of one build under ``scratch``, and its environment."""

    def __init__(self, scratch: Path, cache: Path) -> None:
        self._scratch = scratch
        self._cache = cache
        self.home = scratch / "home"

    def prepare(self, runtimes: Mapping[str, str]) -> list[str]:
        """Make the directories; returns what the runtime versions of the buildspec became here, one line each."""
        for directory in (self.home, self._npm / "bin", self._scratch / "tmp"):
            directory.mkdir(parents=True, exist_ok=True)
        said = [self._python(runtimes.get("python"))]
        if "nodejs" in runtimes:
            said.append(f"nodejs {runtimes['nodejs']}: {_node_version()} is what this machine has")
        said += [f"{name} {version}: whatever this machine has" for name, version in runtimes.items() if name not in ("python", "nodejs")]
        return said

    def environment(self) -> dict[str, str]:
        """Everything that a build's shell has before the project's own variables."""
        machine = {name: value for name, value in os.environ.items() if _inherited(name)}
        node = shutil.which("node")
        path = [str(self._venv / "bin"), str(self._npm / "bin"), *([str(Path(node).parent)] if node else []), *_SYSTEM_PATH]
        return (
            machine
            | _registry_files()
            | {
                "HOME": str(self.home),
                "LANG": "C.UTF-8",
                "PATH": ":".join(dict.fromkeys(path)),
                "TMPDIR": str(self._scratch / "tmp"),
                "PIP_CACHE_DIR": str(self._cache / "pip"),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "UV_CACHE_DIR": _uv_cache(),
                "UV_LINK_MODE": "copy",  # a hard link would let a build write into what all builds share
                "npm_config_prefix": str(self._npm),
                "npm_config_cache": str(self._cache / "npm"),
                "npm_config_update_notifier": "false",
                "CDK_DISABLE_CLI_TELEMETRY": "1",
                # This machine's Node.js is what there is: eleven lines about its age would hide why a synth failed.
                "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
                "CODEBUILD_CI": "true",
                "LEDGERLINE_NO_ADVISORIES": "a rehearsal has no service to ask; on AWS the build asks OSV and npm",
            }
        )

    @property
    def _npm(self) -> Path:
        return self._scratch / "npm"

    @property
    def _venv(self) -> Path:
        return self._scratch / "python"

    def _python(self, wanted: str | None) -> str:
        python, version = nearest_python(wanted) if wanted else (sys.executable, _VERSION)
        shutil.copytree(_environment_of(python, self._cache / "python"), self._venv, symlinks=True, copy_function=_link)
        for name in ("pip", "pip3"):
            # The one that was made with the environment names the place where it was made.
            script = self._venv / "bin" / name
            script.write_text(f'#!/bin/sh\nexec "{self._venv}/bin/python" -m pip "$@"\n', encoding="utf-8")
            script.chmod(0o755)
        return f"python {wanted or version}" + ("" if wanted in (None, version) else f": {version} is what this machine has")


def _environment_of(python: str, cache: Path) -> Path:
    """A virtual environment of the interpreter with pip in it; made once, since that takes seconds, and linked into each build.

    Its files are read-only: a build may replace them in its own directory, and not write into what others share.
    """
    made = cache / hashlib.sha256(python.encode()).hexdigest()[:16]
    with locked(cache / "making.lock"):
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=cache) as directory:
                unfinished = Path(directory) / "python"
                done = subprocess.run([python, "-m", "venv", str(unfinished)], capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    raise ActionFailed(f"{python} makes no virtual environment: {(done.stderr or done.stdout).strip()}")
                for script in (*unfinished.glob("bin/pip*"), *unfinished.glob("bin/[Aa]ctivate*")):
                    script.unlink()
                for file in unfinished.rglob("*"):
                    if file.is_file() and not file.is_symlink():
                        file.chmod(file.stat().st_mode & ~0o222)
                unfinished.rename(made)
    return made


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:  # Another file system, or one without links.
        shutil.copy2(source, target, follow_symlinks=False)


def nearest_python(wanted: str) -> tuple[str, str]:
    """An interpreter of this machine and its version: the wanted one, or the nearest."""
    minor = int(wanted.partition(".")[2] or "12") if wanted.startswith("3.") else 12
    for version in sorted(_PYTHONS, key=lambda candidate: abs(int(candidate.partition(".")[2]) - minor)):
        python = interpreter(version)
        if python is not None:
            return str(python), version
    return sys.executable, _VERSION


def _inherited(name: str) -> bool:
    upper = name.upper()
    return (upper in _NETWORK or upper.startswith(_REGISTRIES)) and upper not in _OURS


def _registry_files() -> dict[str, str]:
    """The user's own settings of pip, uv and npm: a private home would hide them, and with them how to reach a registry."""
    home = Path.home()
    files = {
        "PIP_CONFIG_FILE": home / ".config" / "pip" / "pip.conf",
        "UV_CONFIG_FILE": home / ".config" / "uv" / "uv.toml",
        "NPM_CONFIG_USERCONFIG": home / ".npmrc",
    }
    return {name: str(path) for name, path in files.items() if path.is_file() and name not in os.environ}


def _uv_cache() -> str:
    uv = Path(sys.executable).parent / "uv"
    return subprocess.run([str(uv), "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()


def _node_version() -> str:
    node = shutil.which("node")
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip() if node else "no Node.js"
