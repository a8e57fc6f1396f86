"""Start, find and stop the emulator: one process a state directory, bound to 127.0.0.1.

The process holds a lock on ``emulator.lock`` for as long as it lives, and the system drops that lock however
it dies. So whether it runs is asked of the lock, never of a process id that may be stale or another's.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.errors import LocalError
from local.machine import refuse_others

ROOT = Path(__file__).resolve().parents[1]
ACCOUNT = "123456789012"
REGION = "us-east-1"

_HOST = "127.0.0.1"
_START_SECONDS = 60.0
_TERMINATE_SECONDS = 10.0
_POLL_SECONDS = 0.1

#: What the emulator gets of this shell's environment; functions inherit it, so no credentials and no Python settings.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR")

#: Emulators that this process started, by process id: so that they are taken off the process table when they end.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Emulator:
    """A running emulator. ``scratch`` is its private TMPDIR, deleted when it is stopped."""

    pid: int
    port: int
    account: str
    scratch: str
    log: str

    @property
    def endpoint(self) -> str:
        return f"http://{_HOST}:{self.port}"

    def variables(self, region: str = REGION) -> dict[str, str]:
        """Environment variables that point any AWS client at the emulator, and at nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def environment(self, region: str = REGION) -> dict[str, str]:
        """This process's environment with every AWS setting replaced: nothing can reach a real account by it."""
        return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | self.variables(region)

    def configure(self, settings: dict[str, str]) -> None:
        """Change the emulator's own settings, such as ``stepfunctions._SFN_WAIT_SCALE``; raise LocalError for one it refuses."""
        request = urllib.request.Request(  # noqa: S310 — the URL is ours
            f"{self.endpoint}/_ministack/config", data=json.dumps(settings).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            applied = json.load(response)["applied"]
        if set(applied) != set(settings):
            raise LocalError(f"the emulator did not take {sorted(set(settings) - set(applied))}")


def start(state: Path, port: int | None = None, *, account: str = ACCOUNT, fixed: bool = True, keep: Path | None = None) -> Emulator:
    """Start the emulator of a state directory on a port, or on a free one; raise LocalError if it runs or does not come up.

    ``fixed=False`` leaves its gaps open, for the tests that ask whether the fixes are still needed. What it holds ends
    with it, unless *keep* names a directory: there it is written when the emulator is stopped, and read at the next start.
    """
    refuse_others()
    state.mkdir(parents=True, exist_ok=True)
    with (state / "emulator.lock").open("a") as lock:
        if not _locked(lock):
            raise LocalError(f"the emulator of {state} runs already; 'python -m local down' stops it")
        clean_up(state)
        scratch = tempfile.mkdtemp(prefix="ledgerline-")
        try:
            emulator = _spawn(state, port or _free_port(), scratch, lock, account=account, fixed=fixed, keep=keep)
        except BaseException:
            shutil.rmtree(scratch)
            raise
    try:
        _wait_until_healthy(emulator)
    except BaseException:
        stop(state)
        raise
    return emulator


def running(state: Path) -> Emulator | None:
    """The emulator of a state directory, if it lives."""
    if not (state / "emulator.lock").exists():
        return None
    with (state / "emulator.lock").open("a") as lock:
        if _locked(lock):
            return None
    return _recorded(state)


def stop(state: Path) -> bool:
    """End the emulator and everything it started, and delete its scratch directory; False if it did not run."""
    emulator = running(state)
    if emulator is not None:
        _signal(emulator.pid, signal.SIGTERM)
        if not _gone_within(state, _TERMINATE_SECONDS):
            _signal(emulator.pid, signal.SIGKILL)
            if not _gone_within(state, _TERMINATE_SECONDS):
                raise LocalError(f"the emulator, process {emulator.pid}, does not end; end it by hand")
        _signal(emulator.pid, signal.SIGKILL)  # What it started is in its process group, and may outlive it.
    clean_up(state)
    return emulator is not None


def clean_up(state: Path) -> None:
    """Delete what an emulator that no longer lives has left: its record and its scratch directory."""
    recorded = _recorded(state)
    if recorded is not None:
        if recorded.pid in _children:
            _children.pop(recorded.pid).wait()
        _delete(Path(recorded.scratch))
        (state / "emulator.json").unlink()


def _spawn(state: Path, port: int, scratch: str, lock: Any, *, account: str, fixed: bool, keep: Path | None) -> Emulator:
    if _answers(port):
        raise LocalError(f"port {port} of {_HOST} is in use; choose another, or none for a free one")
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ} | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": _HOST,
        "MINISTACK_HOST": "localhost",
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": REGION,
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "INFO",
        "NODE_PATH": str(ROOT / "node_modules"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "TMPDIR": scratch,
    }
    if keep is not None:
        environment |= {"PERSIST_STATE": "1", "STATE_DIR": str(keep / "state"), "S3_PERSIST": "1", "S3_DATA_DIR": str(keep / "objects")}
    log = state / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.serve" if fixed else "ministack"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=ROOT,
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
    _children[process.pid] = process
    emulator = Emulator(process.pid, port, account, scratch, str(log))
    record = state / "emulator.json.new"
    record.write_text(json.dumps(asdict(emulator)) + "\n", encoding="utf-8")
    record.replace(state / "emulator.json")
    return emulator


def _wait_until_healthy(emulator: Emulator) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if _ended(emulator.pid):
            raise LocalError(f"the emulator did not start: {_last_line(emulator.log)} (whole log: {emulator.log})")
        try:
            with urllib.request.urlopen(f"{emulator.endpoint}/_ministack/health", timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(_POLL_SECONDS)
    raise LocalError(f"the emulator did not answer on {emulator.endpoint} within {_START_SECONDS:.0f} s; its log is {emulator.log}")


def _locked(lock: Any) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _recorded(state: Path) -> Emulator | None:
    try:
        return Emulator(**json.loads((state / "emulator.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise LocalError(f"{state / 'emulator.json'} cannot be read ({error}); delete it") from error


def _gone_within(state: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while running(state) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _delete(directory: Path) -> None:
    """Delete a directory that killed processes may be writing into for a moment more."""
    deadline = time.monotonic() + _TERMINATE_SECONDS
    while directory.exists():
        shutil.rmtree(directory, ignore_errors=time.monotonic() < deadline)


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _ended(pid: int) -> bool:
    """True when an emulator that this process started has ended."""
    return pid in _children and _children[pid].poll() is not None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_HOST, port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _last_line(log: str) -> str:
    lines = Path(log).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it wrote nothing"
